/* SPDX-License-Identifier: BSD-3-Clause */
/* One guest access to a port or to memory that is not RAM. */
#pragma once

#include "lib/types.h"

enum io_space { IO_PORT, IO_MMIO };

/* What becomes of the value once the access is answered (filled by io/decode.c; ports: io/pio.c). */
enum io_finish_op {
	IO_FIN_NONE,		/* plain writes: step on */
	IO_FIN_MOV,		/* register = value, per reg_size and extension */
	IO_FIN_ALU,		/* alu_op with a register or `operand`: flags, register or memory */
	IO_FIN_XCHG,		/* memory and register change places */
	IO_FIN_XADD,
	IO_FIN_CMPXCHG,
	IO_FIN_PUSH,		/* the value goes to the stack */
	IO_FIN_POP,		/* the value came from the stack and was written: move the stack pointer */
	IO_FIN_STRING,		/* MOVS/STOS/LODS/INS/OUTS/CMPS/SCAS: memory operand and index registers */
};

struct io_access {
	enum io_space space;
	bool write;
	bool protected;		/* a write to a page that HC_VM_WRITE_PROTECT_PAGE protects */
	uint8_t size;		/* 1, 2, 4 or 8 bytes */
	uint64_t addr;		/* port number or guest physical address */
	uint64_t value;		/* written, or answered; zero-extended */

	/* The instruction, for the second half (opaque outside io/decode*.c and io/pio.c). */
	enum io_finish_op op;
	uint8_t reg;		/* enum gpr, destination or source */
	uint8_t reg_size;	/* bytes of the register operand */
	bool sign_extend;	/* a load widens with the sign */
	bool high_byte;		/* the register is AH, CH, DH or BH: `reg` is 0..3 */
	bool swap;		/* MOVBE: bytes in reverse */
	bool to_reg;		/* ALU: the register is the destination, memory the source */
	bool second_half;	/* the second access of the instruction is in flight */
	bool rep;
	uint8_t rep_prefix;	/* 0, 0xf2 or 0xf3 */
	uint8_t alu_op;		/* enum alu_op, io/decode_alu.h */
	uint8_t string_op;	/* enum string_op, io/decode_insn.h */
	uint8_t addr_size;	/* bytes: 2, 4, 8 */
	bool other_is_mmio;	/* string: `other` is a guest physical address, not RAM */
	bool at_di;		/* CMPS: the access in flight is the DI operand, `operand` the SI operand */
	uint64_t operand;	/* the other operand's value: immediate, register or memory */
	uint64_t other;		/* string: address of the other operand (GVA) */
	uint64_t next_rip;	/* behind the instruction */
};
