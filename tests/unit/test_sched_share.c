/* SPDX-License-Identifier: BSD-3-Clause */
/* The policies that divide time: bvt by weight, sporadic by budget and period. */
/* unit: tests/fake/sched_sim.c hypervisor/sched/sched.c hypervisor/sched/thread.c hypervisor/sched/level.c */
/* unit: hypervisor/sched/policy_noop.c hypervisor/sched/policy_prio.c hypervisor/sched/policy_rr.c */
/* unit: hypervisor/sched/policy_bvt.c hypervisor/sched/policy_adaptive.c hypervisor/sched/policy_sporadic.c */
#include <check.h>
#include <stdint.h>

#include "lib/util.h"
#include "sched_sim.h"

static uint64_t seed;

/* Repeatable: xorshift. */
static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static struct sched_params weight(uint32_t w)
{
	return (struct sched_params){ .weight = w };
}

static struct sched_params budget(uint32_t priority, uint32_t budget_us, uint32_t period_us)
{
	return (struct sched_params){ .priority = priority, .budget_us = budget_us, .period_us = period_us };
}

static const char *const names[] = { "a", "b", "c", "d", "e" };

START_TEST(bvt_shares_follow_weights)
{
	static const uint32_t weights[][5] = {
		{ 64, 64 }, { 1, 128 }, { 1, 2, 4 }, { 0, 32 }, { 100, 7, 33, 90 }, { 128, 128, 128, 128, 1 }, { 3, 5, 7, 11, 13 },
	};

	for (uint32_t row = 0; row < ARRAY_SIZE(weights); row++) {
		struct thread *t[5];
		uint64_t total = 20000 * SIM_MS;
		uint32_t n = 0, sum = 0;

		sim_init(SCENARIO_POLICY_BVT);
		sim.timer_late = 3 * SIM_US;
		while (n < 5 && (weights[row][n] || (row == 3 && n == 0))) {
			t[n] = sim_thread(names[n], weight(weights[row][n]));
			sum += weights[row][n] ? weights[row][n] : SCHED_DEFAULT_WEIGHT;
			n++;
		}
		sim_run(total);
		for (uint32_t i = 0; i < n; i++) {
			uint64_t w = weights[row][i] ? weights[row][i] : SCHED_DEFAULT_WEIGHT;
			uint64_t due = total * w / sum, got = sim_ran(t[i]);

			ck_assert_msg(got * 100 >= due * 95 && got * 100 <= due * 105,
				      "row %u thread %u: due %lu, got %lu", row, i, due, got);
		}
		sim_fini();
	}
}
END_TEST

START_TEST(bvt_turn_is_at_least_the_allowance)
{
	sim_init(SCENARIO_POLICY_BVT);
	sim_thread("a", weight(10));
	sim_thread("b", weight(30));
	sim_run(5000 * SIM_MS);
	ck_assert_uint_gt(sim.nr_runs, 100);
	for (uint32_t i = 1; i + 1 < sim.nr_runs; i++)
		ck_assert_uint_ge(sim.run[i].end - sim.run[i].start, SCHED_ALLOWANCE_US * SIM_US);
	sim_fini();
}
END_TEST

START_TEST(bvt_sleep_is_not_saved_up)
{
	sim_init(SCENARIO_POLICY_BVT);
	struct thread *a = sim_thread("a", weight(64));

	sim_settle();
	thread_block();
	struct thread *b = sim_thread("b", weight(64));

	sim_run(10000 * SIM_MS);
	thread_wake(a);
	uint64_t b_before = sim_ran(b);

	sim_run(1000 * SIM_MS);
	/* Ten seconds asleep give no claim on the next one. */
	ck_assert_uint_ge(sim_ran(b) - b_before, 480 * SIM_MS);
	ck_assert_uint_ge(sim_ran(a), 480 * SIM_MS);
	sim_fini();
}
END_TEST

START_TEST(bvt_sleeper_gets_the_cpu_soon)
{
	sim_init(SCENARIO_POLICY_BVT);
	struct thread *io = sim_thread("i", weight(64)), *hog = sim_thread("h", weight(64));
	uint64_t woken, waited = 0;

	/* Works 100 us, sleeps 5 ms, over and over. */
	for (int i = 0; i < 200; i++) {
		woken = sim.now;
		while (sim_settle(), thread_current() != io)
			sim_run(10 * SIM_US);
		waited = MAX(waited, sim.now - woken);
		sim_run(100 * SIM_US);
		if (thread_current() != io)
			continue;
		thread_block();
		sim_run(5 * SIM_MS);
		ck_assert_ptr_eq(thread_current(), hog);
		thread_wake(io);
	}
	ck_assert_uint_le(waited, (SCHED_ALLOWANCE_US + 10) * SIM_US);
	sim_fini();
}
END_TEST

