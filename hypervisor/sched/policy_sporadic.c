/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sporadic: priorities with budgets. A thread runs at its priority while it has
 * budget, else on level 0, in the background. Run time at the priority is given
 * back one period after the begin of the uninterrupted run that used it:
 *
 *	 run, 3 ticks              given back: +3
 *	|###|......................|###|
 *	s   e                      s+T
 *
 * Each tick of budget so is used at most once in any window of length T, and a
 * thread never gets more than its budget at its priority in any such window,
 * however its runs are cut up. (POSIX.1's SCHED_SPORADIC lets more through: it
 * counts from the moment a thread becomes ready.)
 */
#include "cpu/tsc.h"
#include "lib/util.h"
#include "sched/policy.h"

static void level_update(struct thread *t)
{
	t->level = !t->budget || t->budget_left > 0 ? t->params.priority : 0;
}

static void sporadic_init(struct runqueue *rq, struct thread *t, uint64_t now)
{
	t->period = tsc_from_us(t->params.period_us);
	t->budget = MIN(tsc_from_us(t->params.budget_us), t->period);
	t->budget_left = (int64_t)t->budget;
	t->nr_pending = 0;
	t->run_end = now;
	t->slice_left = rq->slice;
	level_update(t);
}

/* Gives back what is due. */
static void replenish(struct thread *t, uint64_t now)
{
	uint32_t n = 0;

	while (n < t->nr_pending && t->pending[n].when <= now)
		t->budget_left += (int64_t)t->pending[n++].amount;
	t->nr_pending -= n;
	for (uint32_t i = 0; n && i < t->nr_pending; i++)
		t->pending[i] = t->pending[i + n];
	level_update(t);
}

/* Notes that budget was used during [start, start + used). */
static void consume(struct thread *t, uint64_t start, uint64_t used)
{
	struct replenishment *last = t->nr_pending ? &t->pending[t->nr_pending - 1] : NULL;

	if (!used)
		return;
	t->budget_left -= (int64_t)used;
	if (last && t->run_end == start) {
		/* The same run, charged in pieces. */
		last->amount += used;
	} else if (t->nr_pending < SPORADIC_MAX_PENDING) {
		t->pending[t->nr_pending++] = (struct replenishment){ start + t->period, used };
	} else {
		/* No room: the newest two come together, at the later time, so never too early. */
		last->when = start + t->period;
		last->amount += used;
	}
	t->run_end = start + used;
}

static void sporadic_charge(struct runqueue *rq, struct thread *t, uint64_t ran, uint64_t now)
{
	level_charge(t, ran);
	if (!t->budget)
		return;
	if (t->budget_left > 0) {
		uint64_t used = ran;

		/*
		 * Alone on the CPU nobody stopped it at the end of its budget; that
		 * time counts as background. The budget is taken from the last part
		 * of the run, which is the later, hence the safe, time for giving it
		 * back. With others waiting the timer ends the run, and what it is
		 * late counts as used.
		 */
		if (list_empty(&rq->queue) && used > (uint64_t)t->budget_left)
			used = (uint64_t)t->budget_left;
		consume(t, now - used, used);
	}
	replenish(t, now);
}

static void sporadic_enqueue(struct runqueue *rq, struct thread *t, enum sched_why why, uint64_t now)
{
	replenish(t, now);
	level_enqueue(rq, t, why);
}

static void queue_replenish(struct runqueue *rq, uint64_t now)
{
	struct list *l;

	list_for_each(l, &rq->queue)
		replenish(list_entry(l, struct thread, link), now);
}

static struct thread *sporadic_pick(struct runqueue *rq, uint64_t now)
{
	queue_replenish(rq, now);
	return level_pick(rq);
}

static bool sporadic_preempts(struct runqueue *rq, struct thread *cur, uint64_t now)
{
	queue_replenish(rq, now);
	return level_preempts(rq, cur);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a || b < a ? b : a;
}

/* When an exhausted thread gets something back, if that is before `event`. */
static uint64_t replenish_event(const struct thread *t, uint64_t event)
{
	if (t->budget && t->budget_left <= 0 && t->nr_pending)
		return earlier(event, t->pending[0].when);
	return event;
}

static uint64_t sporadic_next_event(struct runqueue *rq, struct thread *cur, uint64_t now)
{
	uint64_t event = level_slice_end(rq, cur, now);
	struct list *l;

	if (list_empty(&rq->queue))
		return 0;
	if (cur->budget && cur->budget_left > 0)
		event = earlier(event, now + (uint64_t)cur->budget_left);
	event = replenish_event(cur, event);
	list_for_each(l, &rq->queue)
		event = replenish_event(list_entry(l, struct thread, link), event);
	return event;
}

const struct sched_policy policy_sporadic = {
	.name = "sporadic",
	.init = sporadic_init,
	.enqueue = sporadic_enqueue,
	.pick = sporadic_pick,
	.charge = sporadic_charge,
	.preempts = sporadic_preempts,
	.next_event = sporadic_next_event,
};
