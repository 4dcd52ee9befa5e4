/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sleeping with a timer instead of yielding: the awaited thread may have a
 * lower priority on the same CPU.
 */
#include "machine/wait.h"

#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "irq/timer.h"
#include "sched/thread.h"
#include "x86/insn.h"

#define LOOK_US 50u

static void wake(void *arg)
{
	thread_wake(arg);
}

void wait_until(bool (*done)(void *arg), void *arg)
{
	struct thread *self = this_cpu()->current;
	struct timer t;

	if (!self || self == this_cpu()->idle) {
		while (!done(arg))
			cpu_pause();
		return;
	}
	timer_init(&t, wake, self);
	while (!done(arg)) {
		timer_start(&t, tsc_now() + tsc_from_us(LOOK_US));
		thread_block();
		timer_stop(&t);
	}
}
