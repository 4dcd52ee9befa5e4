/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per-CPU timer queue on the LAPIC timer. A timer belongs to the CPU that
 * starts it; only that CPU may start or stop it. Handlers run from the timer
 * interrupt (or VM exit) with interrupts off and may start timers again.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

struct timer {
	struct list link;	/* in the CPU's queue, sorted by deadline */
	uint64_t deadline;	/* TSC; fires at or after it, never before */
	void (*fn)(void *arg);	/* (o) */
	void *arg;		/* (o) */
	bool armed;
};

void timer_init_cpu(void);
void timer_init(struct timer *t, void (*fn)(void *arg), void *arg);
void timer_start(struct timer *t, uint64_t deadline);
void timer_stop(struct timer *t);
/* Earliest deadline of this CPU that the hardware is to have, 0: none. Own CPU, interrupts off. */
uint64_t timer_next(void);
/* For the idle loop: where no timer interrupts, runs what is due; true: something was, or is ahead: the CPU must not halt. */
bool timer_poll(void);
/* Runs what is due and programs the hardware for the next; called by vector_dispatch and the preemption timer's exit. */
void timer_expire(void);
