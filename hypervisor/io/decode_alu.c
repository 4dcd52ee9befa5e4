/* SPDX-License-Identifier: BSD-3-Clause */
/* Results and status flags of the emulated arithmetic. */
#include "io/decode_alu.h"

#include "x86/cr.h"

#define STATUS_FLAGS	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* Set when the low byte has an even number of ones. */
static uint64_t parity(uint64_t r)
{
	uint64_t nibble = (r ^ r >> 4) & 0xf;

	/* 0x9669: bit n is set when n has an even number of ones. */
	return 0x9669u >> nibble & 1 ? RFLAGS_PF : 0;
}

static uint64_t flags_of(uint64_t r, uint8_t size)
{
	uint64_t top = r >> (8 * size - 1) & 1;

	return parity(r) | (r & size_mask(size) ? 0 : RFLAGS_ZF) | (top ? RFLAGS_SF : 0);
}

/* Carries (or borrows) out of every bit, and the overflow, as bit patterns; only bits 3 and the top one matter. */
static uint64_t flags_of_sum(uint64_t carry, uint64_t overflow, uint8_t size)
{
	unsigned int top = 8 * size - 1;

	return (carry >> top & 1 ? RFLAGS_CF : 0) | (overflow >> top & 1 ? RFLAGS_OF : 0) |
	       (carry >> 3 & 1 ? RFLAGS_AF : 0);
}

static uint64_t add(uint64_t a, uint64_t b, uint64_t carry_in, uint8_t size, uint64_t *flags)
{
	uint64_t r = a + b + carry_in;

	*flags = flags_of(r, size) | flags_of_sum((a & b) | ((a | b) & ~r), (a ^ r) & (b ^ r), size);
	return r;
}

static uint64_t sub(uint64_t a, uint64_t b, uint64_t borrow_in, uint8_t size, uint64_t *flags)
{
	uint64_t r = a - b - borrow_in;

	*flags = flags_of(r, size) | flags_of_sum((~a & b) | ((~a | b) & r), (a ^ b) & (a ^ r), size);
	return r;
}

static uint64_t bit(enum alu_op op, uint64_t dst, uint64_t src, uint8_t size, uint64_t *flags)
{
	uint64_t b = 1ul << (src & (8u * size - 1));

	*flags = (*flags & ~RFLAGS_CF) | (dst & b ? RFLAGS_CF : 0);
	if (op == ALU_BTS)
		return dst | b;
	if (op == ALU_BTR)
		return dst & ~b;
	return op == ALU_BTC ? dst ^ b : dst;
}

uint64_t alu_compute(enum alu_op op, uint64_t dst, uint64_t src, uint8_t size, uint64_t *rflags)
{
	uint64_t carry = *rflags & RFLAGS_CF, flags = *rflags & STATUS_FLAGS, r = dst;

	switch (op) {
	case ALU_ADD: r = add(dst, src, 0, size, &flags); break;
	case ALU_ADC: r = add(dst, src, carry, size, &flags); break;
	case ALU_SUB:
	case ALU_CMP: r = sub(dst, src, 0, size, &flags); break;
	case ALU_SBB: r = sub(dst, src, carry, size, &flags); break;
	case ALU_NEG: r = sub(0, dst, 0, size, &flags); break;
	case ALU_OR: r = dst | src; flags = flags_of(r, size); break;
	case ALU_AND:
	case ALU_TEST: r = dst & src; flags = flags_of(r, size); break;
	case ALU_XOR: r = dst ^ src; flags = flags_of(r, size); break;
	case ALU_NOT: r = ~dst; break;
	case ALU_INC: r = add(dst, 1, 0, size, &flags); flags = (flags & ~RFLAGS_CF) | carry; break;
	case ALU_DEC: r = sub(dst, 1, 0, size, &flags); flags = (flags & ~RFLAGS_CF) | carry; break;
	case ALU_BT:
	case ALU_BTS:
	case ALU_BTR:
	case ALU_BTC: r = bit(op, dst, src, size, &flags); break;
	}
	*rflags = (*rflags & ~STATUS_FLAGS) | flags;
	return r & size_mask(size);
}
