/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a scheduling policy is made of, private to sched/. The core (sched.c)
 * owns states, wake-ups, switches and the timer; a policy orders the threads
 * that could run. The running thread is never in the queue. All functions run
 * with the run queue's lock held; times are TSC ticks.
 */
#pragma once

#include "irq/timer.h"
#include "lib/spinlock.h"
#include "sched/thread.h"

struct runqueue;

/* Why a thread comes into the queue. */
enum sched_why {
	SCHED_WOKEN,		/* it was new or blocked */
	SCHED_PREEMPTED,	/* the policy chose another one */
	SCHED_YIELDED,		/* it gave way by itself */
};

struct sched_policy {
	const char *name;
	bool exclusive;		/* at most one thread a CPU */
	/* A thread becomes RUNNABLE for the first time; NULL: nothing to prepare. */
	void (*init)(struct runqueue *rq, struct thread *t, uint64_t now);
	/* Takes a thread into the queue. */
	void (*enqueue)(struct runqueue *rq, struct thread *t, enum sched_why why, uint64_t now);
	/* Takes the thread to run out of the queue; NULL when empty. */
	struct thread *(*pick)(struct runqueue *rq, uint64_t now);
	/* `t` has run for `ran` ticks up to `now`; NULL: of no interest. */
	void (*charge)(struct runqueue *rq, struct thread *t, uint64_t ran, uint64_t now);
	/* True when someone in the queue is to run instead of `cur`. */
	bool (*preempts)(struct runqueue *rq, struct thread *cur, uint64_t now);
	/* When preempts() could next turn true without a wake-up; 0: never. */
	uint64_t (*next_event)(struct runqueue *rq, struct thread *cur, uint64_t now);
};

struct runqueue {
	struct spinlock lock;
	bool wanted;			/* schedule() has something to do; written with the lock held, read by the own CPU */
	bool ready;			/* (o) */
	const struct sched_policy *policy;	/* (o) */
	struct thread *current;		/* [lock] */
	struct thread *left;		/* own CPU: whose stack was in use before current's */
	uint32_t nr_threads;		/* [lock] created and not destroyed, idle not counted */
	struct list queue;		/* [lock] runnable threads, in the policy's order */
	uint64_t vtime;			/* [lock] bvt: no runnable thread is behind it */
	uint64_t slice;			/* (o) ticks */
	uint64_t allowance;		/* (o) bvt: real time by which the current one may lead, ticks */
	struct timer timer;		/* own CPU: the policy's next event */
	struct thread idle;
} __aligned(64);

#define SCHED_SLICE_US		10000u
#define SCHED_ALLOWANCE_US	2000u

extern struct runqueue runqueues[MAX_PCPUS];

extern const struct sched_policy policy_noop, policy_prio, policy_rr, policy_bvt, policy_adaptive, policy_sporadic;

/* Ends a switch: what the thread that has just got the CPU does first. */
void sched_switched(void);

/* Ends the current thread's life: DEAD, and never scheduled again. */
void sched_end_current(void) __noreturn;

/* switch.S: saves the callee-saved registers and the stack pointer, and goes on where `next_rsp` was saved. */
void context_switch(uint64_t *save_rsp, uint64_t next_rsp);

/*
 * Queues ordered by thread.level: the list keeps the order of arrival, and the
 * first of the highest level is next. Levels may change while queued. A CPU has
 * few threads, so a walk is cheaper than keeping order.
 */
struct thread *level_best(const struct runqueue *rq);
/* Behind its equals with a fresh slice, or before them when it still has some of its slice. */
void level_enqueue(struct runqueue *rq, struct thread *t, enum sched_why why);
struct thread *level_pick(struct runqueue *rq);
/* A higher level waits, or an equal one and the slice is used up. */
bool level_preempts(const struct runqueue *rq, const struct thread *cur);
/* When the slice of `cur` ends in favour of a waiting equal; 0: there is none. */
uint64_t level_slice_end(const struct runqueue *rq, const struct thread *cur, uint64_t now);
/* Takes `ran` ticks off the slice. */
void level_charge(struct thread *t, uint64_t ran);