/* How long `t` waits at most for the CPU when it works 200 us, less than its share, and sleeps 3 ms, over and over. */
static uint64_t longest_wait(struct thread *t)
{
	uint64_t woken, waited = 0;

	for (int i = 0; i < 200; i++) {
		woken = sim.now;
		while (sim_settle(), thread_current() != t)
			sim_run(10 * SIM_US);
		waited = MAX(waited, sim.now - woken);
		sim_run(200 * SIM_US);
		while (thread_current() != t)
			sim_run(10 * SIM_US);
		thread_block();
		sim_run(3 * SIM_MS);
		thread_wake(t);
	}
	return waited;
}

/* A thread that warps runs as soon as it wakes, among seven that compute. */
START_TEST(bvt_warp_runs_at_once)
{
	struct sched_params warps = weight(64);

	warps.warp_us = 5000;
	for (int with = 0; with < 2; with++) {
		sim_init(SCENARIO_POLICY_BVT);
		struct thread *io = sim_thread("i", with ? warps : weight(64));

		for (int i = 0; i < 7; i++)
			sim_thread("h", weight(64));
		uint64_t waited = longest_wait(io);

		if (with)
			ck_assert_uint_le(waited, 10 * SIM_US);
		else
			ck_assert_uint_ge(waited, SIM_MS);
		sim_fini();
	}
}
END_TEST

/* What is borrowed is paid back: the shares stay. */
START_TEST(bvt_warp_keeps_the_shares)
{
	struct sched_params warps = weight(64);

	sim_init(SCENARIO_POLICY_BVT);
	warps.warp_us = 100000;
	struct thread *a = sim_thread("a", warps), *b = sim_thread("b", weight(64));

	sim_run(20 * SIM_MS);
	ck_assert_uint_eq(sim_ran(a), 20 * SIM_MS);
	sim_run(10000 * SIM_MS);
	ck_assert_uint_le(sim_ran(a) - sim_ran(b), (100 + 2 * SCHED_ALLOWANCE_US / 1000) * SIM_MS);
	sim_fini();
}
END_TEST

/* After its limit a thread is one of the others, and stays so for a while, even if it wakes. */
START_TEST(bvt_warp_has_a_limit)
{
	struct sched_params warps = weight(64);

	sim_init(SCENARIO_POLICY_BVT);
	warps.warp_us = 1000000;
	warps.warp_limit_us = 7000;
	warps.unwarp_us = 50000;
	struct thread *a = sim_thread("a", warps), *b = sim_thread("b", weight(64));

	sim_run(6900 * SIM_US);
	ck_assert_uint_eq(sim_ran(a), 6900 * SIM_US);
	sim_run(200 * SIM_US);
	ck_assert_ptr_eq(thread_current(), b);
	ck_assert_uint_eq(sim_ran(a), 7000 * SIM_US);
	while (thread_current() != a)
		sim_run(100 * SIM_US);
	thread_block();
	sim_run(SIM_MS);
	thread_wake(a);
	ck_assert(!a->warped);
	while (sim_settle(), thread_current() != a)
		sim_run(100 * SIM_US);
	thread_block();
	sim_run(50 * SIM_MS);
	thread_wake(a);
	sim_settle();
	ck_assert(a->warped);
	ck_assert_ptr_eq(thread_current(), a);
	sim_fini();
}
END_TEST

START_TEST(bvt_yield_lets_the_next_run)
{
	sim_init(SCENARIO_POLICY_BVT);
	sim_thread("a", weight(64));
	sim_settle();
	sim_thread("b", weight(64));
	sim_run(SIM_MS / 2);
	ck_assert_str_eq(thread_current()->name, "a");
	thread_yield();
	ck_assert_str_eq(thread_current()->name, "b");
	sim_run(SIM_MS / 2);
	sim_fini();
}
END_TEST

START_TEST(bvt_virtual_time_wraps)
{
	sim_init(SCENARIO_POLICY_BVT);
	runqueues[0].vtime = UINT64_MAX - 1000 * SIM_MS;
	struct thread *a = sim_thread("a", weight(64)), *b = sim_thread("b", weight(64));

	sim_run(10000 * SIM_MS);
	ck_assert_uint_lt(a->vtime, UINT64_MAX / 2);
	ck_assert_uint_ge(sim_ran(a), 4900 * SIM_MS);
	ck_assert_uint_ge(sim_ran(b), 4900 * SIM_MS);
	sim_fini();
}
END_TEST

