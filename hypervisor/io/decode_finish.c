/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Second half of a memory access that is not RAM: registers, flags, the write
 * of a read-modify-write, RIP. Registers and flags change when the value that
 * was read is there; from then on nothing can fail.
 */
#include "io/decode.h"

#include "io/decode_half.h"
#include "lib/errno.h"
#include "x86/cr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

uint64_t half_reg(const struct vcpu *vcpu, uint8_t reg, uint8_t size, bool high_byte)
{
	uint64_t v = unlikely(reg == GPR_RSP) ? vcpu_gpr(vcpu, GPR_RSP) : vcpu->gpr[reg];

	return (high_byte ? v >> 8 : v) & size_mask(size);
}

void half_set_reg(struct vcpu *vcpu, uint8_t reg, uint8_t size, bool high_byte, uint64_t value)
{
	uint64_t mask = size_mask(size), old;

	value &= mask;
	if (size < 4) {
		old = half_reg(vcpu, reg, 8, false);
		if (high_byte)
			value = (old & ~0xff00ul) | value << 8;
		else
			value |= old & ~mask;
	}
	if (unlikely(reg == GPR_RSP))
		vcpu_set_gpr(vcpu, GPR_RSP, value);
	else
		vcpu->gpr[reg] = value;
}

int half_step(struct vcpu *vcpu)
{
	vcpu_step(vcpu, vcpu->io.next_rip);
	return DECODE_OK;
}

int half_write_back(struct vcpu *vcpu, uint64_t value)
{
	struct io_access *acc = &vcpu->io;

	acc->value = value;
	acc->write = true;
	acc->second_half = true;
	acc->op = IO_FIN_NONE;
	return DECODE_AGAIN;
}

static int finish_mov(struct vcpu *vcpu)
{
	const struct io_access *acc = &vcpu->io;
	uint64_t v = acc->value;

	if (unlikely(acc->sign_extend))
		v = (uint64_t)((int64_t)(v << (64 - 8 * acc->size)) >> (64 - 8 * acc->size));
	if (unlikely(acc->swap))
		v = __builtin_bswap64(v) >> (64 - 8 * acc->size);
	half_set_reg(vcpu, acc->reg, acc->reg_size, acc->high_byte, v);
	return half_step(vcpu);
}

static int finish_alu(struct vcpu *vcpu)
{
	const struct io_access *acc = &vcpu->io;
	uint64_t dst = acc->to_reg ? acc->operand : acc->value;
	uint64_t src = acc->to_reg ? acc->value : acc->operand;
	uint64_t old = vcpu_rflags(vcpu), flags = old, r;

	r = alu_compute(acc->alu_op, dst, src, acc->size, &flags);
	if (flags != old)
		vmwrite(VMCS_GUEST_RFLAGS, flags);
	if (alu_only_flags(acc->alu_op))
		return half_step(vcpu);
	if (!acc->to_reg)
		return half_write_back(vcpu, r);
	half_set_reg(vcpu, acc->reg, acc->reg_size, acc->high_byte, r);
	return half_step(vcpu);
}

static int finish_xchg(struct vcpu *vcpu)
{
	const struct io_access *acc = &vcpu->io;
	uint64_t reg = half_reg(vcpu, acc->reg, acc->size, acc->high_byte);

	half_set_reg(vcpu, acc->reg, acc->size, acc->high_byte, acc->value);
	return half_write_back(vcpu, reg);
}

static int finish_xadd(struct vcpu *vcpu)
{
	const struct io_access *acc = &vcpu->io;
	uint64_t reg = half_reg(vcpu, acc->reg, acc->size, acc->high_byte), flags = vcpu_rflags(vcpu);
	uint64_t sum = alu_compute(ALU_ADD, acc->value, reg, acc->size, &flags);

	vmwrite(VMCS_GUEST_RFLAGS, flags);
	half_set_reg(vcpu, acc->reg, acc->size, acc->high_byte, acc->value);
	return half_write_back(vcpu, sum);
}

/* Memory is written in both cases, as the CPU does. */
static int finish_cmpxchg(struct vcpu *vcpu)
{
	const struct io_access *acc = &vcpu->io;
	uint64_t old = acc->value, flags = vcpu_rflags(vcpu);

	(void)alu_compute(ALU_CMP, half_reg(vcpu, GPR_RAX, acc->size, false), old, acc->size, &flags);
	vmwrite(VMCS_GUEST_RFLAGS, flags);
	if (flags & RFLAGS_ZF)
		return half_write_back(vcpu, half_reg(vcpu, acc->reg, acc->size, acc->high_byte));
	half_set_reg(vcpu, GPR_RAX, acc->size, false, old);
	return half_write_back(vcpu, old);
}

static int finish_stack(struct vcpu *vcpu, bool push)
{
	const struct io_access *acc = &vcpu->io;
	uint64_t sp = half_reg(vcpu, GPR_RSP, acc->addr_size, false);
	int r = 0;

	if (push)
		r = gva_write(vcpu, acc->other, &acc->value, acc->size, GVA_WRITE | half_access(vcpu));
	if (r)
		return r < 0 ? r : DECODE_FAULT;
	half_set_reg(vcpu, GPR_RSP, acc->addr_size, false, push ? sp - acc->size : sp + acc->size);
	return half_step(vcpu);
}

int io_decode_finish(struct vcpu *vcpu)
{
	switch (vcpu->io.op) {
	case IO_FIN_NONE: return half_step(vcpu);
	case IO_FIN_MOV: return finish_mov(vcpu);
	case IO_FIN_ALU: return finish_alu(vcpu);
	case IO_FIN_XCHG: return finish_xchg(vcpu);
	case IO_FIN_XADD: return finish_xadd(vcpu);
	case IO_FIN_CMPXCHG: return finish_cmpxchg(vcpu);
	case IO_FIN_PUSH: return finish_stack(vcpu, true);
	case IO_FIN_POP: return finish_stack(vcpu, false);
	case IO_FIN_STRING: return string_finish(vcpu);
	}
	return -ENOEXEC;
}
