/* SPDX-License-Identifier: BSD-3-Clause */
/* The core of scheduling: states, wake-ups, the decision when to switch, the switch. */
#include "cpu/percpu.h"
#include "cpu/trace.h"
#include "cpu/tsc.h"
#include "irq/ipi.h"
#include "lib/string.h"
#include "log/log.h"
#include "log/panic.h"
#include "sched/policy.h"
#include "x86/insn.h"

struct runqueue runqueues[MAX_PCPUS];

static const struct sched_policy *const policies[SCENARIO_NR_POLICIES] = {
	[SCENARIO_POLICY_DEFAULT] = &policy_prio,
	[SCENARIO_POLICY_NOOP] = &policy_noop,
	[SCENARIO_POLICY_PRIO] = &policy_prio,
	[SCENARIO_POLICY_RR] = &policy_rr,
	[SCENARIO_POLICY_BVT] = &policy_bvt,
	[SCENARIO_POLICY_ADAPTIVE] = &policy_adaptive,
	[SCENARIO_POLICY_SPORADIC] = &policy_sporadic,
};

static struct runqueue *this_runqueue(void)
{
	return &runqueues[this_pcpu_id()];
}

/* The policy's next event has come: schedule() looks what it means. Timer interrupt. */
static void event_handler(void *arg)
{
	struct runqueue *rq = arg;

	spin_lock(&rq->lock);
	rq->wanted = true;
	spin_unlock(&rq->lock);
}

/* See the header. */
void sched_init_cpu(uint8_t policy)
{
	struct percpu *p = this_cpu();
	struct runqueue *rq = this_runqueue();
	struct thread *idle = &rq->idle;

	if (policy >= SCENARIO_NR_POLICIES) {
		log_warn("sched: CPU %u: no policy %u, using %s", p->pcpu_id, policy, policy_prio.name);
		policy = SCENARIO_POLICY_PRIO;
	}
	*rq = (struct runqueue){ .policy = policies[policy] };
	list_init(&rq->queue);
	timer_init(&rq->timer, event_handler, rq);
	rq->slice = tsc_from_us(SCHED_SLICE_US);
	rq->allowance = tsc_from_us(SCHED_ALLOWANCE_US);
	idle->pcpu_id = p->pcpu_id;
	idle->state = THREAD_RUNNING;
	idle->on_cpu = true;
	list_init(&idle->link);
	str_copy(idle->name, "idle", sizeof(idle->name));
	rq->current = idle;
	p->sched_wanted = &rq->wanted;
	p->idle = idle;
	p->current = idle;
	/* Other CPUs may look at the queue from here on. */
	__atomic_store_n(&rq->ready, true, __ATOMIC_RELEASE);
}

/* See the header. */
bool sched_cpu_ready(uint32_t pcpu_id)
{
	return pcpu_id < MAX_PCPUS && __atomic_load_n(&runqueues[pcpu_id].ready, __ATOMIC_ACQUIRE);
}

/* See the header. */
const char *sched_policy_name(uint32_t pcpu_id)
{
	return sched_cpu_ready(pcpu_id) ? runqueues[pcpu_id].policy->name : "none";
}

/* See the header. */
struct thread *thread_current(void)
{
	return this_cpu()->current;
}

/* Books the run time since the last booking. Lock held. */
static void charge(struct runqueue *rq, uint64_t now)
{
	struct thread *t = rq->current;
	uint64_t ran;

	/* A waker on another CPU may read a TSC slightly behind ours. */
	if (now <= t->started)
		return;
	ran = now - t->started;
	t->started = now;
	t->run_ticks += ran;
	if (t != &rq->idle && rq->policy->charge)
		rq->policy->charge(rq, t, ran, now);
}

/* Decides who runs from `now` on. Lock held. */
static struct thread *choose(struct runqueue *rq, enum sched_why why, uint64_t now)
{
	struct thread *cur = rq->current;
	struct thread *next;

	if (cur != &rq->idle && cur->state == THREAD_RUNNING) {
		if (why != SCHED_YIELDED && !rq->policy->preempts(rq, cur, now))
			return cur;
		cur->state = THREAD_RUNNABLE;
		cur->waiting_since = now;
		rq->policy->enqueue(rq, cur, why, now);
	}
	next = rq->policy->pick(rq, now);
	return next ? next : &rq->idle;
}

/* Arms or stops the timer for what the policy waits for while `t` runs. Lock held, own CPU. */
static void event_program(struct runqueue *rq, struct thread *t, uint64_t now)
{
	uint64_t event = t == &rq->idle ? 0 : rq->policy->next_event(rq, t, now);

	/* One that is due earlier stays: schedule() then finds nothing to do, once, and each switch before is spared the timer. */
	if (event && rq->timer.armed && rq->timer.deadline <= event)
		return;
	if (event)
		timer_start(&rq->timer, event);
	else
		timer_stop(&rq->timer);
}

static inline void switched(struct runqueue *rq)
{
	/* Everything the thread before us did comes before it is seen off its stack. */
	__atomic_store_n(&rq->left->on_cpu, false, __ATOMIC_RELEASE);
	critical_leave();
}

/* See the header. */
void sched_switched(void)
{
	switched(this_runqueue());
}

