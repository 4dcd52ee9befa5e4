/* SPDX-License-Identifier: BSD-3-Clause */
/* The scheduler's core, and the policies that order by level: noop, prio, rr, adaptive. */
/* unit: tests/fake/sched_sim.c hypervisor/sched/sched.c hypervisor/sched/thread.c hypervisor/sched/level.c */
/* unit: hypervisor/sched/policy_noop.c hypervisor/sched/policy_prio.c hypervisor/sched/policy_rr.c */
/* unit: hypervisor/sched/policy_bvt.c hypervisor/sched/policy_adaptive.c hypervisor/sched/policy_sporadic.c */
#include <check.h>
#include <stdlib.h>

#include "sched_sim.h"
#include "lib/errno.h"

#define SLICE (SCHED_SLICE_US * SIM_US)

static struct sched_params prio(uint32_t priority)
{
	return (struct sched_params){ .priority = priority };
}

static bool running(const struct thread *t)
{
	sim_settle();
	return thread_current() == t && t->state == THREAD_RUNNING;
}

static void body(void *arg)
{
	(void)arg;
}

START_TEST(higher_priority_runs_at_once)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *hi = sim_thread("h", prio(9)), *lo = sim_thread("l", prio(1)), *mid = sim_thread("m", prio(5));

	ck_assert(running(hi));
	thread_block();
	ck_assert(running(mid));
	thread_block();
	ck_assert(running(lo));
	sim_run(SIM_MS);
	thread_wake(hi);
	ck_assert(sched_wanted());
	ck_assert(running(hi));
	/* A lower one waking changes nothing. */
	thread_wake(mid);
	ck_assert(!sched_wanted());
	sim_run(100 * SIM_MS);
	ck_assert_uint_eq(sim_ran(hi), 100 * SIM_MS);
	thread_block();
	ck_assert(running(mid));
	thread_block();
	ck_assert(running(lo));
	sim_fini();
}
END_TEST

START_TEST(equals_take_turns)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *a = sim_thread("a", prio(3));

	sim_settle();
	sim_thread("b", prio(3));
	sim_thread("c", prio(3));
	sim_thread("z", prio(2));
	sim_run(9 * SLICE);
	ck_assert_str_eq(sim_order(), "abcabcabc");
	ck_assert_uint_eq(sim_ran(a), 3 * SLICE);
	sim_fini();
}
END_TEST

START_TEST(preempted_thread_keeps_place_and_slice)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *a = sim_thread("a", prio(1));

	sim_settle();
	sim_thread("b", prio(1));
	struct thread *hi = sim_thread("h", prio(2));

	ck_assert(running(hi));
	thread_block();
	ck_assert(running(a));
	sim_run(SLICE / 2);
	thread_wake(hi);
	ck_assert(running(hi));
	sim_run(SIM_MS);
	thread_block();
	ck_assert(running(a));
	sim_run(SLICE);
	/* a: half a slice, h, a: the other half, then b. */
	ck_assert_str_eq(sim_order(), "ahab");
	ck_assert_uint_eq(sim_ran(a), SLICE);
	sim_fini();
}
END_TEST

START_TEST(no_timer_without_need)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *hi = sim_thread("h", prio(2));

	sim_run(1000 * SIM_MS);
	sim_thread("l", prio(1));
	sim_run(1000 * SIM_MS);
	ck_assert_uint_eq(sim.nr_timer_starts, 0);
	thread_block();
	ck_assert(!running(hi));
	/* l alone, then nobody. */
	sim_run(1000 * SIM_MS);
	thread_block();
	sim_run(1000 * SIM_MS);
	ck_assert_uint_eq(sim.nr_timer_starts, 0);
	sim_fini();
}
END_TEST

START_TEST(timer_stops_with_the_competition)
{
	sim_init(SCENARIO_POLICY_RR);
	struct thread *a = sim_thread("a", prio(0)), *b = sim_thread("b", prio(0));
	uint32_t starts;

	sim_run(SLICE + SIM_MS);
	ck_assert(running(b));
	thread_block();
	ck_assert(running(a));
	starts = sim.nr_timer_starts;
	sim_run(1000 * SIM_MS);
	ck_assert_uint_eq(sim.nr_timer_starts, starts);
	ck_assert_str_eq(sim_order(), "aba");
	sim_fini();
}
END_TEST

