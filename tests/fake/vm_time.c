/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake time, see vm_time.h. */
#include "vm_time.h"

#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "irq/ipi.h"
#include "irq/timer.h"

struct percpu percpu_area[MAX_PCPUS];
uint32_t nr_pcpus = 1;
uint32_t fake_nr_posted, fake_posted_pcpu, fake_nr_kicks, fake_call_pcpu;
void (*fake_on_serve)(void);
uint64_t fake_tsc, fake_tsc_khz = 1000000, fake_timer_late;

static struct list queue = LIST_INIT(queue);

uint64_t tsc_now(void) { return fake_tsc; }
uint64_t tsc_khz(void) { return fake_tsc_khz; }
uint64_t tsc_from_us(uint64_t us) { return us * fake_tsc_khz / 1000; }
uint64_t tsc_to_us(uint64_t ticks) { return ticks * 1000 / fake_tsc_khz; }

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg)
{
	*t = (struct timer){ .fn = fn, .arg = arg };
	list_init(&t->link);
}

void timer_stop(struct timer *t)
{
	list_remove(&t->link);
	t->armed = false;
}

void timer_start(struct timer *t, uint64_t deadline)
{
	struct list *pos;

	timer_stop(t);
	list_for_each(pos, &queue)
		if (list_entry(pos, struct timer, link)->deadline > deadline)
			break;
	list_insert_before(pos, &t->link);
	t->deadline = deadline;
	t->armed = true;
}

uint64_t fake_time_next(void)
{
	return list_empty(&queue) ? 0 : list_entry(queue.next, struct timer, link)->deadline;
}

void fake_time_to(uint64_t tsc)
{
	while (!list_empty(&queue)) {
		struct timer *t = list_entry(queue.next, struct timer, link);
		uint64_t when = t->deadline + fake_timer_late;

		if (when > tsc)
			break;
		timer_stop(t);
		if (when > fake_tsc)
			fake_tsc = when;
		t->fn(t->arg);
	}
	fake_tsc = tsc;
}

void fake_time_pass(uint64_t ticks)
{
	fake_time_to(fake_tsc + ticks);
}

void fake_time_reset(void)
{
	while (!list_empty(&queue))
		timer_stop(list_entry(queue.next, struct timer, link));
	fake_tsc = 0;
	fake_timer_late = 0;
}

void ipi_kick(uint32_t pcpu_id)
{
	(void)pcpu_id;
	fake_nr_kicks++;
}

void ipi_posted(uint32_t pcpu_id)
{
	fake_posted_pcpu = pcpu_id;
	fake_nr_posted++;
}

void ipi_serve(void)
{
	if (fake_on_serve)
		fake_on_serve();
}

void ipi_call(uint32_t pcpu_id, void (*fn)(void *arg), void *arg)
{
	uint32_t caller = fake_call_pcpu;

	fake_call_pcpu = pcpu_id;
	fn(arg);
	fake_call_pcpu = caller;
}
