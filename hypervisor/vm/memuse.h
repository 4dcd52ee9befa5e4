/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Use of a VM's memory by a pointer, from its look-up to the last byte: memory that is taken from a VM may be another's at once,
 * so gpa_unmap() and gpa_protect() return only when every use has ended that began before (memuse_wait()). A use waits for
 * nothing, is on one CPU with interrupts off, and does not nest. One instruction each way.
 */
#pragma once

#include "cpu/percpu.h"
#include "x86/insn.h"

/* Locked: the count is seen odd before the look-up that follows is done. */
static inline void memuse_begin(void)
{
#ifdef UNIT_TEST
	percpu_area[0].memuse++;
#else
	__asm__ volatile("lock incl %%gs:%c0" : : "i"(offsetof(struct percpu, memuse)) : "memory", "cc");
#endif
}

/* Stores are seen in order (SDM vol 3, 8.2.2). */
static inline void memuse_end(void)
{
#ifdef UNIT_TEST
	percpu_area[0].memuse++;
#else
	__asm__ volatile("incl %%gs:%c0" : : "i"(offsetof(struct percpu, memuse)) : "memory", "cc");
#endif
}

/* A use that a contained fault broke off. Own CPU. */
static inline void memuse_abandon(void)
{
	if (this_cpu()->memuse & 1)
		memuse_end();
}

/* Returns when no other CPU uses memory by a look-up from before the call. Not within a use. */
static inline void memuse_wait(void)
{
	uint32_t cpu, begun;

	/* What the caller changed is seen before the counts are read. */
	cpu_mfence();
	for (cpu = 0; cpu < nr_pcpus; cpu++) {
		begun = READ_ONCE(percpu_area[cpu].memuse);
		while ((begun & 1) && cpu != this_pcpu_id() && READ_ONCE(percpu_area[cpu].memuse) == begun)
			cpu_pause();
	}
}
