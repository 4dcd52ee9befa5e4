/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A simulated CPU for unit tests of the scheduler: the real core and policies,
 * a clock the test moves, and threads that only exist as names. What would be
 * "the running code" is the test itself: it lets time pass with sim_run() and
 * acts for the current thread (thread_block(), thread_yield()) in between.
 * One tick is one nanosecond.
 */
#pragma once

#include "sched/policy.h"

#define SIM_US 1000ul
#define SIM_MS 1000000ul
#define SIM_MAX_THREADS 8
#define SIM_LOG 32768

/* A stretch of time one thread ran without another one between. */
struct sim_run {
	struct thread *thread;
	uint64_t start, end;
};

struct sim {
	uint64_t now;
	uint64_t timer_late;		/* how much later than its deadline the timer fires */
	uint32_t nr_kicks[MAX_PCPUS];
	uint32_t nr_runs;
	struct sim_run run[SIM_LOG];	/* idle time is not noted */
	uint32_t nr_timer_starts;
};

extern struct sim sim;

/* A fresh machine; CPU 0 runs its idle thread under `policy`. */
void sim_init(uint8_t policy);

/* Makes this_cpu() mean another CPU, initialised with `policy` when it is new. */
void sim_cpu(uint32_t pcpu_id, uint8_t policy);

/* A started thread on the present CPU. */
struct thread *sim_thread(const char *name, struct sched_params params);

/* Lets `ticks` pass; switches and timer interrupts happen as on the machine. */
void sim_run(uint64_t ticks);

/* Does pending switches, no time passes. */
void sim_settle(void);

/* Time `t` ran so far. */
uint64_t sim_ran(const struct thread *t);

/* Names of the threads in the order they ran, one character each: "abab". */
const char *sim_order(void);

/* Ends and frees all threads; fails when a stack is lost. */
void sim_fini(void);