/*
 * The time `t` had at its priority in the busiest window of length `period`:
 * the runs in which it kept the rival from running count, those in which the
 * rival slept do not (there it may run in the background).
 */
static uint64_t busiest_window(const struct sim_run *run, uint32_t n, uint64_t period)
{
	uint64_t most = 0;

	/* The busiest window begins with a run or ends with one; by symmetry of the sum both are tried. */
	for (uint32_t i = 0; i < 2 * n; i++) {
		uint64_t from = i < n ? run[i].start : run[i - n].end - MIN(period, run[i - n].end), sum = 0;

		for (uint32_t k = 0; k < n; k++) {
			uint64_t lo = MAX(run[k].start, from), hi = MIN(run[k].end, from + period);

			if (lo < hi)
				sum += hi - lo;
		}
		most = MAX(most, sum);
	}
	return most;
}

#define MAX_RUNS 2000

/* Runs of `t` while `rival` was ready: then it ran by its priority. */
static struct sim_run by_priority[MAX_RUNS];
static uint32_t nr_by_priority;

static void step(struct thread *t, const struct thread *rival, uint64_t ticks)
{
	uint64_t end = sim.now + ticks;

	while (sim.now < end) {
		uint64_t start = sim.now;

		sim_settle();
		bool counts = thread_current() == t && rival->state == THREAD_RUNNABLE;

		sim_run(MIN(10 * SIM_US, end - sim.now));
		if (!counts)
			continue;
		if (nr_by_priority && by_priority[nr_by_priority - 1].end == start) {
			by_priority[nr_by_priority - 1].end = sim.now;
			continue;
		}
		ck_assert_uint_lt(nr_by_priority, MAX_RUNS);
		by_priority[nr_by_priority++] = (struct sim_run){ t, start, sim.now };
	}
}

START_TEST(sporadic_hog_gets_its_budget_and_no_more)
{
	sim_init(SCENARIO_POLICY_SPORADIC);
	nr_by_priority = 0;
	struct thread *s = sim_thread("s", budget(10, 2000, 10000));

	sim_settle();
	struct thread *rival = sim_thread("r", budget(5, 0, 0));

	step(s, rival, 1000 * SIM_MS);
	ck_assert_uint_eq(sim_ran(s), 200 * SIM_MS);
	ck_assert_uint_eq(sim_ran(rival), 800 * SIM_MS);
	ck_assert_uint_eq(busiest_window(by_priority, nr_by_priority, 10 * SIM_MS), 2 * SIM_MS);
	sim_fini();
}
END_TEST

/* Block and wake at random times, with a rival that is always ready: the window property is exact. */
START_TEST(sporadic_window_property)
{
	for (uint32_t round = 0; round < 40; round++) {
		uint32_t c = (uint32_t)(1 + random_below(50)) * 100, t = c + (uint32_t)random_below(100) * 100;

		sim_init(SCENARIO_POLICY_SPORADIC);
		nr_by_priority = 0;
		struct thread *s = sim_thread("s", budget(10, c, t)), *rival = sim_thread("r", budget(5, 0, 0));
		struct thread *top = sim_thread("t", budget(20, 0, 0));

		sim_settle();
		thread_block();
		while (nr_by_priority < 200 && sim.nr_runs < SIM_LOG - 200) {
			step(s, rival, (1 + random_below(60)) * 50 * SIM_US);
			sim_settle();
			/* Whoever runs stops at times; only the rival never does. A higher one cuts runs up. */
			if (thread_current() == s && random_below(2))
				thread_block();
			else if (thread_current() == top)
				thread_block();
			if (random_below(3) == 0)
				thread_wake(s);
			if (random_below(4) == 0)
				thread_wake(top);
			if (sim.now > 20000 * SIM_MS)
				break;
		}
		ck_assert_msg(busiest_window(by_priority, nr_by_priority, t * SIM_US) <= c * SIM_US,
			      "round %u: budget %u us, period %u us, busiest window %lu ns", round, c, t,
			      busiest_window(by_priority, nr_by_priority, t * SIM_US));
		/* The test saw something. */
		ck_assert_uint_ge(busiest_window(by_priority, nr_by_priority, t * SIM_US), MIN(c * SIM_US, 50 * SIM_US));
		sim_fini();
	}
}
END_TEST

