/* SPDX-License-Identifier: BSD-3-Clause */
/* prio: fixed priorities, preemptive; threads of one priority take turns of a slice. */
#include "sched/policy.h"

static void prio_init(struct runqueue *rq, struct thread *t, uint64_t now __unused)
{
	t->level = t->params.priority;
	t->slice_left = rq->slice;
}

static void prio_enqueue(struct runqueue *rq, struct thread *t, enum sched_why why, uint64_t now __unused)
{
	level_enqueue(rq, t, why);
}

static struct thread *prio_pick(struct runqueue *rq, uint64_t now __unused)
{
	return level_pick(rq);
}

static void prio_charge(struct runqueue *rq __unused, struct thread *t, uint64_t ran, uint64_t now __unused)
{
	level_charge(t, ran);
}

static bool prio_preempts(struct runqueue *rq, struct thread *cur, uint64_t now __unused)
{
	return level_preempts(rq, cur);
}

static uint64_t prio_next_event(struct runqueue *rq, struct thread *cur, uint64_t now)
{
	return level_slice_end(rq, cur, now);
}

const struct sched_policy policy_prio = {
	.name = "prio",
	.init = prio_init,
	.enqueue = prio_enqueue,
	.pick = prio_pick,
	.charge = prio_charge,
	.preempts = prio_preempts,
	.next_event = prio_next_event,
};