START_TEST(round_robin_order)
{
	sim_init(SCENARIO_POLICY_RR);
	struct thread *a = sim_thread("a", prio(0));

	sim_settle();
	/* Priorities mean nothing here. */
	sim_thread("b", prio(7));
	struct thread *c = sim_thread("c", prio(3));

	sim_run(6 * SLICE);
	ck_assert_str_eq(sim_order(), "abcabc");
	/* Who gives way goes to the end, and starts a fresh slice when it is back. */
	ck_assert(running(a));
	thread_yield();
	sim_run(SLICE);
	ck_assert(running(c));
	thread_block();
	sim_run(2 * SLICE);
	ck_assert_str_eq(sim_order(), "abcabcbab");
	sim_fini();
}
END_TEST

/* Who yields leaves the timer as it is: it comes too early then, once, and shortens nobody's turn. */
START_TEST(yields_leave_the_timer)
{
	sim_init(SCENARIO_POLICY_RR);
	struct thread *a = sim_thread("a", prio(0)), *b = sim_thread("b", prio(0));
	uint64_t begin;
	uint32_t starts, i;

	sim_run(SIM_MS);
	starts = sim.nr_timer_starts;
	for (i = 0; i < 101; i++)
		thread_yield();
	ck_assert_uint_eq(sim.nr_timer_starts, starts);
	sim_settle();
	ck_assert(running(b));
	begin = sim.now;
	sim_run(SLICE - SIM_MS / 2);
	ck_assert(running(b));
	sim_run(SIM_MS);
	ck_assert(running(a));
	ck_assert_uint_ge(sim.run[sim.nr_runs - 1].end - begin, SLICE);
	sim_fini();
}
END_TEST

START_TEST(late_timer_never_shortens_a_turn)
{
	sim_init(SCENARIO_POLICY_RR);
	sim.timer_late = 5 * SIM_US;
	sim_thread("a", prio(0));
	sim_settle();
	sim_thread("b", prio(0));
	sim_run(200 * SLICE);
	for (uint32_t i = 0; i + 1 < sim.nr_runs; i++)
		ck_assert_uint_eq(sim.run[i].end - sim.run[i].start, SLICE + 5 * SIM_US);
	sim_fini();
}
END_TEST

START_TEST(wake_before_block_is_kept)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *a = sim_thread("a", prio(1));

	ck_assert(running(a));
	thread_wake(a);
	thread_wake(a);
	thread_block();
	/* The wake was spent here ... */
	ck_assert(running(a));
	thread_block();
	/* ... and only once. */
	ck_assert(!running(a));
	ck_assert_int_eq(a->state, THREAD_BLOCKED);
	thread_wake(a);
	ck_assert(running(a));
	sim_fini();
}
END_TEST

START_TEST(wake_while_waiting_for_the_cpu_is_kept)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *lo = sim_thread("l", prio(1));

	sim_settle();
	struct thread *hi = sim_thread("h", prio(2));

	ck_assert(running(hi));
	thread_wake(lo);
	thread_block();
	ck_assert(running(lo));
	thread_block();
	ck_assert(running(lo));
	sim_fini();
}
END_TEST

START_TEST(noop_has_one_thread)
{
	struct thread a, b;

	sim_init(SCENARIO_POLICY_NOOP);
	ck_assert_str_eq(sched_policy_name(0), "noop");
	ck_assert_int_eq(thread_create(&a, "a", 0, body, NULL), 0);
	ck_assert_int_eq(thread_create(&b, "b", 0, body, NULL), -EBUSY);
	thread_destroy(&a);
	struct thread *c = sim_thread("c", prio(0));

	sim_run(1000 * SIM_MS);
	ck_assert(running(c));
	thread_yield();
	ck_assert(running(c));
	thread_block();
	ck_assert(!running(c));
	thread_wake(c);
	ck_assert(running(c));
	ck_assert_uint_eq(sim.nr_timer_starts, 0);
	sim_fini();
}
END_TEST

START_TEST(create_refuses_what_is_not_there)
{
	struct thread t;

	sim_init(SCENARIO_POLICY_PRIO);
	ck_assert_int_eq(thread_create(&t, "t", 3, body, NULL), -EINVAL);
	ck_assert_int_eq(thread_create(&t, "t", MAX_PCPUS, body, NULL), -EINVAL);
	ck_assert_int_eq(thread_create(&t, "a name too long for its array", 0, body, NULL), 0);
	ck_assert_str_eq(t.name, "a name too long for its");
	ck_assert(!thread_is_dead(&t));
	/* A thread never started hears no wake. */
	thread_wake(&t);
	ck_assert(!t.wake_pending);
	thread_destroy(&t);
}
END_TEST

