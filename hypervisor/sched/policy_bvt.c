/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bvt: borrowed virtual time (Duda and Cheriton, SOSP 1999). A thread's
 * virtual time advances by its run time divided by its weight; the one furthest
 * behind runs, until it leads the next one by the switch allowance. A thread
 * that warps is judged as if it were behind by so much more: it runs sooner,
 * and has the same share, since its virtual time advances all the same.
 */
#include "cpu/tsc.h"
#include "lib/util.h"
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

/* The time a thread is judged by. */
static uint64_t effective(const struct thread *t)
{
	return t->warped ? t->vtime - t->warp : t->vtime;
}

/* Who wakes warps, unless it has just had its limit of that. */
static void warp(struct thread *t, uint64_t now)
{
	t->warped = t->warp && now >= t->warp_again;
	t->warp_left = t->warp_limit;
}

static void charge_warp(struct thread *t, uint64_t ran, uint64_t now)
{
	if (!t->warped || !t->warp_limit)
		return;
	t->warp_left -= MIN(ran, t->warp_left);
	if (t->warp_left)
		return;
	t->warped = false;
	t->warp_again = now + tsc_from_us(t->params.unwarp_us);
}

static struct thread *first(const struct runqueue *rq)
{
	return list_empty(&rq->queue) ? NULL : list_entry(rq->queue.next, struct thread, link);
}

static void bvt_init(struct runqueue *rq, struct thread *t, uint64_t now)
{
	t->vtime = rq->vtime;
	t->warp = virtual_of(t, tsc_from_us(t->params.warp_us));
	t->warp_limit = tsc_from_us(t->params.warp_limit_us);
	t->warp_again = now;
}

static void bvt_enqueue(struct runqueue *rq, struct thread *t, enum sched_why why, uint64_t now)
{
	const struct thread *head = first(rq);
	struct list *pos = rq->queue.prev;

	/* Time slept is not saved up: nobody comes back behind those who ran meanwhile. */
	if (why == SCHED_WOKEN && vtime_before(t->vtime, rq->vtime))
		t->vtime = rq->vtime;
	if (why == SCHED_WOKEN)
		warp(t, now);
	/* Who gives way lines up behind the next one, and pays the difference. */
	if (why == SCHED_YIELDED && head && vtime_before(effective(t), effective(head)))
		t->vtime += effective(head) - effective(t);
	while (pos != &rq->queue && vtime_before(effective(t), effective(list_entry(pos, struct thread, link))))
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

/* A warped thread may stand before others whose virtual time is less: the queue's first need not have the least. */
static void bvt_charge(struct runqueue *rq, struct thread *t, uint64_t ran, uint64_t now)
{
	const struct list *it;
	uint64_t least;

	t->vtime += virtual_of(t, ran);
	charge_warp(t, ran, now);
	least = t->vtime;
	list_for_each(it, &rq->queue)
		if (vtime_before(list_entry(it, struct thread, link)->vtime, least))
			least = list_entry(it, struct thread, link)->vtime;
	if (vtime_before(rq->vtime, least))
		rq->vtime = least;
}

/* The effective virtual time up to which `cur` may run. */
static uint64_t limit(const struct runqueue *rq, const struct thread *cur)
{
	return effective(first(rq)) + virtual_of(cur, rq->allowance);
}

static bool bvt_preempts(struct runqueue *rq, struct thread *cur, uint64_t now __unused)
{
	return first(rq) && !vtime_before(effective(cur), limit(rq, cur));
}

static uint64_t bvt_next_event(struct runqueue *rq, struct thread *cur, uint64_t now)
{
	uint64_t lead, run;

	if (!first(rq))
		return 0;
	lead = limit(rq, cur) - effective(cur);
	/* Rounded up: at the event the lead is complete. */
	run = (lead * weight_of(cur) + VT_SCALE - 1) / VT_SCALE;
	return now + (cur->warped && cur->warp_limit ? MIN(run, cur->warp_left) : run);
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
