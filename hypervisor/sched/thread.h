/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of the hypervisor: one a vCPU, one idle a CPU. A thread is bound to
 * its CPU for life. Threads are switched only where they call in here; the
 * hypervisor itself is never preempted.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "public/scenario.h"

enum thread_state { THREAD_NEW, THREAD_RUNNABLE, THREAD_RUNNING, THREAD_BLOCKED, THREAD_DEAD };

struct sched_params {
	uint32_t priority;		/* higher runs first (prio, adaptive, sporadic) */
	uint32_t weight;		/* share (bvt) 1..128 */
	uint32_t budget_us, period_us;	/* sporadic server */
};

struct thread {
	uint64_t rsp;			/* saved stack pointer while not running */
	void *stack;			/* (o) lowest address */
	uint32_t pcpu_id;		/* (o) */
	enum thread_state state;	/* [runqueue lock of pcpu_id] */
	bool wake_pending;		/* [runqueue lock] a wake came before the block */
	struct list link;		/* [runqueue lock] in the policy's queue */
	struct sched_params params;	/* (i) */
	uint64_t vtime;			/* [runqueue lock] bvt: virtual time; ticks */
	uint64_t slice_end;		/* [runqueue lock] TSC when the slice is used up, 0 = none */
	uint64_t started, run_ticks;	/* accounting, TSC */
	void (*body)(void *arg);	/* (o) never returns; ends by thread_exit() */
	void *arg;			/* (o) */
	/* (o) Called around a switch, own CPU, runqueue lock not held: saves/loads state kept in CPU registers. */
	void (*switch_out)(struct thread *t);
	void (*switch_in)(struct thread *t);
	char name[24];
};

/* Prepares this CPU's run queue and makes the caller its idle thread. */
void sched_init_cpu(uint8_t policy);

/* Creates a thread in state NEW on `pcpu_id`. 0, -ENOMEM, -EINVAL. Boot or vCPU thread. */
int thread_create(struct thread *t, const char *name, uint32_t pcpu_id, void (*body)(void *), void *arg) __must_check;
/* Frees a thread that is NEW or DEAD and not running on any CPU. */
void thread_destroy(struct thread *t);
/* NEW -> RUNNABLE; any CPU. */
void thread_start(struct thread *t);
/* Current thread waits until thread_wake(); returns at once when a wake came since the last block. */
void thread_block(void);
/* Any CPU, any context but NMI. */
void thread_wake(struct thread *t);
/* Current thread lets others of its CPU run when the policy says so. */
void thread_yield(void);
/* Ends the current thread. */
void thread_exit(void) __noreturn;
/* True once the thread is DEAD and off its stack. */
bool thread_is_dead(const struct thread *t);

/* True when the policy wants another thread to run on this CPU; one load. */
bool sched_wanted(void);
/* Gives the CPU to whoever the policy picks. Own CPU, thread context. */
void schedule(void);
/* The idle thread's body: runs threads, else HLT with interrupts on. */
void sched_idle(void) __noreturn;