START_TEST(default_and_unknown_mean_prio)
{
	sim_init(SCENARIO_POLICY_DEFAULT);
	ck_assert_str_eq(sched_policy_name(0), "prio");
	sim_cpu(1, SCENARIO_NR_POLICIES);
	ck_assert_str_eq(sched_policy_name(1), "prio");
	ck_assert_str_eq(sched_policy_name(2), "none");
}
END_TEST

START_TEST(other_cpu_is_kicked_only_when_it_matters)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *lo = sim_thread("l", prio(1)), *hi = sim_thread("h", prio(5)), *eq = sim_thread("e", prio(5));

	ck_assert(running(hi));
	thread_block();
	ck_assert(running(eq));
	thread_block();
	ck_assert(running(lo));
	thread_block();
	sim_cpu(1, SCENARIO_POLICY_PRIO);
	sim.nr_kicks[0] = 0;
	/* Idle CPU: one kick, and none while it is under way. */
	thread_wake(hi);
	ck_assert_uint_eq(sim.nr_kicks[0], 1);
	thread_wake(lo);
	ck_assert_uint_eq(sim.nr_kicks[0], 1);
	sim_cpu(0, 0);
	ck_assert(running(hi));
	sim_cpu(1, 0);
	/* An equal one: the current thread gets a slice now, so the CPU must arm its timer. */
	thread_wake(eq);
	ck_assert_uint_eq(sim.nr_kicks[0], 2);
	sim_cpu(0, 0);
	ck_assert(running(hi));
	sim_run(2 * SLICE);
	ck_assert_uint_ge(sim_ran(eq), SLICE);
	while (thread_current() != &runqueues[0].idle)
		thread_block();
	/* A lower one beside a running higher one: nothing to tell. */
	thread_wake(hi);
	ck_assert(running(hi));
	sim_cpu(1, 0);
	sim.nr_kicks[0] = 0;
	thread_wake(lo);
	ck_assert_uint_eq(sim.nr_kicks[0], 0);
	sim_fini();
}
END_TEST

static char hooks[16];
static uint32_t nr_hooks;

static void out_hook(struct thread *t)
{
	hooks[nr_hooks++] = t->name[0];
	hooks[nr_hooks++] = '-';
}

static void in_hook(struct thread *t)
{
	ck_assert_ptr_eq(thread_current(), t);
	hooks[nr_hooks++] = t->name[0];
	hooks[nr_hooks++] = '+';
}

START_TEST(hooks_surround_a_switch)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *a = sim_thread("a", prio(1)), *b = sim_thread("b", prio(2));

	nr_hooks = 0;
	a->switch_out = b->switch_out = out_hook;
	a->switch_in = b->switch_in = in_hook;
	ck_assert(running(b));
	/* No switch, no hook. */
	schedule();
	thread_block();
	ck_assert(running(a));
	thread_block();
	hooks[nr_hooks] = 0;
	ck_assert_str_eq(hooks, "b+b-a+a-");
	nr_hooks = 0;
	sim_fini();
}
END_TEST

START_TEST(run_time_is_counted)
{
	sim_init(SCENARIO_POLICY_RR);
	struct thread *a = sim_thread("a", prio(0));

	sim_settle();
	struct thread *b = sim_thread("b", prio(0));

	sim_run(7 * SLICE + 123);
	schedule();
	ck_assert_uint_eq(a->run_ticks, sim_ran(a));
	ck_assert_uint_eq(b->run_ticks, sim_ran(b));
	ck_assert_uint_eq(a->run_ticks + b->run_ticks, 7 * SLICE + 123);
	sim_fini();
}
END_TEST

START_TEST(waker_with_a_clock_behind)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *a = sim_thread("a", prio(1)), *b = sim_thread("b", prio(1));

	ck_assert(running(a));
	thread_block();
	ck_assert(running(b));
	sim_run(SIM_MS);
	schedule();
	/* The waker's TSC reads a little less than the one that took the last booking. */
	sim.now -= 50;
	thread_wake(a);
	sim.now += 50;
	ck_assert_uint_eq(b->run_ticks, SIM_MS);
	ck_assert_uint_gt(b->slice_left, 0);
	sim_fini();
}
END_TEST

