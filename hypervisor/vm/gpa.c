/* SPDX-License-Identifier: BSD-3-Clause */
/* Guest-physical memory through the VM's EPT. */
#include "vm/gpa.h"

#include "cpu/features.h"
#include "cpu/percpu.h"
#include "irq/ipi.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "log/log.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "vm/memuse.h"
#include "vm/vm.h"
#include "vmx/caps.h"
#include "x86/insn.h"

#define KICK_AGAIN	10000u	/* polls */
#define EPTP_WB		6ul
#define EPTP_WALK4	(3ul << 3)
#define EPTP_AD		(1ul << 6)

int gpa_create(struct vm *vm)
{
	int err = pgtable_init(&vm->ept, &pgtable_ept);

	if (err)
		return err;
	vm->eptp = hva_to_hpa(vm->ept.root).v | EPTP_WB | EPTP_WALK4;
	if (feature_has(FEAT_EPT_AD))
		vm->eptp |= EPTP_AD;
	return 0;
}

void gpa_destroy(struct vm *vm)
{
	pgtable_fini(&vm->ept);
}

/* Every vCPU that is in the guest now must have left it before old translations may be relied on to be gone; the hypervisor's own uses, too. */
void gpa_flush(struct vm *vm)
{
	uint16_t i;

	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_request(vm->vcpus[i], REQ_EPT_FLUSH);
	for (i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *vcpu = vm->vcpus[i];

		unsigned int spins = 0;

		while (READ_ONCE(vcpu->where) == VCPU_IN_GUEST && (READ_ONCE(vcpu->requests) & 1ul << REQ_EPT_FLUSH)) {
			/* An NMI kick can arrive after the last look at the requests and before the entry: repeat it. */
			if (!(++spins % KICK_AGAIN) && vcpu->pcpu_id != this_pcpu_id())
				ipi_kick(vcpu->pcpu_id);
			cpu_pause();
		}
	}
	memuse_wait();
}

int gpa_map(struct vm *vm, gpa_t gpa, hpa_t hpa, uint64_t size, uint32_t attr)
{
	bool fresh = pgtable_lookup(&vm->ept, gpa.v, NULL, NULL, NULL) == -ENOENT;
	int err = pgtable_map(&vm->ept, gpa.v, hpa, size, attr);

	if (!err && pg_is_ram(attr))
		err = mtrr_mapped(vm, gpa.v, size);
	/* An EPT entry that was not present is never cached (28.3.3.3): nothing to flush, if it has its type from the start. */
	if (!fresh || size > PAGE_SIZE || READ_ONCE(vm->memtypes.everywhere) != PG_WB)
		gpa_flush(vm);
	return err;
}

int gpa_unmap(struct vm *vm, gpa_t gpa, uint64_t size)
{
	int err = pgtable_unmap(&vm->ept, gpa.v, size);

	gpa_flush(vm);
	return err;
}

int gpa_protect(struct vm *vm, gpa_t gpa, uint64_t size, uint32_t clear, uint32_t set)
{
	int err = pgtable_protect(&vm->ept, gpa.v, size, clear, set);

	gpa_flush(vm);
	return err;
}

int gpa_to_hpa(const struct vm *vm, gpa_t gpa, hpa_t *out)
{
	return pgtable_lookup(&vm->ept, gpa.v, out, NULL, NULL);
}

/* As gpa_ptr(), where the guest has the `rights`. */
static void *ptr(const struct vm *vm, gpa_t gpa, uint64_t size, uint32_t rights)
{
	uint64_t done = 0, page;
	hpa_t first = { 0 }, here;
	uint32_t attr;

	while (done < size || !done) {
		if (gpa.v + done < gpa.v || pgtable_lookup(&vm->ept, gpa.v + done, &here, &attr, &page))
			return NULL;
		if (!pg_is_ram(attr) || (attr & rights) != rights)
			return NULL;
		if (!done)
			first = here;
		else if (here.v != first.v + done)
			return NULL;
		done += page - ((gpa.v + done) & (page - 1));
	}
	return hpa_to_hva(first);
}

void *gpa_ptr(const struct vm *vm, gpa_t gpa, uint64_t size)
{
	return ptr(vm, gpa, size, PG_R | PG_W);
}

/* Copies page by page; `to_guest` picks the direction. */
static int copy(const struct vm *vm, gpa_t at, void *buf, uint64_t size, bool to_guest)
{
	uint8_t *p = buf;

	while (size) {
		uint64_t n = MIN(size, PAGE_SIZE - (at.v & (PAGE_SIZE - 1)));
		void *g;

		memuse_begin();
		g = ptr(vm, at, n, to_guest ? PG_R | PG_W : PG_R);
		if (g && to_guest)
			memcpy(g, p, n);
		else if (g)
			memcpy(p, g, n);
		memuse_end();
		if (!g)
			return -EFAULT;
		at.v += n;
		p += n;
		size -= n;
	}
	return 0;
}

int gpa_read(const struct vm *vm, gpa_t gpa, void *buf, uint64_t size)
{
	return copy(vm, gpa, buf, size, false);
}

int gpa_write(const struct vm *vm, gpa_t gpa, const void *buf, uint64_t size)
{
	return copy(vm, gpa, (void *)buf, size, true);
}
