/* SPDX-License-Identifier: BSD-3-Clause */
/* Time a thread could run and others did: what a guest is told as stolen. */
/* unit: tests/fake/sched_sim.c hypervisor/sched/sched.c hypervisor/sched/thread.c hypervisor/sched/level.c */
/* unit: hypervisor/sched/policy_noop.c hypervisor/sched/policy_prio.c hypervisor/sched/policy_rr.c */
/* unit: hypervisor/sched/policy_bvt.c hypervisor/sched/policy_adaptive.c hypervisor/sched/policy_sporadic.c */
#include <check.h>
#include <stdlib.h>

#include "sched_sim.h"

static const struct sched_params equal = { .priority = 3 };

/* Whatever the policy: with two threads that always want the CPU, each waits while the other runs. */
START_TEST(each_waits_while_the_other_runs)
{
	sim_init((uint8_t)_i);
	struct thread *a = sim_thread("a", equal), *b = sim_thread("b", equal);

	sim_run(1000 * SIM_MS);
	/* What is not booked yet is in it. */
	ck_assert_uint_eq(thread_times(a).wait, sim_ran(b));
	ck_assert_uint_eq(thread_times(b).wait, sim_ran(a));
	ck_assert_uint_eq(thread_times(a).run, sim_ran(a));
	ck_assert_uint_eq(thread_times(a).run + thread_times(b).run, 1000 * SIM_MS);
	ck_assert_uint_gt(a->wait_ticks, 100 * SIM_MS);
	sim_fini();
}
END_TEST

START_TEST(alone_nothing)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *a = sim_thread("a", equal);

	sim_run(100 * SIM_MS);
	thread_yield();
	sim_run(100 * SIM_MS);
	ck_assert_uint_eq(a->wait_ticks, 0);
	sim_fini();
}
END_TEST

/* Sleep is no wait; from the wake-up on it is. */
START_TEST(sleep_is_no_wait)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *hi = sim_thread("h", (struct sched_params){ .priority = 9 }), *lo = sim_thread("l", equal);

	sim_settle();
	thread_block();
	sim_settle();
	ck_assert_ptr_eq(thread_current(), lo);
	thread_block();
	sim_run(50 * SIM_MS);
	ck_assert(!lo->wait_ticks && !hi->wait_ticks);
	thread_wake(hi);
	sim_run(7 * SIM_MS);
	thread_wake(lo);
	sim_run(5 * SIM_MS);
	thread_block();
	sim_settle();
	ck_assert_ptr_eq(thread_current(), lo);
	ck_assert_uint_eq(lo->wait_ticks, 5 * SIM_MS);
	ck_assert_uint_eq(hi->wait_ticks, 0);
	sim_fini();
}
END_TEST

/* A waker whose TSC is ahead of this CPU's must not make the wait negative, which is very long. */
START_TEST(woken_from_the_future)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *a = sim_thread("a", equal);

	sim_settle();
	thread_block();
	sim.now += 100;
	thread_wake(a);
	sim.now -= 100;
	sim_settle();
	ck_assert_ptr_eq(thread_current(), a);
	ck_assert_uint_eq(a->wait_ticks, 0);
	sim_fini();
}
END_TEST

/* Who looks from a CPU whose TSC is behind must not see a negative time, which is very long. */
START_TEST(looked_at_from_the_past)
{
	sim_init(SCENARIO_POLICY_PRIO);
	struct thread *a = sim_thread("a", equal), *b = sim_thread("b", equal);

	sim_run(5 * SIM_MS);
	sim.now -= 6 * SIM_MS;
	ck_assert(!thread_times(a).run && !thread_times(a).wait);
	ck_assert(!thread_times(b).run && !thread_times(b).wait);
	sim.now += 6 * SIM_MS;
	ck_assert_uint_eq(thread_times(a).run + thread_times(b).run, 5 * SIM_MS);
	sim_fini();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sched_wait");
	TCase *c = tcase_create("sched_wait");
	SRunner *r;
	int failed;

	tcase_add_loop_test(c, each_waits_while_the_other_runs, SCENARIO_POLICY_PRIO, SCENARIO_POLICY_ADAPTIVE + 1);
	tcase_add_test(c, alone_nothing);
	tcase_add_test(c, sleep_is_no_wait);
	tcase_add_test(c, woken_from_the_future);
	tcase_add_test(c, looked_at_from_the_past);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
