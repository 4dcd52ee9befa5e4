/* SPDX-License-Identifier: BSD-3-Clause */
/* See dm_timer.h. */
#include "dm_timer.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/timer.h"

#define MAX_TIMERS 16

struct timer {
	bool open, armed;
	uint64_t next_ns, period_ns;
	struct timer_handler handler;
};

uint64_t fake_clock_ns = 1000000000;
static struct timer timers[MAX_TIMERS];

uint64_t clock_ns(void)
{
	return fake_clock_ns;
}

int timer_open(struct vm *vm, struct timer_handler handler, struct timer **out)
{
	(void)vm;
	for (int i = 0; i < MAX_TIMERS; i++) {
		if (timers[i].open)
			continue;
		timers[i] = (struct timer){ .open = true, .handler = handler };
		*out = &timers[i];
		return 0;
	}
	return -ENOMEM;
}

void timer_arm(struct timer *t, uint64_t first_ns, uint64_t period_ns)
{
	t->armed = true;
	t->next_ns = first_ns;
	t->period_ns = period_ns;
}

void timer_disarm(struct timer *t)
{
	t->armed = false;
}

void timer_close(struct timer *t)
{
	if (t)
		t->open = t->armed = false;
}

void fake_clock_advance(uint64_t ns)
{
	uint64_t end = fake_clock_ns + ns;

	for (;;) {
		struct timer *first = NULL;

		for (int i = 0; i < MAX_TIMERS; i++)
			if (timers[i].armed && timers[i].next_ns <= end &&
			    (!first || timers[i].next_ns < first->next_ns))
				first = &timers[i];
		if (!first)
			break;
		if (first->next_ns > fake_clock_ns)
			fake_clock_ns = first->next_ns;
		if (first->period_ns)
			first->next_ns += first->period_ns;
		else
			first->armed = false;
		first->handler.fn(first->handler.arg, 1);
	}
	fake_clock_ns = end;
}
