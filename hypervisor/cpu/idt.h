/* SPDX-License-Identifier: BSD-3-Clause */
/* Host interrupt and exception entry. */
#pragma once

#include "lib/types.h"

/* What the entry stubs push, lowest address first. */
struct host_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* Loads GDT, TSS (IST stacks for NMI, #DF, #MC), IDT on this CPU. */
void idt_load(void);

/*
 * NMI hook: called in NMI context, on the NMI's IST stack or after an NMI VM
 * exit; takes no locks. The default counts.
 */
extern void (*nmi_hook)(void);

/* An instruction that may fault: when one at `insn` does, execution goes on at `fixup` (see x86/fixup in the linker script). */
