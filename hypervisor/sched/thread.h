/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of the hypervisor: one a vCPU, one idle a CPU. A thread is bound to
 * its CPU for life. Threads are switched only where they call in here; the
 * hypervisor itself is never preempted. doc/feature/scheduling.md has the
 * policies.
 */
#pragma once

#include "cpu/percpu.h"
#include "lib/list.h"
#include "lib/types.h"
#include "public/scenario.h"

enum thread_state { THREAD_NEW, THREAD_RUNNABLE, THREAD_RUNNING, THREAD_BLOCKED, THREAD_DEAD };

struct sched_params {
	uint32_t priority;		/* 0..255, higher runs first (prio, adaptive, sporadic) */
	uint32_t weight;		/* share (bvt) 1..128, 0 = SCHED_DEFAULT_WEIGHT */
	uint32_t budget_us, period_us;	/* sporadic server; budget 0: plain priority */
	uint32_t floor;			/* adaptive: the level it never sinks below, at most priority; others wait for what it does */
	uint32_t warp_us;		/* bvt: run time by which it is put ahead when it wakes; 0: never */
	uint32_t warp_limit_us;		/* bvt: run time after which that ends; 0: when it blocks */
	uint32_t unwarp_us;		/* bvt: time after such an end before it is put ahead again */
};

#define SCHED_DEFAULT_WEIGHT	64u
#define SPORADIC_MAX_PENDING	8u

/* Run time a sporadic server gets back later. */
struct replenishment {
	uint64_t when;		/* TSC */
	uint64_t amount;	/* ticks */
};

struct thread {
	uint64_t rsp;			/* saved stack pointer while not running */
	void *stack;			/* (o) lowest address */
	uint32_t pcpu_id;		/* (o) */
	enum thread_state state;	/* [runqueue lock of pcpu_id] */
	bool wake_pending;		/* [runqueue lock] a wake came before the block */
	bool on_cpu;			/* its stack is in use; cleared by the thread that follows it */
	struct list link;		/* [runqueue lock] in the policy's queue */
	struct sched_params params;	/* (i) set between thread_create() and thread_start() */

	/* [runqueue lock] what the policies keep; times in TSC ticks */
	uint32_t level;			/* priority in effect now */
	uint64_t slice_left;		/* of the running or next slice */
	bool turn_over;			/* adaptive: a slice has ended since it was last weighed against the others */
	uint64_t vtime;			/* bvt: virtual time; compared as a signed difference */
	bool warped;			/* bvt: put ahead now */
	uint64_t warp;			/* bvt: by so much virtual time */
	uint64_t warp_limit, warp_left;	/* bvt: run time until that ends: whole (0: no limit), rest */
	uint64_t warp_again;		/* bvt: not before */
	int64_t budget_left;		/* sporadic: below 0 after an overrun */
	uint64_t budget, period;	/* sporadic: params in ticks */
	uint64_t run_end;		/* sporadic: when it last used budget up to */
	uint32_t nr_pending;
	struct replenishment pending[SPORADIC_MAX_PENDING];	/* sporadic: earliest first */

	uint64_t started, run_ticks;	/* [runqueue lock] accounting: charged up to, total; TSC */
	uint64_t waiting_since, wait_ticks;	/* [runqueue lock] the same for time it could run and others did; current thread reads the total */
	void (*body)(void *arg);	/* (o) never returns; ends by thread_exit() */
	void *arg;			/* (o) */
	/* (o) Called around a switch, own CPU, runqueue lock not held: saves/loads state kept in CPU registers. */
	void (*switch_out)(struct thread *t);
	void (*switch_in)(struct thread *t);
	char name[24];
};

/* Prepares this CPU's run queue for an enum scenario_policy and makes the caller its idle thread. After timer_init_cpu(). */
void sched_init_cpu(uint8_t policy);
/* True once that CPU has called sched_init_cpu(): threads can be created there. Any CPU. */
bool sched_cpu_ready(uint32_t pcpu_id);
/* Name of the policy of a CPU, for the shell; "none" before sched_init_cpu(). */
const char *sched_policy_name(uint32_t pcpu_id);

/*
 * Creates a thread in state NEW on `pcpu_id`; clears *t, so parameters and
 * switch hooks are filled in afterwards. 0, -ENOMEM, -EINVAL (no such CPU or
 * not ready), -EBUSY (its policy takes no further thread). Boot or vCPU thread.
 */
int thread_create(struct thread *t, const char *name, uint32_t pcpu_id, void (*body)(void *), void *arg) __must_check;
/* Frees a thread that is NEW or DEAD and not running on any CPU. */
void thread_destroy(struct thread *t);
/* NEW -> RUNNABLE; any CPU. */
void thread_start(struct thread *t);
/* Current thread waits until thread_wake(); returns at once when a wake came since the last block. Callers check their condition again. */
void thread_block(void);
/* Any CPU, any context but NMI. */
void thread_wake(struct thread *t);
/* Current thread lets others of its CPU run when the policy says so. */
void thread_yield(void);
/* Ends the current thread. */
void thread_exit(void) __noreturn;
/* True once the thread is DEAD and off its stack. */
bool thread_is_dead(const struct thread *t);
/* The address, and 8 bytes from there, lie on its stack. */
bool thread_owns_stack(const struct thread *t, uint64_t at);
/* The thread running on this CPU. */
struct thread *thread_current(void);

/* TSC ticks, up to `now`: how long it ran, and how long it could have run while others did. */
struct thread_times {
	uint64_t now, run, wait;
};
/* Any CPU; holds the lock of the thread's run queue for three additions. */
struct thread_times thread_times(const struct thread *t);

/* True when the policy wants another thread to run on this CPU. */
static inline bool sched_wanted(void)
{
	return READ_ONCE(*this_cpu()->sched_wanted);
}
/* Gives the CPU to whoever the policy picks. Own CPU, thread context. */
void schedule(void);
/* The idle thread's body: runs threads, else HLT with interrupts on. */
void sched_idle(void) __noreturn;
