/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake time: a TSC the test moves, and the timer queue of the one fake CPU. */
#pragma once

#include "lib/types.h"

extern uint64_t fake_tsc;	/* what tsc_now() answers */
extern uint64_t fake_tsc_khz;	/* default 1,000,000: one tick a nanosecond */
extern uint64_t fake_timer_late;	/* ticks by which every timer fires after its deadline */

/* Notifications of posted interrupts, and the CPU that got the last one; kicks. */
extern uint32_t fake_nr_posted, fake_posted_pcpu, fake_nr_kicks;
extern void (*fake_on_serve)(void);	/* ipi_serve() */
extern uint32_t fake_call_pcpu;	/* whose ipi_call() runs now */

/* Moves the TSC to `tsc`; due timers fire on the way, in order, each at its deadline plus fake_timer_late. */
void fake_time_to(uint64_t tsc);
void fake_time_pass(uint64_t ticks);
/* Deadline of the earliest timer, 0: none. */
uint64_t fake_time_next(void);
/* Forgets all timers; TSC to 0. */
void fake_time_reset(void);
