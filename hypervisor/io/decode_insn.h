/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parser of the instructions that can be answered for a guest: from bytes to
 * what they mean, without looking at any register or memory.
 */
#pragma once

#include "lib/types.h"

/* A parser's buffer: the longest instruction is 15 bytes, and it may look this far behind a wrong one. */
#define INSN_MAX	15u
#define INSN_BUF	32u

enum insn_kind {
	INSN_NONE,		/* not supported, or no memory operand */
	INSN_LOAD,		/* reg = mem */
	INSN_STORE,		/* mem = reg */
	INSN_STORE_IMM,		/* mem = imm */
	INSN_ALU_TO_REG,	/* reg = reg op mem, or only flags */
	INSN_ALU_TO_MEM,	/* mem = mem op reg, or only flags */
	INSN_ALU_IMM,		/* mem = mem op imm, or only flags; NOT NEG INC DEC have no operand */
	INSN_BIT_REG,		/* bit `reg` of mem */
	INSN_BIT_IMM,
	INSN_XCHG,
	INSN_XADD,
	INSN_CMPXCHG,
	INSN_PUSH,
	INSN_POP,
	INSN_STRING,

	/* In the opcode tables only. */
	INSN_GROUP,		/* the meaning depends on ModRM.reg */
	INSN_MOVSXD,
	INSN_PREFIX,
	INSN_REX,
	INSN_TWO_BYTE,
};

enum string_op { STRING_MOVS, STRING_STOS, STRING_LODS, STRING_CMPS, STRING_SCAS };

struct insn {
	enum insn_kind kind;
	uint8_t len;		/* bytes */
	uint8_t op;		/* enum alu_op or enum string_op */
	uint8_t size;		/* of the memory operand, bytes */
	uint8_t reg;		/* enum gpr */
	uint8_t reg_size;	/* bytes */
	uint8_t addr_size;	/* bytes */
	uint8_t rep;		/* last of the F2 and F3 prefixes, or 0 */
	uint8_t seg;		/* segment of a string's source; order of the encoding, ES = 0 */
	bool high_byte;		/* reg is AH, CH, DH, BH: 0..3 */
	bool sign_extend;	/* INSN_LOAD widens with the sign */
	bool swap;		/* MOVBE */
	uint64_t imm;		/* sign-extended to 64 bits */
};

/*
 * Parses bytes[] in a code segment of mode_bytes (2, 4, or 8: 64-bit mode). 0, or
 * -ENOEXEC. Bytes a caller does not have are zero: then in->len, or -ENOEXEC,
 * is only to be believed when the instruction ends before them. Any context.
 */
int insn_parse(const uint8_t bytes[INSN_BUF], unsigned int mode_bytes, struct insn *in) __must_check;
