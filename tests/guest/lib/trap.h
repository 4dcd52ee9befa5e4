/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exceptions and interrupts of a guest program.
 *
 * A test names the one instruction that may fault:
 *
 *	ASM_TRY("rdmsr", : "=a"(lo), "=d"(hi) : "c"(msr));
 *	report(fault_vector() == EXC_GP, "...");
 *
 * It also works for the *_safe() functions of x86/insn.h. An exception that
 * nobody expects prints its registers and ends the program as failed.
 */
#pragma once

#include "lib/cpu.h"
#include "lib/types.h"
#include "x86/fixup.h"

struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

typedef void (*trap_handler)(struct trap_frame *frame);

/* NULL puts the default back. The handler of an interrupt acknowledges it itself. */
void trap_set(uint8_t vector, trap_handler fn);
/* Interrupt stack table slot (1..7) of a vector on all processors; 0: the current stack. */
void trap_set_ist(uint8_t vector, uint8_t ist);

static inline void fault_clear(void)
{
	this_cpu()->fault.vector = -1;
}

/* Vector of the exception since fault_clear(), or -1. */
static inline int fault_vector(void)
{
	return this_cpu()->fault.vector;
}

static inline const struct fault *fault_last(void)
{
	return &this_cpu()->fault;
}

/* Runs one instruction that may fault and goes on behind it; then fault_last() tells. */
#define ASM_TRY(insn, ...)							\
	do {									\
		fault_clear();							\
		__asm__ volatile("1: " insn "\n\t2:\n\t" FIXUP("1b", "2b") __VA_ARGS__); \
	} while (0)

/* For a sequence that names the faulting instruction 1 and what follows it 2. */
#define ASM_TRY_LABELS(text, ...)						\
	do {									\
		fault_clear();							\
		__asm__ volatile(text "\n\t" FIXUP("1b", "2b") __VA_ARGS__);	\
	} while (0)
