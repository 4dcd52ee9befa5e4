/* SPDX-License-Identifier: BSD-3-Clause */
/* I/O requests, interrupts and what is left. */
#include "assign/intx.h"
#include "assign/msi.h"
#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "hypercall/hc.h"
#include "io/asyncio.h"
#include "io/ioreq.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/severity.h"
#include "public/ioreq.h"
#include "public/irq.h"
#include "public/trace.h"
#include "public/vm.h"
#include "vm/gpa.h"
#include "vm/virq.h"
#include "vm/vm.h"

int64_t hc_ioreq_buffer(struct hc_call *c)
{
	uint64_t page;
	int err = hc_get(c->p2, &page, sizeof(page));

	if (err)
		return err;
	if (c->target->state != VM_CREATED)
		return -EINVAL;
	return ioreq_attach(c->target, gpa(page));
}

int64_t hc_ioreq_done(struct hc_call *c)
{
	return ioreq_complete(c->target, c->p2);
}

static int64_t asyncio(struct hc_call *c, int (*fn)(struct vm *vm, const struct acrn_asyncio_info *info))
{
	struct acrn_asyncio_info info;
	int err = hc_get(c->p2, &info, sizeof(info));

	return err ? err : fn(c->target, &info);
}

int64_t hc_asyncio_assign(struct hc_call *c)
{
	return asyncio(c, asyncio_assign);
}

int64_t hc_asyncio_deassign(struct hc_call *c)
{
	return asyncio(c, asyncio_deassign);
}

int64_t hc_asyncio_ring(struct hc_call *c, uint64_t at)
{
	struct vm *vm = hc_vm_of(c->p1);
	struct shared_buf head, *ring;
	uint32_t size;
	int err;

	if (!vm || !IS_ALIGNED(at, PAGE_SIZE))
		return ERR(-EINVAL);
	if (!at)
		return asyncio_ring(vm, NULL, 0);
	/* The header is read this once: its geometry must not change behind our back. */
	err = hc_get(at, &head, sizeof(head));
	if (err)
		return err;
	size = asyncio_ring_size(&head);
	ring = size ? gpa_ptr(service_vm, gpa(at), sizeof(head) + size) : NULL;
	return ring ? asyncio_ring(vm, ring, size) : ERR(-EINVAL);
}

static bool may_interrupt(const struct vm *vm)
{
	return severity_of(vm)->interruptible;
}

int64_t hc_irq_msi(struct hc_call *c)
{
	struct acrn_msi_entry m;
	int err = hc_get(c->p2, &m, sizeof(m));

	if (err)
		return err;
	if (!may_interrupt(c->target))
		return -EPERM;
	return virq_msi(c->target, m.msi_addr, m.msi_data);
}

int64_t hc_irq_line(struct hc_call *c)
{
	static const bool first[] = { true, false, true, false };
	uint32_t gsi = IRQLINE_GSI(c->p2), op = IRQLINE_OP(c->p2);
	int err;

	if (!may_interrupt(c->target))
		return -EPERM;
	if (op > IRQLINE_FALLING_PULSE)
		return -EINVAL;
	err = virq_line(c->target, gsi, first[op]);
	if (!err && op >= IRQLINE_RAISING_PULSE)
		err = virq_line(c->target, gsi, !first[op]);
	return err;
}

static int64_t intr_counts(const struct vm *vm, uint64_t at, struct acrn_intr_monitor *m)
{
	uint32_t n;

	if (m->buf_cnt > INTR_MONITOR_WORDS)
		return -EINVAL;
	n = intx_counts(vm, m->buffer, m->buf_cnt);
	m->buf_cnt = n + msi_counts(vm, m->buffer + n, m->buf_cnt - n);
	return hc_put(at, m, sizeof(*m));
}

static int64_t intr_delay(struct vm *vm, uint64_t ms)
{
	if (!may_interrupt(vm))
		return -EPERM;
	if (ms > INTR_MONITOR_MAX_DELAY)
		return -EINVAL;
	WRITE_ONCE(vm->intr_delay, tsc_from_us(ms * 1000));
	return 0;
}

/* The Service VM may name itself (0) too: the machine's devices are its own. */
int64_t hc_irq_monitor(struct hc_call *c)
{
	struct vm *vm = c->p1 ? hc_vm_of(c->p1) : service_vm;
	struct acrn_intr_monitor m;
	int err;

	if (!vm)
		return -EINVAL;
	err = hc_get(c->p2, &m, sizeof(m));
	if (err)
		return err;
	switch (m.cmd) {
	case INTR_MONITOR_GET_DATA:
		return intr_counts(vm, c->p2, &m);
	case INTR_MONITOR_DELAY:
		return intr_delay(vm, m.buffer[0]);
	default:
		return -EINVAL;
	}
}

/* The hypervisor keeps P- and C-states to itself: none are offered. */
int64_t hc_pm_state(struct hc_call *c)
{
	const uint8_t none = 0;
	uint32_t type = PMCMD_TYPE(c->p1);

	if (!hc_vm_of(PMCMD_VM(c->p1)) || (type != PMCMD_GET_PX_CNT && type != PMCMD_GET_CX_CNT))
		return -EINVAL;
	return hc_put(c->p2, &none, sizeof(none));
}

int64_t hc_hw_info(struct hc_call *c)
{
	const uint16_t n = (uint16_t)nr_pcpus;

	return hc_put(c->p1, &n, sizeof(n));
}
