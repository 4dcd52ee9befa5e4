/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A VM's TSC rate where the scenario asks for another than the machine's (SDM vol 3, 24.6.5, 25.3 "use TSC scaling"):
 *
 *	guest TSC = (host TSC * to_guest >> 48) + vcpu->tsc_offset
 *
 * What the guest counts in - its TSC, the virtual APIC timer - it counts at this rate; the hypervisor's own timers take host ticks.
 */
#pragma once

#include "lib/types.h"

#define VTSC_FRACTION	48u

/* (i) All 0: the machine's rate. */
struct vtsc {
	uint64_t khz;
	uint64_t to_guest, to_host;	/* VTSC_FRACTION bits behind the point; to_host is rounded up */
};

/* `khz` 0 or the machine's: no scaling. Before the VM runs. */
void vtsc_init(struct vtsc *t, uint64_t khz);
/* Ticks a millisecond of the guest's TSC. */
uint64_t vtsc_khz(const struct vtsc *t);
/* n / d with `fraction` bits behind the point, which must fit; rounded down. d below 2^63. */
uint64_t vtsc_ratio(uint64_t n, uint64_t d, unsigned int fraction);

/* A host time or duration in guest ticks, without an offset; rounded down, as the processor does. */
static inline uint64_t vtsc_from_host(const struct vtsc *t, uint64_t ticks)
{
	if (likely(!t->to_guest))
		return ticks;
	return (uint64_t)((unsigned __int128)ticks * t->to_guest >> VTSC_FRACTION);
}

/* A duration in guest ticks, which has passed for the guest when so many host ticks have; at most ~0. */
static inline uint64_t vtsc_to_host(const struct vtsc *t, uint64_t ticks)
{
	unsigned __int128 host;

	if (likely(!t->to_guest))
		return ticks;
	host = ((unsigned __int128)ticks * t->to_host + (1ul << VTSC_FRACTION) - 1) >> VTSC_FRACTION;
	return host > ~0ul ? ~0ul : (uint64_t)host;
}