/* The classic attack on POSIX's rule: use nearly all, sleep until just before, then burst twice. */
START_TEST(sporadic_no_double_burst)
{
	sim_init(SCENARIO_POLICY_SPORADIC);
	nr_by_priority = 0;
	struct thread *rival = sim_thread("r", budget(5, 0, 0)), *s;

	sim_settle();
	s = sim_thread("s", budget(10, 2000, 10000));
	for (int i = 0; i < 50; i++) {
		step(s, rival, SIM_US * 100);
		if (thread_current() == s)
			thread_block();
		step(s, rival, 8000 * SIM_US);
		thread_wake(s);
		step(s, rival, 6000 * SIM_US);
	}
	ck_assert_uint_le(busiest_window(by_priority, nr_by_priority, 10 * SIM_MS), 2 * SIM_MS);
	ck_assert_uint_ge(busiest_window(by_priority, nr_by_priority, 10 * SIM_MS), 19 * SIM_MS / 10);
	sim_fini();
}
END_TEST

START_TEST(sporadic_late_timer_is_paid_back)
{
	sim_init(SCENARIO_POLICY_SPORADIC);
	sim.timer_late = 50 * SIM_US;
	struct thread *s = sim_thread("s", budget(10, 1000, 5000));

	sim_settle();
	sim_thread("r", budget(5, 0, 0));
	sim_run(5000 * SIM_MS);
	/* Each run is 50 us over, but the share over a long time stays within one overrun a period. */
	for (uint32_t i = 0; i < sim.nr_runs; i++)
		if (sim.run[i].thread == s)
			ck_assert_uint_le(sim.run[i].end - sim.run[i].start, 1050 * SIM_US);
	ck_assert_uint_le(sim_ran(s), 1050 * SIM_MS);
	sim_fini();
}
END_TEST

START_TEST(sporadic_alone_needs_no_timer)
{
	sim_init(SCENARIO_POLICY_SPORADIC);
	struct thread *s = sim_thread("s", budget(10, 1000, 10000));

	sim_run(1000 * SIM_MS);
	ck_assert_uint_eq(sim.nr_timer_starts, 0);
	ck_assert_uint_eq(sim_ran(s), 1000 * SIM_MS);
	/* It has had its budget just now: a newcomer of lower priority runs. */
	struct thread *r = sim_thread("r", budget(5, 0, 0));

	sim_settle();
	ck_assert_ptr_eq(thread_current(), r);
	/* The last of that budget counts: it is back 9 ms from now. */
	sim_run(9 * SIM_MS - 1);
	ck_assert_ptr_eq(thread_current(), r);
	sim_run(2);
	ck_assert_ptr_eq(thread_current(), s);
	sim_fini();
}
END_TEST

/* More pieces than there is room for: none may come back early, none may get lost. */
START_TEST(sporadic_many_pieces)
{
	sim_init(SCENARIO_POLICY_SPORADIC);
	nr_by_priority = 0;
	struct thread *r = sim_thread("r", budget(5, 0, 0)), *s;

	sim_settle();
	s = sim_thread("s", budget(10, 5000, 20000));
	for (int i = 0; i < 1500; i++) {
		step(s, r, 100 * SIM_US);
		if (thread_current() == s)
			thread_block();
		step(s, r, 100 * SIM_US);
		thread_wake(s);
		ck_assert_uint_le(s->nr_pending, SPORADIC_MAX_PENDING);
	}
	ck_assert_uint_le(busiest_window(by_priority, nr_by_priority, 20 * SIM_MS), 5 * SIM_MS);
	while (s->state != THREAD_BLOCKED) {
		if (thread_current() == s)
			thread_block();
		else
			sim_run(SIM_MS);
	}
	sim_run(20 * SIM_MS);
	thread_wake(s);
	sim_settle();
	ck_assert_int_eq(s->budget_left, (int64_t)s->budget);
	sim_fini();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sched_share");
	TCase *tc = tcase_create("share");
	SRunner *sr;
	int failed;

	seed = 0x9e3779b97f4a7c15ull;
	tcase_add_test(tc, bvt_shares_follow_weights);
	tcase_add_test(tc, bvt_turn_is_at_least_the_allowance);
	tcase_add_test(tc, bvt_sleep_is_not_saved_up);
	tcase_add_test(tc, bvt_sleeper_gets_the_cpu_soon);
	tcase_add_test(tc, bvt_warp_runs_at_once);
	tcase_add_test(tc, bvt_warp_keeps_the_shares);
	tcase_add_test(tc, bvt_warp_has_a_limit);
	tcase_add_test(tc, bvt_yield_lets_the_next_run);
	tcase_add_test(tc, bvt_virtual_time_wraps);
	tcase_add_test(tc, sporadic_hog_gets_its_budget_and_no_more);
	tcase_add_test(tc, sporadic_window_property);
	tcase_add_test(tc, sporadic_no_double_burst);
	tcase_add_test(tc, sporadic_late_timer_is_paid_back);
	tcase_add_test(tc, sporadic_alone_needs_no_timer);
	tcase_add_test(tc, sporadic_many_pieces);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
