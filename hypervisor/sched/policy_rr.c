/* SPDX-License-Identifier: BSD-3-Clause */
/* rr: all threads are equal and take turns of a slice. */
#include "sched/policy.h"

static void rr_init(struct runqueue *rq, struct thread *t, uint64_t now __unused)
{
	t->level = 0;
	t->slice_left = rq->slice;
}

static void rr_enqueue(struct runqueue *rq, struct thread *t, enum sched_why why, uint64_t now __unused)
{
	level_enqueue(rq, t, why);
}

static struct thread *rr_pick(struct runqueue *rq, uint64_t now __unused)
{
	return level_pick(rq);
}

static void rr_charge(struct runqueue *rq __unused, struct thread *t, uint64_t ran, uint64_t now __unused)
{
	level_charge(t, ran);
}

static bool rr_preempts(struct runqueue *rq, struct thread *cur, uint64_t now __unused)
{
	return level_preempts(rq, cur);
}

static uint64_t rr_next_event(struct runqueue *rq, struct thread *cur, uint64_t now)
{
	return level_slice_end(rq, cur, now);
}

const struct sched_policy policy_rr = {
	.name = "rr",
	.init = rr_init,
	.enqueue = rr_enqueue,
	.pick = rr_pick,
	.charge = rr_charge,
	.preempts = rr_preempts,
	.next_event = rr_next_event,
};
