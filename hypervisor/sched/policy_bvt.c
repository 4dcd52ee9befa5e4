/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bvt: borrowed virtual time (Duda and Cheriton, SOSP 1999), without warp. A
 * thread's virtual time advances by its run time divided by its weight; the one
 * furthest behind runs, until it leads the next one by the switch allowance.
 */
#include "sched/policy.h"

/* One real tick at weight VT_SCALE is one tick of virtual time. */
#define VT_SCALE 128u

static uint64_t weight_of(const struct thread *t)
{
	uint32_t w = t->params.weight;

	if (!w)
		return SCHED_DEFAULT_WEIGHT;
	return w > VT_SCALE ? VT_SCALE : w;
}

/* Virtual times wrap around; they are never further apart than half the range. */
static bool vtime_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

static uint64_t virtual_of(const struct thread *t, uint64_t ticks)
{
	return ticks * VT_SCALE / weight_of(t);
}

static struct thread *first(const struct runqueue *rq)
{
	return list_empty(&rq->queue) ? NULL : list_entry(rq->queue.next, struct thread, link);
}

static void bvt_init(struct runqueue *rq, struct thread *t, uint64_t now __unused)
{
	t->vtime = rq->vtime;
}

static void bvt_enqueue(struct runqueue *rq, struct thread *t, enum sched_why why, uint64_t now __unused)
{
	struct list *pos = rq->queue.prev;

	/* Time slept is not saved up: nobody comes back behind those who ran meanwhile. */
	if (why == SCHED_WOKEN && vtime_before(t->vtime, rq->vtime))
		t->vtime = rq->vtime;
	/* Who gives way lines up behind the next one, and pays the difference. */
	if (why == SCHED_YIELDED && first(rq) && vtime_before(t->vtime, first(rq)->vtime))
		t->vtime = first(rq)->vtime;
	while (pos != &rq->queue && vtime_before(t->vtime, list_entry(pos, struct thread, link)->vtime))
		pos = pos->prev;
	list_push(pos, &t->link);
}

static struct thread *bvt_pick(struct runqueue *rq, uint64_t now __unused)
{
	struct thread *t = first(rq);

	if (t)
		list_remove(&t->link);
	return t;
}

static void bvt_charge(struct runqueue *rq, struct thread *t, uint64_t ran, uint64_t now __unused)
{
	const struct thread *head = first(rq);
	uint64_t least;

	t->vtime += virtual_of(t, ran);
	least = head && vtime_before(head->vtime, t->vtime) ? head->vtime : t->vtime;
	if (vtime_before(rq->vtime, least))
		rq->vtime = least;
}

/* The virtual time up to which `cur` may run. */
static uint64_t limit(const struct runqueue *rq, const struct thread *cur)
{
	return first(rq)->vtime + virtual_of(cur, rq->allowance);
}

static bool bvt_preempts(struct runqueue *rq, struct thread *cur, uint64_t now __unused)
{
	return first(rq) && !vtime_before(cur->vtime, limit(rq, cur));
}

static uint64_t bvt_next_event(struct runqueue *rq, struct thread *cur, uint64_t now)
{
	uint64_t lead;

	if (!first(rq))
		return 0;
	lead = limit(rq, cur) - cur->vtime;
	/* Rounded up: at the event the lead is complete. */
	return now + (lead * weight_of(cur) + VT_SCALE - 1) / VT_SCALE;
}

const struct sched_policy policy_bvt = {
	.name = "bvt",
	.init = bvt_init,
	.enqueue = bvt_enqueue,
	.pick = bvt_pick,
	.charge = bvt_charge,
	.preempts = bvt_preempts,
	.next_event = bvt_next_event,
};
