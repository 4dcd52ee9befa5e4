/* SPDX-License-Identifier: BSD-3-Clause */
/* What a guest program keeps for each of its processors; found through GS. */
#pragma once

#include "lib/layout.h"
#include "lib/types.h"
#include "x86/desc.h"

/* The last exception that a fixup or a handler took. */
struct fault {
	int vector;		/* -1: none since fault_clear() */
	uint32_t error;
	uint64_t rip, cr2;
};

struct cpu {
	struct cpu *self;	/* read through GS:0 */
	uint32_t index;		/* 0: the one that was started first */
	uint32_t apic_id;
	bool x2apic;		/* the mode its local APIC is in, as apic.c last set or found it */
	struct fault fault;
	uint32_t nr_traps[256];	/* taken, by vector */
	uint64_t gdt[GUEST_GDT_SLOTS];
	struct tss tss;
	void (*work)(void *arg);	/* smp.c: handed over, NULL when done */
	void *arg;
} __aligned(64);

extern struct cpu cpus[MAX_CPUS];

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(c));
	return c;
}

/* Gives this processor its GDT, TSS, IDT and GS. Interrupts off. */
void cpu_setup(uint32_t index);
