/* SPDX-License-Identifier: BSD-3-Clause */
/* Timers on the event thread (timerfd, CLOCK_MONOTONIC). Callbacks hold the device lock. */
#pragma once

#include <stdint.h>

struct vm;
struct timer;

/* @nr_expired is how many periods have passed since the last call (1 for a one-shot). */
struct timer_handler {
	void (*fn)(void *arg, uint64_t nr_expired);
	void *arg;
};

/* Nanoseconds of CLOCK_MONOTONIC: the one clock of all device timers. A few dozen instructions. */
uint64_t clock_ns(void);

/* Make a disarmed timer. -errno. */
int timer_open(struct vm *vm, struct timer_handler handler, struct timer **out);

/*
 * Fire first at the absolute time @first_ns of clock_ns() (a past time fires at once), then every
 * @period_ns, 0 = once. Replaces what was armed before. Device lock held.
 */
void timer_arm(struct timer *t, uint64_t first_ns, uint64_t period_ns);

/* No further calls. Device lock held. */
void timer_disarm(struct timer *t);

/* Disarm and free; NULL is allowed. Device lock held, or event thread not running. */
void timer_close(struct timer *t);
