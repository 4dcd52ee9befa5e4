/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic of the emulated instructions (SDM vol 2, appendix A of vol 1 for the flags). */
#pragma once

#include "lib/types.h"

/* The first eight are ModRM.reg of the immediate group (80, 81, 83). */
enum alu_op {
	ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP,
	ALU_TEST, ALU_NOT, ALU_NEG, ALU_INC, ALU_DEC,
	ALU_BT, ALU_BTS, ALU_BTR, ALU_BTC,
};

/* Only flags: nothing is written back. */
static inline bool alu_only_flags(uint8_t op)
{
	return op == ALU_CMP || op == ALU_TEST || op == ALU_BT;
}

/* All ones in an operand of 1, 2, 4 or 8 bytes. */
static inline uint64_t size_mask(uint8_t bytes)
{
	return ~0ul >> (64 - 8 * bytes);
}

/*
 * dst op src, in `size` bytes; returns the result, zero-extended, and changes the
 * status flags in *rflags. Undefined flags: AF is cleared by the logical
 * operations, others are left as they were. For the bit operations src is the bit number.
 */
uint64_t alu_compute(enum alu_op op, uint64_t dst, uint64_t src, uint8_t size, uint64_t *rflags);
