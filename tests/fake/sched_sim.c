/* SPDX-License-Identifier: BSD-3-Clause */
/* The simulated CPU: see sched_sim.h. */
#include "sched_sim.h"

#include <check.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "irq/ipi.h"
#include "lib/string.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/hostmap.h"

struct sim sim;
struct percpu percpu_area[MAX_PCPUS];

static struct thread *threads[SIM_MAX_THREADS * 4];
static uint32_t nr_threads;
static int nr_stacks;
static struct timer *armed;
static jmp_buf dying;
static bool die;

/* What the scheduler links against. */
uint64_t tsc_now(void) { return sim.now; }
uint64_t tsc_from_us(uint64_t us) { return us * SIM_US; }

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg)
{
	*t = (struct timer){ .fn = fn, .arg = arg };
}

void timer_start(struct timer *t, uint64_t deadline)
{
	t->deadline = deadline;
	t->armed = true;
	armed = t;
	sim.nr_timer_starts++;
}

void timer_stop(struct timer *t)
{
	t->armed = false;
	if (armed == t)
		armed = NULL;
}

bool timer_poll(void) { return false; }

void ipi_kick(uint32_t pcpu_id) { sim.nr_kicks[pcpu_id]++; }

void *hostmap_stack_get(uint32_t pages)
{
	nr_stacks++;
	return malloc(pages * 4096);
}

void hostmap_stack_put(void *stack, uint32_t pages)
{
	(void)pages;
	nr_stacks--;
	free(stack);
}

size_t str_copy(char *dst, const char *src, size_t size)
{
	return (size_t)snprintf(dst, size, "%s", src);
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

int log_error_origin(int e, const char *file, int line)
{
	(void)file;
	(void)line;
	return e;
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	ck_abort_msg("panic");
	abort();
}

/* No stacks are switched; a thread that ends must not come back. */
void context_switch(uint64_t *save_rsp, uint64_t next_rsp)
{
	(void)save_rsp;
	(void)next_rsp;
	if (die)
		longjmp(dying, 1);
}

void sim_init(uint8_t policy)
{
	memset(&sim, 0, sizeof(sim));
	memset(percpu_area, 0, sizeof(percpu_area));
	memset(runqueues, 0, sizeof(runqueues[0]) * 4);
	armed = NULL;
	nr_threads = 0;
	nr_stacks = 0;
	sim.now = 1000 * SIM_MS;
	sim_cpu(0, policy);
}

void sim_cpu(uint32_t pcpu_id, uint8_t policy)
{
	percpu_area[0].pcpu_id = pcpu_id;
	if (!sched_cpu_ready(pcpu_id))
		sched_init_cpu(policy);
	percpu_area[0].current = runqueues[pcpu_id].current;
	percpu_area[0].sched_wanted = &runqueues[pcpu_id].wanted;
}

static void body(void *arg)
{
	(void)arg;
}

struct thread *sim_thread(const char *name, struct sched_params params)
{
	struct thread *t = calloc(1, sizeof(*t));

	ck_assert_int_eq(thread_create(t, name, this_pcpu_id(), body, NULL), 0);
	t->params = params;
	threads[nr_threads++] = t;
	thread_start(t);
	return t;
}

static void note(struct thread *t, uint64_t start, uint64_t end)
{
	struct sim_run *last = sim.nr_runs ? &sim.run[sim.nr_runs - 1] : NULL;

	if (t == &runqueues[this_pcpu_id()].idle || start == end)
		return;
	if (last && last->thread == t && last->end == start) {
		last->end = end;
		return;
	}
	ck_assert_uint_lt(sim.nr_runs, SIM_LOG);
	sim.run[sim.nr_runs++] = (struct sim_run){ t, start, end };
}

void sim_settle(void)
{
	/* A policy that never rests would hang the machine. */
	for (int i = 0; sched_wanted(); i++) {
		ck_assert_int_lt(i, 4);
		schedule();
	}
}

void sim_run(uint64_t ticks)
{
	uint64_t end = sim.now + ticks;

	while (sim.now < end) {
		uint64_t start = sim.now, until = end;
		struct timer *t;

		sim_settle();
		t = armed;
		if (t && t->deadline + sim.timer_late < end)
			until = t->deadline + sim.timer_late;
		if (until > sim.now)
			sim.now = until;
		note(thread_current(), start, sim.now);
		if (t && sim.now >= t->deadline + sim.timer_late) {
			armed = NULL;
			t->armed = false;
			t->fn(t->arg);
		}
	}
	sim_settle();
}

uint64_t sim_ran(const struct thread *t)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < sim.nr_runs; i++)
		if (sim.run[i].thread == t)
			sum += sim.run[i].end - sim.run[i].start;
	return sum;
}

const char *sim_order(void)
{
	static char order[SIM_LOG + 1];
	uint32_t n = 0;

	for (uint32_t i = 0; i < sim.nr_runs; i++)
		order[n++] = sim.run[i].thread->name[0];
	order[n] = 0;
	return order;
}

/* Lets the current thread end; true once it has. */
static void end_current(void)
{
	die = true;
	if (!setjmp(dying))
		thread_exit();
	die = false;
	sched_switched();
}

void sim_fini(void)
{
	for (uint32_t i = 0; i < nr_threads; i++) {
		struct thread *t = threads[i];

		sim_cpu(t->pcpu_id, 0);
		thread_wake(t);
		for (uint32_t n = 0; t->state != THREAD_DEAD && n < 10000; n++) {
			sim_settle();
			if (thread_current() == t)
				end_current();
			else if (thread_current() != &runqueues[t->pcpu_id].idle)
				thread_block();
			if (thread_current() == &runqueues[t->pcpu_id].idle)
				thread_wake(t);
		}
		ck_assert(thread_is_dead(t));
		thread_destroy(t);
		free(t);
	}
	ck_assert_int_eq(nr_stacks, 0);
	nr_threads = 0;
}
