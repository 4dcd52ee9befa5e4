/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over a trace: exits by reason, interrupts by vector, who used the CPUs. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "names.h"
#include "public/trace.h"

#define SUMMARY_THREADS	64u	/* of one CPU; the time of more is not told apart */
#define SUMMARY_VECTORS	256u

struct summary_thread {
	char name[17];
	uint64_t ticks;
};

struct summary_cpu {
	uint64_t events, lost;
	uint64_t first, last;		/* TSC */
	uint64_t guest, idle;		/* ticks in guest mode, in thread "idle" */
	uint32_t nr_threads, now;	/* threads[now] runs */
	uint64_t now_since;
	bool in_exit, in_guest;		/* since `since` */
	uint32_t reason;		/* of the exit being handled */
	uint64_t since;
	struct summary_thread threads[SUMMARY_THREADS];
};

struct summary_exit {
	uint64_t count;
	uint64_t timed, ticks, max;	/* exits whose next entry was seen: ticks in between */
};

struct summary {
	uint64_t tsc_khz;
	struct summary_exit exits[NR_REASONS];
	uint64_t vectors[SUMMARY_VECTORS];
	uint64_t hypercalls, ioreqs, timers;
	uint32_t nr_cpus;		/* highest CPU with an event, plus 1 */
	struct summary_cpu cpus[256];
};

void summary_put(struct summary *s, uint32_t cpu, const struct acrn_trace_entry *entry);
void summary_print(const struct summary *s, FILE *out);
void summary_json(const struct summary *s, FILE *out);
