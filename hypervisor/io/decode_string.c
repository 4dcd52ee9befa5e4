/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MOVS, STOS, LODS, CMPS, SCAS with one or both operands outside RAM. One
 * element a time: with a repeat prefix RIP stays until the count is used up,
 * and the guest runs the instruction again.
 */
#include "io/decode.h"
#include "io/decode_half.h"
#include "lib/errno.h"
#include "vm/vm.h"
#include "x86/cr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define SEG_ES	0u

static uint64_t index_linear(const struct vcpu *vcpu, unsigned int seg, enum gpr r)
{
	return half_linear(vcpu, seg, half_reg(vcpu, r, vcpu->io.addr_size, false));
}

/* The other operand is not RAM: where it is. DECODE_OK, or -EFAULT when that changed under our feet. */
static int other_mmio(struct vcpu *vcpu, uint64_t linear, uint32_t access)
{
	struct io_access *acc = &vcpu->io;
	uint32_t error;
	gpa_t at;

	if (gva_translate(vcpu, linear, access | half_access(vcpu), &at, &error))
		return -EFAULT;
	acc->other = at.v;
	acc->other_is_mmio = true;
	return DECODE_OK;
}

/* The write to memory outside RAM: its value comes from RAM, or from a first access. */
static int decode_movs_to(struct vcpu *vcpu, uint64_t si, gpa_t to)
{
	struct io_access *acc = &vcpu->io;
	uint64_t value = 0;
	int r = gva_read(vcpu, si, &value, acc->size, GVA_READ | half_access(vcpu));

	if (r == 1)
		return DECODE_FAULT;
	if (!r) {
		acc->value = value;
		acc->write = true;
		return DECODE_OK;
	}
	r = other_mmio(vcpu, si, GVA_READ);
	acc->addr = acc->other;
	acc->other = to.v;
	return r;
}

static int decode_movs_from(struct vcpu *vcpu, uint64_t di)
{
	int r = gva_probe_write(vcpu, di, vcpu->io.size, half_access(vcpu));

	vcpu->io.other = di;
	if (r == -EFAULT)
		return other_mmio(vcpu, di, GVA_WRITE);
	return r ? DECODE_FAULT : DECODE_OK;
}

static int decode_cmps(struct vcpu *vcpu, uint64_t si, uint64_t di, gpa_t here)
{
	struct io_access *acc = &vcpu->io;
	uint64_t value = 0;
	uint32_t error;
	gpa_t at;
	int r;

	/* The exit does not say which of the two it was. */
	acc->at_di = gva_translate(vcpu, si, GVA_READ | half_access(vcpu), &at, &error) || at.v != here.v;
	acc->other = acc->at_di ? si : di;
	r = gva_read(vcpu, acc->other, &value, acc->size, GVA_READ | half_access(vcpu));
	if (r == -EFAULT)
		return other_mmio(vcpu, acc->other, GVA_READ);
	acc->operand = value;
	return r ? DECODE_FAULT : DECODE_OK;
}

int string_decode(struct vcpu *vcpu, const struct insn *in, gpa_t gpa, bool write)
{
	struct io_access *acc = &vcpu->io;
	uint64_t si, di;

	acc->op = IO_FIN_STRING;
	acc->string_op = in->op;
	acc->rep_prefix = in->rep;
	acc->rep = in->rep;
	if (acc->rep && !half_reg(vcpu, GPR_RCX, acc->addr_size, false)) {
		(void)half_step(vcpu);
		return DECODE_FAULT;	/* nothing to do: go on behind it */
	}
	/* A write by one that only reads, or the reverse: the bytes have changed, run what stands there now. */
	if (in->op != STRING_MOVS && write != (in->op == STRING_STOS))
		return DECODE_FAULT;
	si = index_linear(vcpu, in->seg, GPR_RSI);
	di = index_linear(vcpu, SEG_ES, GPR_RDI);
	switch (in->op) {
	case STRING_MOVS:
		return write ? decode_movs_to(vcpu, si, gpa) : decode_movs_from(vcpu, di);
	case STRING_CMPS:
		return decode_cmps(vcpu, si, di, gpa);
	case STRING_STOS:
		acc->write = true;
		acc->value = half_reg(vcpu, GPR_RAX, acc->size, false);
		return DECODE_OK;
	default:
		return DECODE_OK;
	}
}

/* Index and count registers, in the instruction's address size. True when the instruction is done. */
static bool advance(struct vcpu *vcpu, uint64_t flags)
{
	const struct io_access *acc = &vcpu->io;
	uint64_t step = flags & RFLAGS_DF ? -(uint64_t)acc->size : acc->size, count;
	uint8_t n = acc->addr_size;

	if (acc->string_op != STRING_STOS && acc->string_op != STRING_SCAS)
		half_set_reg(vcpu, GPR_RSI, n, false, vcpu->gpr[GPR_RSI] + step);
	if (acc->string_op != STRING_LODS)
		half_set_reg(vcpu, GPR_RDI, n, false, vcpu->gpr[GPR_RDI] + step);
	if (!acc->rep)
		return true;
	count = half_reg(vcpu, GPR_RCX, n, false) - 1;
	half_set_reg(vcpu, GPR_RCX, n, false, count);
	if (!count)
		return true;
	if (acc->string_op != STRING_CMPS && acc->string_op != STRING_SCAS)
		return false;
	return !(flags & RFLAGS_ZF) == (acc->rep_prefix == 0xf3);
}

static int compare(struct vcpu *vcpu, uint64_t a, uint64_t b)
{
	uint64_t flags = vcpu_rflags(vcpu);

	(void)alu_compute(ALU_CMP, a, b, vcpu->io.size, &flags);
	vmwrite(VMCS_GUEST_RFLAGS, flags);
	return 0;
}

static int finish_movs(struct vcpu *vcpu)
{
	struct io_access *acc = &vcpu->io;

	if (acc->write)
		return 0;
	if (!acc->other_is_mmio)
		return gva_write(vcpu, acc->other, &acc->value, acc->size, GVA_WRITE | half_access(vcpu));
	acc->addr = acc->other;
	acc->write = true;
	return DECODE_AGAIN;
}

static int finish_cmps(struct vcpu *vcpu)
{
	struct io_access *acc = &vcpu->io;

	if (acc->other_is_mmio && !acc->second_half) {
		acc->operand = acc->value;
		acc->addr = acc->other;
		acc->at_di = !acc->at_di;
		acc->second_half = true;
		return DECODE_AGAIN;
	}
	return acc->at_di ? compare(vcpu, acc->operand, acc->value) : compare(vcpu, acc->value, acc->operand);
}

int string_finish(struct vcpu *vcpu)
{
	struct io_access *acc = &vcpu->io;
	uint64_t flags;
	int r = 0;

	switch (acc->string_op) {
	case STRING_MOVS: r = finish_movs(vcpu); break;
	case STRING_CMPS: r = finish_cmps(vcpu); break;
	case STRING_SCAS: r = compare(vcpu, half_reg(vcpu, GPR_RAX, acc->size, false), acc->value); break;
	case STRING_LODS: half_set_reg(vcpu, GPR_RAX, acc->size, false, acc->value); break;
	default: break;
	}
	if (r)		/* an error, DECODE_FAULT or DECODE_AGAIN */
		return r;
	flags = vcpu_rflags(vcpu);
	if (advance(vcpu, flags))
		return half_step(vcpu);
	vcpu_iterated(vcpu, flags);
	return DECODE_OK;
}
