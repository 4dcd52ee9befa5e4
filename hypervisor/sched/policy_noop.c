/* SPDX-License-Identifier: BSD-3-Clause */
/* noop: one thread owns the CPU; nothing is measured and no timer is armed. */
#include "sched/policy.h"

static void noop_enqueue(struct runqueue *rq, struct thread *t, enum sched_why why __unused, uint64_t now __unused)
{
	list_append(&rq->queue, &t->link);
}

static struct thread *noop_pick(struct runqueue *rq, uint64_t now __unused)
{
	return level_pick(rq);
}

static bool noop_preempts(struct runqueue *rq __unused, struct thread *cur __unused, uint64_t now __unused)
{
	return false;
}

static uint64_t noop_next_event(struct runqueue *rq __unused, struct thread *cur __unused, uint64_t now __unused)
{
	return 0;
}

const struct sched_policy policy_noop = {
	.name = "noop",
	.exclusive = true,
	.enqueue = noop_enqueue,
	.pick = noop_pick,
	.preempts = noop_preempts,
	.next_event = noop_next_event,
};
