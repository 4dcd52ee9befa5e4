/* SPDX-License-Identifier: BSD-3-Clause */
/* Submission and completion of one access; ports here, memory forms in io/decode.c. */
#include "io/io.h"

#include "io/asyncio.h"
#include "io/decode.h"
#include "io/ioreq.h"
#include "io/pio.h"
#include "io/region.h"
#include "lib/errno.h"
#include "log/log.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

static int answer(struct vcpu *vcpu)
{
	struct io_access *acc = &vcpu->io;
	int r;

	/* The read half of a read-modify-write on a protected page: it is RAM. */
	if (acc->protected && !acc->write) {
		acc->value = 0;
		return gpa_read(vcpu->vm, gpa(acc->addr), &acc->value, acc->size);
	}
	r = io_region_dispatch(vcpu);
	if (r != IO_MISS)
		return r;
	if (vcpu->vm->ioreq)
		return ioreq_post(vcpu);
	/* Nobody there: a bus without a device reads as ones and drops writes. */
	if (!acc->write)
		acc->value = acc->size == 8 ? ~0ul : (1ul << 8 * acc->size) - 1;
	return IO_DONE;
}

/* DECODE_AGAIN: a read-modify-write has its second access ready. */
static int finish_insn(struct vcpu *vcpu)
{
	return vcpu->io.space == IO_PORT ? pio_finish(vcpu) : io_decode_finish(vcpu);
}

static int drive(struct vcpu *vcpu, int r)
{
	while (r == IO_DONE) {
		r = finish_insn(vcpu);
		if (r != DECODE_AGAIN)
			return r < 0 ? r : 0;
		r = answer(vcpu);
	}
	if (r == IO_WAIT) {
		vcpu->state = VCPU_IO_WAIT;
		return 0;
	}
	return r;
}

/* A whole instruction that only writes: no second half waits for an answer. */
static bool is_plain_write(const struct io_access *acc)
{
	return acc->write && acc->op == IO_FIN_NONE && !acc->protected;
}

int io_submit(struct vcpu *vcpu)
{
	if (vcpu->vm->ioreq && is_plain_write(&vcpu->io) && asyncio_take(vcpu)) {
		if (likely(vcpu->io.space == IO_MMIO))
			vcpu_step(vcpu, vcpu->io.next_rip);
		else
			vcpu_skip(vcpu);
		return 0;
	}
	return drive(vcpu, answer(vcpu));
}

int io_finish(struct vcpu *vcpu)
{
	int r;

	if (vcpu->state != VCPU_IO_WAIT)
		return 0;
	r = ioreq_take(vcpu);
	if (r == IO_WAIT)
		return 0;
	vcpu->state = VCPU_RUNNING;
	return drive(vcpu, r);
}
