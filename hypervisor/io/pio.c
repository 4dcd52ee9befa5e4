/* SPDX-License-Identifier: BSD-3-Clause */
/* Port instructions. A string instruction is done one element an exit: RIP stays until the count is used up. */
#include "io/pio.h"

#include "io/decode.h"
#include "vm/gva.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "x86/cr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define QUAL_SIZE(q)	((uint8_t)(((q) & 7) + 1))
#define QUAL_IN		(1u << 3)
#define QUAL_STRING	(1u << 4)
#define QUAL_REP	(1u << 5)
#define QUAL_PORT(q)	((q) >> 16 & 0xffffu)

static uint64_t mask_of(uint8_t bytes)
{
	return bytes == 8 ? ~0ul : (1ul << 8 * bytes) - 1;
}

/* The same for the 1, 2 or 4 bytes of a port. */
static uint32_t port_mask(uint8_t bytes)
{
	return ~0u >> (32 - 8 * bytes);
}

/* Address size of INS/OUTS: instruction information bits 9:7 (27.2.5). */
static uint8_t addr_size(void)
{
	return (uint8_t)(2u << (vmread(VMCS_EXIT_INSN_INFO) >> 7 & 3));
}

/* Of gva.h's answers: a fault was queued, or memory that is not RAM (-EFAULT: the VM cannot go on). */
static int memory_result(int r)
{
	return r > 0 ? DECODE_FAULT : r;
}

static __attribute__((noinline)) int decode_string(struct vcpu *vcpu)
{
	struct io_access *acc = &vcpu->io;
	uint32_t user = vcpu_cpl(vcpu) == 3 ? GVA_USER : 0;
	uint64_t value = 0;
	int r;

	acc->op = IO_FIN_STRING;
	acc->addr_size = addr_size();
	acc->other = vmread(VMCS_GUEST_LINEAR);
	if (acc->rep && !(vcpu->gpr[GPR_RCX] & mask_of(acc->addr_size))) {
		vcpu_skip(vcpu);
		return DECODE_FAULT;	/* nothing to do: go on behind it */
	}
	if (!acc->write)	/* a fault must come before the device is read */
		return memory_result(gva_probe_write(vcpu, acc->other, acc->size, user));
	r = gva_read(vcpu, acc->other, &value, acc->size, GVA_READ | user);
	acc->value = value;
	return memory_result(r);
}

int pio_decode(struct vcpu *vcpu, uint64_t q)
{
	struct io_access *acc = &vcpu->io;

	acc->space = IO_PORT;
	acc->protected = false;
	acc->write = !(q & QUAL_IN);
	acc->size = QUAL_SIZE(q);
	acc->addr = QUAL_PORT(q);
	acc->rep = q & QUAL_REP;
	acc->op = IO_FIN_NONE;
	if (q & QUAL_STRING)
		return decode_string(vcpu);
	if (acc->write)
		acc->value = vcpu->gpr[GPR_RAX] & port_mask(acc->size);
	else
		acc->op = IO_FIN_MOV;
	return DECODE_OK;
}

/* Adds a step to an index register in the given address size. */
static void advance(struct vcpu *vcpu, enum gpr r, uint8_t addr, int64_t step)
{
	uint64_t v = vcpu->gpr[r] + (uint64_t)step;

	if (addr == 2)
		v = (vcpu->gpr[r] & ~0xfffful) | (v & 0xffff);
	else if (addr == 4)
		v &= 0xffffffffu;
	vcpu->gpr[r] = v;
}

static __attribute__((noinline)) int finish_string(struct vcpu *vcpu)
{
	struct io_access *acc = &vcpu->io;
	uint64_t flags = vcpu_rflags(vcpu);
	int64_t step = flags & RFLAGS_DF ? -(int64_t)acc->size : acc->size;
	int r = 0;

	if (!acc->write)
		r = gva_write(vcpu, acc->other, &acc->value, acc->size,
			      GVA_WRITE | (vcpu_cpl(vcpu) == 3 ? GVA_USER : 0));
	if (r)
		return memory_result(r);
	advance(vcpu, acc->write ? GPR_RSI : GPR_RDI, acc->addr_size, step);
	if (acc->rep)
		advance(vcpu, GPR_RCX, acc->addr_size, -1);
	if (!acc->rep || !(vcpu->gpr[GPR_RCX] & mask_of(acc->addr_size)))
		vcpu_skip(vcpu);
	else
		vcpu_iterated(vcpu, flags);
	return DECODE_OK;
}

int pio_finish(struct vcpu *vcpu)
{
	struct io_access *acc = &vcpu->io;

	if (acc->op == IO_FIN_STRING)
		return finish_string(vcpu);
	if (acc->op == IO_FIN_MOV) {
		uint64_t mask = port_mask(acc->size), keep = acc->size == 4 ? 0 : ~mask;

		vcpu->gpr[GPR_RAX] = (vcpu->gpr[GPR_RAX] & keep) | (acc->value & mask);
	}
	vcpu_skip(vcpu);
	return DECODE_OK;
}
