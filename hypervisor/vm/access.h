/* SPDX-License-Identifier: BSD-3-Clause */
/* One guest access to a port or to memory that is not RAM. */
#pragma once

#include "lib/types.h"

enum io_space { IO_PORT, IO_MMIO };

/* What becomes of the value once a read is answered (filled by io/decode.c; ports: exit/pio.c). */
enum io_finish_op {
	IO_FIN_NONE,		/* writes */
	IO_FIN_MOV,		/* register = value, per reg_size and extension */
	IO_FIN_ALU,		/* AND/OR/XOR/ADD/SUB/CMP/TEST with a register or immediate: flags, maybe write back */
	IO_FIN_STRING,		/* MOVS/STOS/LODS/INS/OUTS/CMPS/SCAS: memory operand and index registers */
	IO_FIN_BIT,		/* BT/BTS/BTR/BTC */
	IO_FIN_XCHG,		/* XCHG/CMPXCHG/XADD */
	IO_FIN_PUSHPOP,
};

struct io_access {
	enum io_space space;
	bool write;
	uint8_t size;		/* 1, 2, 4 or 8 bytes */
	uint64_t addr;		/* port number or guest physical address */
	uint64_t value;		/* written, or answered; zero-extended */

	/* The instruction, for the second half (opaque outside io/decode.c and exit/). */
	enum io_finish_op op;
	uint8_t reg;		/* enum gpr, destination or source */
	uint8_t reg_size;	/* bytes of the register operand */
	bool sign_extend, high_byte;
	uint8_t alu_op;		/* ModRM /digit of the ALU group */
	uint8_t insn_len;	/* bytes */
	bool rep, second_half;
	uint64_t imm;
	uint64_t other;		/* string: address of the other operand (GVA) */
	uint8_t addr_size;	/* bytes: 2, 4, 8 */
};
