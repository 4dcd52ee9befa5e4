/* SPDX-License-Identifier: BSD-3-Clause */
/* Birth and death of threads. */
#include "sched/thread.h"

#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/hostmap.h"
#include "sched/policy.h"

#define STACK_PAGES 4u

/* Where a new thread's first switch leads. */
static void thread_main(void)
{
	struct thread *t = this_cpu()->current;

	sched_switched();
	t->body(t->arg);
	thread_exit();
}

/*
 * The stack as context_switch() left it, had the thread been called from
 * nowhere; highest address first:
 *
 *	0		return address of thread_main(), ends backtraces
 *	thread_main	where context_switch() returns to
 *	0 x 6		rbp rbx r12 r13 r14 r15
 */
static uint64_t stack_prepare(void *stack, uint64_t size)
{
	uint64_t *sp = (uint64_t *)((uint8_t *)stack + size);

	/* At the entry of a function rsp is 8 off a multiple of 16. */
	*--sp = 0;
	*--sp = (uint64_t)thread_main;
	for (int i = 0; i < 6; i++)
		*--sp = 0;
	return (uint64_t)sp;
}

/* Counts the thread in, unless the policy takes no more. */
static int admit(uint32_t pcpu_id)
{
	struct runqueue *rq = &runqueues[pcpu_id];
	int err = 0;

	spin_lock(&rq->lock);
	if (rq->policy->exclusive && rq->nr_threads)
		err = -EBUSY;
	else
		rq->nr_threads++;
	spin_unlock(&rq->lock);
	return err;
}

static void dismiss(uint32_t pcpu_id)
{
	struct runqueue *rq = &runqueues[pcpu_id];

	spin_lock(&rq->lock);
	rq->nr_threads--;
	spin_unlock(&rq->lock);
}

/* See the header. */
int thread_create(struct thread *t, const char *name, uint32_t pcpu_id, void (*body)(void *), void *arg)
{
	int err;

	if (!sched_cpu_ready(pcpu_id))
		return ERR(-EINVAL);
	err = admit(pcpu_id);
	if (err)
		return ERR(err);
	*t = (struct thread){ .pcpu_id = pcpu_id, .state = THREAD_NEW, .body = body, .arg = arg };
	list_init(&t->link);
	str_copy(t->name, name, sizeof(t->name));
	t->stack = hostmap_stack_get(STACK_PAGES);
	if (!t->stack) {
		dismiss(pcpu_id);
		return ERR(-ENOMEM);
	}
	t->rsp = stack_prepare(t->stack, STACK_PAGES * PAGE_SIZE);
	return 0;
}

/* See the header. */
void thread_destroy(struct thread *t)
{
	ASSERT(t->state == THREAD_NEW || thread_is_dead(t));
	hostmap_stack_put(t->stack, STACK_PAGES);
	t->stack = NULL;
	dismiss(t->pcpu_id);
}

/* See the header. */
struct thread_times thread_times(const struct thread *t)
{
	struct runqueue *rq = &runqueues[t->pcpu_id];
	struct thread_times times;
	uint64_t now;

	spin_lock(&rq->lock);
	now = tsc_now();
	times = (struct thread_times){ now, t->run_ticks, t->wait_ticks };
	/* What is not booked yet. Another CPU's TSC may be slightly ahead of ours. */
	if (t->state == THREAD_RUNNING && now > t->started)
		times.run += now - t->started;
	else if (t->state == THREAD_RUNNABLE && now > t->waiting_since)
		times.wait += now - t->waiting_since;
	spin_unlock(&rq->lock);
	return times;
}

/* See the header. */
void thread_exit(void)
{
	sched_end_current();
}

/* See the header. */
bool thread_owns_stack(const struct thread *t, uint64_t at)
{
	return at - (uint64_t)t->stack <= STACK_PAGES * PAGE_SIZE - 8;
}
