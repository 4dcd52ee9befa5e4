/* SPDX-License-Identifier: BSD-3-Clause */
/* What the programs of VMs that share a CPU have in common. */
#pragma once

#include "lib/types.h"

#define WINDOW_SHIFT	27u	/* all VMs measure from a multiple of 2^27 TSC ticks on */

/*
 * The time this VM ran, as it sees it: a look at the TSC that comes long after
 * the one before means that the CPU was elsewhere between them.
 */
struct presence {
	uint64_t start, end;	/* of the window, TSC */
	uint64_t last;
	uint64_t own;		/* ticks seen from one look to the next */
	uint64_t longest_gap;
	uint32_t nr_gaps;
};

/* A gap is longer than any exit, and shorter than any turn of another VM. */
#define GAP_TICKS	20000u

/* Waits for the next common window; its length is the argument `window` in us. Interrupts are on afterwards. */
void presence_begin(struct presence *p);
/* Takes note of the time; false when the window is over. `gap`: how long the CPU was elsewhere before, or 0. */
bool presence_look(struct presence *p, uint64_t *gap);
/* Checks the share, in 1/10000 of the window, against the arguments `share` (within 5 % of it) or `least`; without them prints it. */
void presence_report(const struct presence *p);

void role_spin(void);		/* computes */
void role_exits(void);		/* leaves the guest as often as it can */
void role_timer(void);		/* a periodic timer that leaves it little time */
void role_halt(void);		/* sleeps and is woken all the time */
void role_ipi(void);		/* interrupts itself */
void role_talk(void);		/* writes more than the console carries */
void role_latency(void);	/* sleeps to a deadline and looks how late it wakes */
void role_steal(void);		/* computes, and compares what is told of stolen time with what it sees */
void role_budget(void);		/* computes, and finds the most it got in any period */