START_TEST(adaptive_hog_sinks)
{
	sim_init(SCENARIO_POLICY_ADAPTIVE);
	struct thread *hog = sim_thread("h", prio(5));

	sim_settle();
	struct thread *low = sim_thread("l", prio(3));

	/* Levels 5 and 4 are h's alone; on level 3 it stands behind l, which sinks as well. */
	sim_run(2 * SLICE);
	ck_assert_uint_eq(sim_ran(hog), 2 * SLICE);
	ck_assert_uint_eq(hog->level, 3);
	sim_run(6 * SLICE);
	ck_assert_str_eq(sim_order(), "hlhlhlh");
	ck_assert_uint_eq(hog->level, 0);
	sim_run(20 * SLICE);
	ck_assert_uint_le(labs((long)(sim_ran(low) - (sim_ran(hog) - 2 * SLICE))), SLICE);
	sim_fini();
}
END_TEST

START_TEST(adaptive_block_restores)
{
	sim_init(SCENARIO_POLICY_ADAPTIVE);
	struct thread *hog = sim_thread("h", prio(5)), *io = sim_thread("i", prio(5));

	sim_run(30 * SLICE);
	ck_assert_uint_eq(hog->level, 0);
	ck_assert_uint_eq(io->level, 0);
	while (!running(io))
		sim_run(SIM_MS);
	thread_block();
	ck_assert(running(hog));
	sim_run(SIM_MS);
	thread_wake(io);
	ck_assert_uint_eq(io->level, 5);
	ck_assert(running(io));
	sim_fini();
}
END_TEST

/* Others wait for what this one does: it sinks to their level, and takes turns with them there. */
START_TEST(adaptive_floor_holds)
{
	struct sched_params service = prio(7);

	sim_init(SCENARIO_POLICY_ADAPTIVE);
	service.floor = 3;
	struct thread *s = sim_thread("s", service), *middle = sim_thread("m", prio(3));

	sim_run(4 * SLICE);
	ck_assert_uint_eq(sim_ran(s), 4 * SLICE);
	ck_assert_uint_eq(s->level, 3);
	sim_run(4 * SLICE);
	ck_assert_uint_eq(s->level, 3);
	/* Here the other sinks further; it gets the CPU back when s blocks. */
	ck_assert_uint_le(sim_ran(middle), SLICE);
	sim_run(100 * SLICE);
	ck_assert_uint_eq(s->level, 3);
	ck_assert_uint_le(sim_ran(middle), SLICE);
	thread_block();
	ck_assert(running(middle));
	sim_fini();
}
END_TEST

START_TEST(adaptive_alone_sinks_too_and_needs_no_timer)
{
	sim_init(SCENARIO_POLICY_ADAPTIVE);
	struct thread *a = sim_thread("a", prio(200));

	sim_run(100 * SLICE);
	schedule();
	ck_assert_uint_eq(a->level, 100);
	sim_run(100000 * SLICE);
	ck_assert_uint_eq(sim.nr_timer_starts, 0);
	struct thread *b = sim_thread("b", prio(1));

	ck_assert_uint_eq(a->level, 0);
	ck_assert(running(b));
	sim_fini();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sched");
	TCase *tc = tcase_create("core");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, higher_priority_runs_at_once);
	tcase_add_test(tc, equals_take_turns);
	tcase_add_test(tc, preempted_thread_keeps_place_and_slice);
	tcase_add_test(tc, no_timer_without_need);
	tcase_add_test(tc, timer_stops_with_the_competition);
	tcase_add_test(tc, round_robin_order);
	tcase_add_test(tc, yields_leave_the_timer);
	tcase_add_test(tc, late_timer_never_shortens_a_turn);
	tcase_add_test(tc, wake_before_block_is_kept);
	tcase_add_test(tc, wake_while_waiting_for_the_cpu_is_kept);
	tcase_add_test(tc, noop_has_one_thread);
	tcase_add_test(tc, create_refuses_what_is_not_there);
	tcase_add_test(tc, default_and_unknown_mean_prio);
	tcase_add_test(tc, other_cpu_is_kicked_only_when_it_matters);
	tcase_add_test(tc, hooks_surround_a_switch);
	tcase_add_test(tc, run_time_is_counted);
	tcase_add_test(tc, waker_with_a_clock_behind);
	tcase_add_test(tc, adaptive_hog_sinks);
	tcase_add_test(tc, adaptive_block_restores);
	tcase_add_test(tc, adaptive_floor_holds);
	tcase_add_test(tc, adaptive_alone_sinks_too_and_needs_no_timer);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
