/* SPDX-License-Identifier: BSD-3-Clause */
/* adaptive: a priority sinks by one with each slice used up, and is restored when the thread blocks. */
#include "sched/policy.h"

static void adaptive_init(struct runqueue *rq, struct thread *t, uint64_t now __unused)
{
	t->level = t->params.priority;
	t->slice_left = rq->slice;
}

static void adaptive_enqueue(struct runqueue *rq, struct thread *t, enum sched_why why, uint64_t now __unused)
{
	if (why == SCHED_WOKEN)
		t->level = t->params.priority;
	/* On its new level a thread that has sunk stands behind those already there. */
	if (t->turn_over)
		t->slice_left = 0;
	t->turn_over = false;
	level_enqueue(rq, t, why);
}

static struct thread *adaptive_pick(struct runqueue *rq, uint64_t now __unused)
{
	return level_pick(rq);
}

/* On its floor a thread sinks no further and only takes turns. */
static void adaptive_charge(struct runqueue *rq, struct thread *t, uint64_t ran, uint64_t now __unused)
{
	while (ran >= t->slice_left && t->level > t->params.floor) {
		ran -= t->slice_left;
		t->level--;
		t->slice_left = rq->slice;
		t->turn_over = true;
	}
	level_charge(t, ran);
	if (t->slice_left)
		return;
	t->slice_left = rq->slice;
	t->turn_over = true;
}

static bool adaptive_preempts(struct runqueue *rq, struct thread *cur, uint64_t now __unused)
{
	const struct thread *best = level_best(rq);
	bool other = best && (best->level > cur->level || (best->level == cur->level && cur->turn_over));

	/* Nobody to give way to: its next turn begins. */
	if (!other)
		cur->turn_over = false;
	return other;
}

/* Sinking matters as soon as anyone waits: below, too, there may be someone to meet. */
static uint64_t adaptive_next_event(struct runqueue *rq, struct thread *cur, uint64_t now)
{
	return list_empty(&rq->queue) ? 0 : now + cur->slice_left;
}

const struct sched_policy policy_adaptive = {
	.name = "adaptive",
	.init = adaptive_init,
	.enqueue = adaptive_enqueue,
	.pick = adaptive_pick,
	.charge = adaptive_charge,
	.preempts = adaptive_preempts,
	.next_event = adaptive_next_event,
};
