/* SPDX-License-Identifier: BSD-3-Clause */
/* One structure a CPU, reached through GS. */
#pragma once

#include "lib/critical.h"
#include "lib/types.h"

struct thread;
struct vcpu;

struct percpu {
	struct percpu *self;		/* (o) gs:0 */
	uint32_t critical;		/* own CPU; lib/critical.h */
	uint32_t pcpu_id;		/* (o) dense, boot CPU is 0 */
	uint32_t apic_id;		/* (o) local APIC id */
	uint32_t memuse;		/* odd while VM memory is used here by a pointer; vm/memuse.h */
	uint32_t watch;			/* who looks on: bits WATCH_*, atomic; nothing is recorded while it is 0 */
	uint64_t kernel_stack;		/* (o) top of the boot/idle stack */
	struct thread *current;		/* thread running on this CPU */
	struct thread *idle;		/* (o) */
	const bool *sched_wanted;	/* (o) see sched_wanted() */
	struct vcpu *vcpu;		/* vCPU whose VMCS is current here, or NULL */
	uint64_t requests;		/* work for this CPU (bits CPU_REQ_*), atomic */
	void (*idle_work)(void);	/* for the idle loop to do once, from where nothing may be logged; or NULL */
	uint64_t nr_nmi, nr_spurious;
	bool online;
	bool lapic_owned_by_guest;	/* LAPIC passthrough: no host timer or IPI here, kick by NMI */
	uint8_t held_vector;		/* being brought into service for that guest: no EOI; 0: none */
} __aligned(64);

_Static_assert(offsetof(struct percpu, critical) == CRITICAL_OFFSET, "lib/critical.h");

#define WATCH_TRACE	(1u << 0)	/* a trace ring is attached */
#define WATCH_COST	(1u << 1)	/* cost of exits is measured */

extern struct percpu percpu_area[MAX_PCPUS];
extern uint32_t nr_pcpus;	/* CPUs found by boot; all of them online after smp_start() */

/* Makes percpu_area[pcpu_id] this CPU's (GS base). First thing on each CPU. */
void percpu_load(uint32_t pcpu_id, uint32_t apic_id);

static inline struct percpu *this_cpu(void)
{
#ifdef UNIT_TEST
	return &percpu_area[0];
#else
	struct percpu *p;

	__asm__("movq %%gs:0, %0" : "=r"(p));
	return p;
#endif
}

/* The own CPU's word `watch`, by one instruction. Unit tests call what it guards themselves. */
static inline uint32_t this_cpu_watch(void)
{
#ifdef UNIT_TEST
	return 0;
#else
	uint32_t w;

	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(w) : "i"(offsetof(struct percpu, watch)));
	return w;
#endif
}

static inline uint32_t this_pcpu_id(void)
{
	return this_cpu()->pcpu_id;
}
