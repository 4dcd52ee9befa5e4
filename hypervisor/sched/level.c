/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues ordered by level, with slices inside a level: the base of prio, rr, adaptive and sporadic. */
#include "sched/policy.h"

/* See policy.h. */
struct thread *level_best(const struct runqueue *rq)
{
	struct thread *best = NULL;
	struct list *l;

	list_for_each(l, &rq->queue) {
		struct thread *t = list_entry(l, struct thread, link);

		if (!best || t->level > best->level)
			best = t;
	}
	return best;
}

/* See policy.h. */
void level_enqueue(struct runqueue *rq, struct thread *t, enum sched_why why)
{
	if (why == SCHED_PREEMPTED && t->slice_left) {
		list_push(&rq->queue, &t->link);
		return;
	}
	t->slice_left = rq->slice;
	list_append(&rq->queue, &t->link);
}

/* See policy.h. */
struct thread *level_pick(struct runqueue *rq)
{
	struct thread *t = level_best(rq);

	if (t)
		list_remove(&t->link);
	return t;
}

/* See policy.h. */
bool level_preempts(const struct runqueue *rq, const struct thread *cur)
{
	const struct thread *best = level_best(rq);

	return best && (best->level > cur->level || (best->level == cur->level && !cur->slice_left));
}

/* See policy.h. */
uint64_t level_slice_end(const struct runqueue *rq, const struct thread *cur, uint64_t now)
{
	const struct thread *best = level_best(rq);

	return best && best->level == cur->level ? now + cur->slice_left : 0;
}

/* See policy.h. */
void level_charge(struct thread *t, uint64_t ran)
{
	t->slice_left -= ran < t->slice_left ? ran : t->slice_left;
}
