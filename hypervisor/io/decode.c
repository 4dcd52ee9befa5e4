/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First half of a memory access that is not RAM: fetches the instruction and
 * turns it into vcpu->io. Another CPU of the guest may change the bytes between
 * the exit and the fetch: they are copied once, and an instruction that writes
 * is only believed when the exit was a write.
 */
#include "io/decode.h"

#include "io/decode_half.h"
#include "cpu/percpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "vm/virq.h"
#include "vm/vm.h"
#include "x86/desc.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define SEG_SS	2u

/*
 * Copies at most n instruction bytes of one page. Their number; 0: not
 * mapped or not executable, with *error for #PF; -ENOEXEC: no RAM, or no address.
 */
static int fetch_page(struct vcpu *vcpu, uint64_t linear, uint8_t *to, unsigned int n, uint32_t *error)
{
	uint64_t left = PAGE_SIZE - (linear & (PAGE_SIZE - 1));
	const uint8_t *from;
	int r = gva_code(vcpu, linear, half_access(vcpu), &from, error);

	if (unlikely(r))
		return r == 1 ? 0 : -ENOEXEC;
	if (likely(left >= 16 && n == INSN_MAX)) {
		__builtin_memcpy(to, from, 16);
		to[INSN_MAX] = 0;
		return INSN_MAX;
	}
	n = (unsigned int)MIN(n, left);
	memcpy(to, from, n);
	return (int)n;
}

/* fetch_page(), or the guest's page fault. Number of bytes; 0: the fault is queued; -ENOEXEC. */
static int fetch_or_fault(struct vcpu *vcpu, uint64_t linear, uint8_t *to, unsigned int n)
{
	uint32_t error = 0;
	int r = fetch_page(vcpu, linear, to, n, &error);

	if (unlikely(!r))
		virq_page_fault(vcpu, linear, error);
	return r;
}

/* What was parsed last on each CPU: bytes mean the same in one mode, whoever they belong to. */
static struct parsed {
	uint64_t bytes[2];
	unsigned int mode;	/* 0: nothing */
	struct insn in;
} parsed[MAX_PCPUS][4];

/* insn_parse() of the first 16 bytes, unless that was done before. *in stays until the next call on this CPU. */
static int parse(uint8_t buf[INSN_BUF], uint64_t linear, unsigned int mode, const struct insn **in)
{
	struct parsed *p = &parsed[this_pcpu_id()][linear % ARRAY_SIZE(parsed[0])];
	uint64_t *words = (uint64_t *)buf;
	int r;

	*in = &p->in;
	if (likely(p->bytes[0] == words[0] && p->bytes[1] == words[1] && p->mode == mode))
		return DECODE_OK;
	words[2] = words[3] = 0;
	r = insn_parse(buf, mode, &p->in);
	p->bytes[0] = words[0];
	p->bytes[1] = words[1];
	p->mode = r ? 0 : mode;
	return r;
}

/*
 * The instruction at RIP; the second page is looked at only when the first ends
 * in the middle of it. DECODE_OK, DECODE_FAULT, -ENOEXEC.
 */
static int fetch(struct vcpu *vcpu, uint64_t linear, unsigned int mode, const struct insn **in)
{
	uint8_t buf[INSN_BUF] __aligned(8);
	int n, r;

	((uint64_t *)buf)[0] = ((uint64_t *)buf)[1] = 0;
	n = fetch_or_fault(vcpu, linear, buf, INSN_MAX);
	if (unlikely(n <= 0))
		return n ? n : DECODE_FAULT;
	r = parse(buf, linear, mode, in);
	if (likely(n == INSN_MAX || (!r && (*in)->len <= n)))
		return r;
	r = fetch_or_fault(vcpu, linear + (unsigned int)n, buf + n, INSN_MAX - (unsigned int)n);
	if (r <= 0)
		return r ? r : DECODE_FAULT;
	return parse(buf, linear, mode, in);
}

static uint64_t swap_bytes(uint64_t v, uint8_t size)
{
	return __builtin_bswap64(v) >> (64 - 8 * size);
}

/* Bytes of the stack pointer: SS.B outside 64-bit mode. */
static uint8_t stack_size(const struct vcpu *vcpu)
{
	if (vcpu_mode_bytes(vcpu) == 8)
		return 8;
	return vmread(VMCS_GUEST_SS_AR) & SEG_AR_DB ? 4 : 2;
}

