/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IOREQ slots. The page belongs to the Service VM, so what stands in it is
 * never believed: the vCPU's own state says whether a request is open, and
 * from the answer only `value` is taken, once.
 */
#include "io/ioreq.h"

#include "cpu/trace.h"
#include "io/ioreq_priv.h"
#include "io/region.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

int ioreq_attach(struct vm *vm, gpa_t page)
{
	struct acrn_io_request_buffer *buf;
	struct ioreq_page *p;

	if (!IS_ALIGNED(page.v, PAGE_SIZE) || !service_vm)
		return ERR(-EINVAL);
	buf = gpa_ptr(service_vm, page, PAGE_SIZE);
	if (!buf)
		return ERR(-EINVAL);
	p = vm->ioreq ? vm->ioreq : frame_get(1);
	if (!p)
		return ERR(-ENOMEM);
	p->buf = buf;
	vm->ioreq = p;
	ioreq_reset(vm);
	return 0;
}

void ioreq_reset(struct vm *vm)
{
	unsigned int i;

	for (i = 0; vm->ioreq && i < IOREQ_SLOTS; i++)
		WRITE_ONCE(vm->ioreq->buf->req_slot[i].processed, IOREQ_FREE);
}

void ioreq_detach(struct vm *vm)
{
	frame_put(vm->ioreq, 1);
	vm->ioreq = NULL;
}

static void upcall(void)
{
	struct vm *s = READ_ONCE(service_vm);

	if (s && s->hooks.upcall)
		s->hooks.upcall(s);
}

void ioreq_tell(const struct ioreq_page *p)
{
	if (!READ_ONCE(p->buf->req_slot[0].polled))
		upcall();
}

int ioreq_post(struct vcpu *vcpu)
{
	const struct io_access *acc = &vcpu->io;
	struct acrn_io_request *slot = &vcpu->vm->ioreq->buf->req_slot[vcpu->vcpu_id];
	struct acrn_mmio_request *r = &slot->reqs.mmio_request;

	if (READ_ONCE(slot->processed) != IOREQ_FREE) {
		log_err("vm %s: IOREQ slot %u is in state %u, not FREE (%u): the device model or Service VM changed it\n",
			vcpu->vm->name, vcpu->vcpu_id, slot->processed, IOREQ_FREE);
		return ERR(-EIO);
	}
	slot->type = acc->space == IO_PORT ? IOREQ_TYPE_PORTIO : acc->protected ? IOREQ_TYPE_WP : IOREQ_TYPE_MMIO;
	slot->completion_polling = 0;
	slot->kernel_handled = 0;
	/* A port request has the same fields at the same offsets, with a 32-bit value. */
	r->direction = acc->write ? IOREQ_WRITE : IOREQ_READ;
	r->reserved = 0;
	r->address = acc->addr;
	r->size = acc->size;
	r->value = acc->write ? acc->value : 0;
	trace(TRACE_Q_IOREQ, acc->addr,
	      TRACE_Q_IOREQ_F(vcpu->vm->vm_id, vcpu->vcpu_id, acc->size, acc->space == IO_PORT, acc->write));
	/* Release: who sees PENDING sees the request. */
	__atomic_store_n(&slot->processed, IOREQ_PENDING, __ATOMIC_RELEASE);
	/* PENDING must be visible before we look whether somebody polls: one of both sides sees the other. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ioreq_tell(vcpu->vm->ioreq);
	return IO_WAIT;
}

int ioreq_take(struct vcpu *vcpu)
{
	struct io_access *acc = &vcpu->io;
	struct acrn_io_request *slot = &vcpu->vm->ioreq->buf->req_slot[vcpu->vcpu_id];
	uint64_t value;

	/* Acquire: the value was stored before COMPLETE. */
	if (__atomic_load_n(&slot->processed, __ATOMIC_ACQUIRE) != IOREQ_COMPLETE)
		return IO_WAIT;
	value = READ_ONCE(slot->reqs.mmio_request.value);
	if (!acc->write)
		acc->value = acc->size == 8 ? value : value & ((1ul << 8 * acc->size) - 1);
	WRITE_ONCE(slot->processed, IOREQ_FREE);
	return IO_DONE;
}

int ioreq_complete(struct vm *vm, uint64_t vcpu_id)
{
	if (vcpu_id >= vm->nr_vcpus || !vm->ioreq)
		return ERR(-EINVAL);
	vcpu_request(vm->vcpus[vcpu_id], REQ_IO_DONE);
	return 0;
}

void ioreq_state_changed(struct vm *vm)
{
	if (!vm->ioreq)
		return;
	__atomic_fetch_add(&vm->ioreq->buf->req_slot[0].state_seq, 1, __ATOMIC_SEQ_CST);
	upcall();
}
