/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per-CPU timer queues: a list sorted by deadline, its head in the LAPIC timer. A machine without one uses the VMX-preemption
 * timer, which VM entries set to the head; while no guest runs the idle loop polls.
 */
#include "irq/timer.h"

#include "cpu/percpu.h"
#include "cpu/trace.h"
#include "cpu/tsc.h"
#include "irq/lapic.h"

struct timer_queue {
	struct list list;	/* armed timers, earliest first; own CPU only */
	uint64_t programmed;	/* deadline the hardware holds or VM entries set, 0: none */
	bool expiring;		/* handlers run: the hardware is programmed when they are done */
} __aligned(64);

static struct timer_queue queues[MAX_PCPUS];

static struct timer_queue *this_queue(void)
{
	return &queues[this_pcpu_id()];
}

/* Makes the hardware agree with the head of the queue; writes it only when something changed. */
static void queue_program(struct timer_queue *q)
{
	uint64_t deadline = 0;

	if (q->expiring)
		return;
	if (this_cpu()->lapic_owned_by_guest) {
		/* Whatever the guest leaves there, it is not ours. */
		q->programmed = 0;
		return;
	}
	if (!list_empty(&q->list))
		deadline = list_entry(q->list.next, struct timer, link)->deadline;
	if (deadline == q->programmed)
		return;
	q->programmed = deadline;
	lapic_timer_arm(deadline);
}

/* Most new deadlines are among the later ones, so look from the end; equal ones keep the order of starting. */
static void queue_insert(struct timer_queue *q, struct timer *t)
{
	struct list *pos = q->list.prev;

	while (pos != &q->list && list_entry(pos, struct timer, link)->deadline > t->deadline)
		pos = pos->prev;
	list_push(pos, &t->link);
}

/* Empties this CPU's queue and stops its hardware timer. Own CPU, once, after lapic_init(). */
void timer_init_cpu(void)
{
	struct timer_queue *q = this_queue();

	list_init(&q->list);
	q->programmed = 0;
	q->expiring = false;
	lapic_timer_arm(0);
}

/* Prepares a timer that is not armed; any CPU. */
void timer_init(struct timer *t, void (*fn)(void *arg), void *arg)
{
	list_init(&t->link);
	t->deadline = 0;
	t->fn = fn;
	t->arg = arg;
	t->armed = false;
}

/* Arms or moves a timer; a deadline in the past fires at the next chance. Own CPU, interrupts off. */
void timer_start(struct timer *t, uint64_t deadline)
{
	struct timer_queue *q = this_queue();

	critical_enter();
	if (t->armed)
		list_remove(&t->link);
	/* 0 means "none" to the hardware; 1 has passed as well. */
	t->deadline = deadline ? deadline : 1;
	t->armed = true;
	trace(TRACE_TIMER_ADDED, t->deadline, 0);
	queue_insert(q, t);
	queue_program(q);
	critical_leave();
}

/* Disarms a timer, armed or not; afterwards its handler does not run. Own CPU, interrupts off. */
void timer_stop(struct timer *t)
{
	if (!t->armed)
		return;
	critical_enter();
	list_remove(&t->link);
	t->armed = false;
	queue_program(this_queue());
	critical_leave();
}

/* See the header. */
void timer_expire(void)
{
	struct timer_queue *q = this_queue();
	struct list due;
	uint64_t now = tsc_now();

	trace(TRACE_TIMER_IRQ, 0, 0);
	/*
	 * What is due now goes to a list of its own: a handler that starts its
	 * timer again with a deadline already past must not keep us here.
	 */
	critical_enter();
	list_init(&due);
	while (!list_empty(&q->list) && list_entry(q->list.next, struct timer, link)->deadline <= now) {
		struct list *l = q->list.next;

		list_remove(l);
		list_append(&due, l);
	}
	q->expiring = true;
	while (!list_empty(&due)) {
		struct timer *t = list_entry(due.next, struct timer, link);

		list_remove(&t->link);
		t->armed = false;
		t->fn(t->arg);
	}
	q->expiring = false;
	/* Whatever was programmed has fired, or fired too early: write it anew. */
	q->programmed = 0;
	queue_program(q);
	critical_leave();
}

/* See the header. */
uint64_t timer_next(void)
{
	return this_queue()->programmed;
}

/* See the header. */
bool timer_poll(void)
{
	uint64_t next;

	if (likely(lapic_has_timer()))
		return false;
	next = timer_next();
	if (!next || next > tsc_now())
		return next;
	/* What expired may have woken a thread, even if no timer is left: not the moment to halt. */
	timer_expire();
	return true;
}
