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

/*
 * An NMI, from the IDT or as the reason of a VM exit: stops this CPU when
 * another one has panicked, else calls nmi_hook.
 */
void nmi_handle(void);

/* Hook: #MC, on its IST stack; returns when the CPU may go on. NULL: a panic as for any exception. */
extern void (*idt_machine_check)(void);

/* Hook: vectors 32 and up. init.c sets it to irq/vector's dispatcher. */
extern void (*idt_interrupt)(uint8_t vector);

/*
 * Hook: an exception without fixup in the hypervisor itself. It does not return when the fault
 * could be contained, else it says why not. init.c sets it to exit/fault's.
 */
extern const char *(*fault_hook)(const struct host_frame *f);

/*
 * From the stubs. A fault at an instruction with a fixup (x86/fixup.h) goes on
 * there; every other exception that fault_hook does not contain is a panic with a
 * register report.
 */
void idt_dispatch(struct host_frame *f);