/* PUSH and POP: a fault of the stack comes before the access. The stack itself has to be RAM. */
static int decode_stack(struct vcpu *vcpu, bool push)
{
	struct io_access *acc = &vcpu->io;
	uint64_t sp = vcpu_gpr(vcpu, GPR_RSP), value = 0;
	int r;

	acc->addr_size = stack_size(vcpu);
	if (push)
		sp -= acc->size;
	acc->other = half_linear(vcpu, SEG_SS, sp & size_mask(acc->addr_size));
	if (push)
		r = gva_probe_write(vcpu, acc->other, acc->size, half_access(vcpu));
	else
		r = gva_read(vcpu, acc->other, &value, acc->size, GVA_READ | half_access(vcpu));
	if (r)
		return r < 0 ? -ENOEXEC : DECODE_FAULT;
	acc->value = value;
	acc->write = !push;
	acc->op = push ? IO_FIN_PUSH : IO_FIN_POP;
	return DECODE_OK;
}

/* Fills vcpu->io from `in`; the address, size and registers' places stand there already. */
static int set_operation(struct vcpu *vcpu, const struct insn *in)
{
	struct io_access *acc = &vcpu->io;

	switch (in->kind) {
	case INSN_LOAD:
		acc->op = IO_FIN_MOV;
		break;
	case INSN_STORE:
		acc->value = half_reg(vcpu, in->reg, in->size, in->high_byte);
		if (unlikely(in->swap))
			acc->value = swap_bytes(acc->value, in->size);
		acc->write = true;
		break;
	case INSN_STORE_IMM:
		acc->value = in->imm & size_mask(in->size);
		acc->write = true;
		break;
	case INSN_ALU_TO_REG:
	case INSN_ALU_TO_MEM:
	case INSN_BIT_REG:
		acc->op = IO_FIN_ALU;
		acc->to_reg = in->kind == INSN_ALU_TO_REG;
		acc->operand = half_reg(vcpu, in->reg, in->reg_size, in->high_byte);
		break;
	case INSN_ALU_IMM:
	case INSN_BIT_IMM:
		acc->op = IO_FIN_ALU;
		acc->operand = in->imm & size_mask(in->size);
		break;
	case INSN_XCHG:
		acc->op = IO_FIN_XCHG;
		break;
	case INSN_XADD:
		acc->op = IO_FIN_XADD;
		break;
	case INSN_CMPXCHG:
		acc->op = IO_FIN_CMPXCHG;
		break;
	case INSN_PUSH:
	case INSN_POP:
		return decode_stack(vcpu, in->kind == INSN_PUSH);
	default:
		return -ENOEXEC;
	}
	return DECODE_OK;
}

/* True when the instruction changes its memory operand. */
static bool writes(const struct insn *in)
{
	switch (in->kind) {
	case INSN_LOAD:
	case INSN_ALU_TO_REG:
	case INSN_PUSH:
		return false;
	case INSN_ALU_TO_MEM:
	case INSN_ALU_IMM:
	case INSN_BIT_REG:
	case INSN_BIT_IMM:
		return !alu_only_flags(in->op);
	default:
		return true;
	}
}

int io_decode(struct vcpu *vcpu, gpa_t gpa, bool write)
{
	unsigned int mode = vcpu_mode_bytes(vcpu);
	uint64_t rip = vcpu_rip(vcpu);
	const struct insn *in;
	int r = fetch(vcpu, mode == 8 ? rip : (uint32_t)(rip + vmread_known(VMCS_GUEST_CS_BASE)), mode, &in);

	if (unlikely(r))
		return r;
	rip += in->len;
	vcpu->io = (struct io_access){
		.space = IO_MMIO, .size = in->size, .addr = gpa.v,
		.reg = in->reg, .reg_size = in->reg_size, .high_byte = in->high_byte,
		.sign_extend = in->sign_extend, .swap = in->swap, .alu_op = in->op, .addr_size = in->addr_size,
		.next_rip = mode == 8 ? rip : (uint32_t)rip,
	};
	if (unlikely(in->kind == INSN_STRING))
		return string_decode(vcpu, in, gpa, write);
	if (unlikely(writes(in) != write)) {
		/* The bytes have changed: run what stands there now. */
		if (in->kind != INSN_POP && !write)
			return DECODE_FAULT;
		/* The stack, or a page table, is no RAM. */
		return -ENOEXEC;
	}
	return set_operation(vcpu, in);
}

unsigned int io_decode_bytes(struct vcpu *vcpu, uint8_t buf[15])
{
	unsigned int mode = vcpu_mode_bytes(vcpu);
	uint64_t linear = vcpu_rip(vcpu);
	uint8_t bytes[INSN_BUF];
	uint32_t error;
	int n, more = 0;

	if (mode != 8)
		linear = (uint32_t)(linear + vmread_known(VMCS_GUEST_CS_BASE));
	n = fetch_page(vcpu, linear, bytes, INSN_MAX, &error);
	if (n <= 0)
		return 0;
	if (n < (int)INSN_MAX)
		more = fetch_page(vcpu, linear + (unsigned int)n, bytes + n, INSN_MAX - (unsigned int)n, &error);
	n += MAX(more, 0);
	memcpy(buf, bytes, (size_t)n);
	return (unsigned int)n;
}