/* For the stack it came from it returns when that thread runs again. */
static void switch_to(struct runqueue *rq, struct thread *prev, struct thread *next)
{
	trace_name(TRACE_Q_SWITCH, next->name);
	/* Ended by whoever runs behind the switch: between the two there is no one thread to blame. */
	critical_enter();
	if (prev->switch_out)
		prev->switch_out(prev);
	this_cpu()->current = next;
	next->on_cpu = true;
	if (next->switch_in)
		next->switch_in(next);
	rq->left = prev;
	context_switch(&prev->rsp, next->rsp);
	/* Threads never change CPUs: this stack's queue is this CPU's. */
	switched(rq);
}

/* Books the time it waited for the CPU. Lock held. */
static void charge_wait(struct thread *t, uint64_t now)
{
	/* As for charge(): it may have been woken by a CPU whose TSC is slightly ahead. */
	if (t->state == THREAD_RUNNABLE && now > t->waiting_since)
		t->wait_ticks += now - t->waiting_since;
}

/* Takes the lock's other end: decides, releases the lock, switches. */
static void resched(struct runqueue *rq, enum sched_why why)
{
	struct thread *prev = rq->current;
	uint64_t now = tsc_now();
	struct thread *next;

	charge(rq, now);
	rq->wanted = false;
	next = choose(rq, why, now);
	charge_wait(next, now);
	next->state = THREAD_RUNNING;
	next->started = now;
	rq->current = next;
	event_program(rq, next, now);
	/* Interrupts are off and threads never change CPUs: nobody else can run `next` or reuse `prev` before the switch is done. */
	spin_unlock(&rq->lock);
	if (next != prev)
		switch_to(rq, prev, next);
}

/* See the header. */
void schedule(void)
{
	struct runqueue *rq = this_runqueue();

	spin_lock(&rq->lock);
	resched(rq, SCHED_PREEMPTED);
}

/* See the header. */
void thread_yield(void)
{
	struct runqueue *rq = this_runqueue();

	spin_lock(&rq->lock);
	resched(rq, SCHED_YIELDED);
}

/* See the header. */
void thread_block(void)
{
	struct runqueue *rq = this_runqueue();
	struct thread *t = this_cpu()->current;

	ASSERT(t != &rq->idle);
	spin_lock(&rq->lock);
	if (t->wake_pending) {
		t->wake_pending = false;
		spin_unlock(&rq->lock);
		return;
	}
	t->state = THREAD_BLOCKED;
	resched(rq, SCHED_PREEMPTED);
}

/* See the header. */
void sched_end_current(void)
{
	struct runqueue *rq = this_runqueue();

	spin_lock(&rq->lock);
	rq->current->state = THREAD_DEAD;
	resched(rq, SCHED_PREEMPTED);
	panic("sched: a dead thread runs");
}

/*
 * A thread has come to the queue: tells the CPU when that changes anything
 * there: someone else is to run, or the current one gets a slice. Lock held.
 */
static bool queue_grew(struct runqueue *rq, uint64_t now)
{
	bool was_wanted = rq->wanted;

	if (rq->current == &rq->idle || rq->policy->preempts(rq, rq->current, now) ||
	    rq->policy->next_event(rq, rq->current, now))
		rq->wanted = true;
	return rq->wanted && !was_wanted;
}

/* Puts a thread that can run now into its queue. Takes the lock's other end. */
static void make_runnable(struct runqueue *rq, struct thread *t, uint64_t now)
{
	bool kick;

	t->state = THREAD_RUNNABLE;
	t->waiting_since = now;
	rq->policy->enqueue(rq, t, SCHED_WOKEN, now);
	kick = queue_grew(rq, now);
	spin_unlock(&rq->lock);
	/* Outside the lock: the receiver wants it at once. */
	if (kick)
		ipi_kick(t->pcpu_id);
}

/* See the header. */
void thread_start(struct thread *t)
{
	struct runqueue *rq = &runqueues[t->pcpu_id];
	uint64_t now;

	spin_lock(&rq->lock);
	ASSERT(t->state == THREAD_NEW);
	now = tsc_now();
	charge(rq, now);
	if (rq->policy->init)
		rq->policy->init(rq, t, now);
	make_runnable(rq, t, now);
}

/* See the header. */
void thread_wake(struct thread *t)
{
	struct runqueue *rq = &runqueues[t->pcpu_id];
	uint64_t now;

	spin_lock(&rq->lock);
	if (t->state != THREAD_BLOCKED) {
		/* Its next block returns at once: the news is not lost. NEW and DEAD threads have nobody to tell. */
		if (t->state == THREAD_RUNNING || t->state == THREAD_RUNNABLE)
			t->wake_pending = true;
		spin_unlock(&rq->lock);
		return;
	}
	now = tsc_now();
	/* Before the newcomer is in the queue: a policy may treat time alone on the CPU differently. */
	charge(rq, now);
	make_runnable(rq, t, now);
}

/* See the header. */
bool thread_is_dead(const struct thread *t)
{
	return READ_ONCE(t->state) == THREAD_DEAD && !__atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE);
}

/* Cleared first: work that comes meanwhile is done in the next round. */
static void idle_work(void)
{
	void (*work)(void) = this_cpu()->idle_work;

	this_cpu()->idle_work = NULL;
	work();
}

/* See the header. */
void sched_idle(void)
{
	for (;;) {
		if (unlikely(this_cpu()->idle_work))
			idle_work();
		if (sched_wanted())
			schedule();
		else if (this_cpu()->lapic_owned_by_guest)
			/* Interrupts are the guest's: taken here they would be lost to it. A wake-up is a store we see. */
			cpu_pause();
		else if (unlikely(timer_poll()))
			cpu_sti_nop_cli();
		else
			cpu_sti_hlt_cli();
	}
}
