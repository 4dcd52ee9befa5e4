/* SPDX-License-Identifier: BSD-3-Clause */
/* On which CPUs a process runs: all of its threads; those that the kernel does not let go, and those that start meanwhile. */
/* unit: tools/virtacrnd/affinity.c tools/common/args.c */
/* unit-flags: -D_GNU_SOURCE */
/* unit-libs: -lpthread */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/virtacrnd/affinity.h"

static pid_t held;		/* the thread that nobody may move */
static pid_t late;		/* one that the first pass does not see in its place */
static cpu_set_t before;

static pthread_barrier_t begun, over;
static pid_t tids[2];

/* In libc's place. */
int sched_setaffinity(pid_t tid, size_t size, const cpu_set_t *set)
{
	long err;

	if (tid == held) {
		errno = EINVAL;
		return -1;
	}
	err = syscall(SYS_sched_setaffinity, tid, size, set);
	/* Another thread's start, by one that has its old CPUs yet. */
	if (tid == late) {
		late = 0;
		syscall(SYS_sched_setaffinity, tid, sizeof(before), &before);
	}
	return err;
}

static void *wait_for_end(void *arg)
{
	*(pid_t *)arg = gettid();
	pthread_barrier_wait(&begun);
	pthread_barrier_wait(&over);
	return NULL;
}

static void check_cpus(pid_t tid, const cpu_set_t *wanted)
{
	cpu_set_t set;

	ck_assert_int_eq(sched_getaffinity(tid, sizeof(set), &set), 0);
	ck_assert(CPU_EQUAL(&set, wanted));
}

static pthread_t threads[2];

static void setup(void)
{
	held = late = 0;
	ck_assert_int_eq(sched_getaffinity(0, sizeof(before), &before), 0);
	pthread_barrier_init(&begun, NULL, 3);
	pthread_barrier_init(&over, NULL, 3);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, wait_for_end, &tids[i]);
	pthread_barrier_wait(&begun);
}

static void teardown(void)
{
	pthread_barrier_wait(&over);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	syscall(SYS_sched_setaffinity, 0, sizeof(before), &before);
}

/* The first CPU alone; where there is no other, nothing can change. */
static cpu_set_t first_cpu(void)
{
	cpu_set_t set;
	int cpu = 0;

	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return set;
}

START_TEST(all_threads)
{
	cpu_set_t one = first_cpu(), got;

	ck_assert_int_eq(affinity_set(getpid(), &one), 0);
	check_cpus(getpid(), &one);
	check_cpus(tids[0], &one);
	check_cpus(tids[1], &one);
	ck_assert_int_eq(affinity_get(getpid(), &got), 0);
	ck_assert(CPU_EQUAL(&got, &one));
}
END_TEST

START_TEST(one_that_is_held)
{
	cpu_set_t one = first_cpu(), got;

	held = tids[0];
	ck_assert_int_eq(affinity_set(getpid(), &one), 0);
	check_cpus(tids[0], &before);
	check_cpus(tids[1], &one);
	/* What may run anywhere is not said to be pinned. */
	ck_assert_int_eq(affinity_get(getpid(), &got), 0);
	ck_assert(CPU_EQUAL(&got, &before));
}
END_TEST

START_TEST(one_that_is_late)
{
	cpu_set_t one = first_cpu();

	late = tids[1];
	ck_assert_int_eq(affinity_set(getpid(), &one), 0);
	check_cpus(tids[1], &one);
}
END_TEST

START_TEST(errors)
{
	cpu_set_t one = first_cpu(), none;

	if (CPU_COUNT(&before) > 1) {
		held = getpid();
		ck_assert_int_eq(affinity_set(getpid(), &one), -EINVAL);
	}
	held = 0;
	CPU_ZERO(&none);
	ck_assert_int_eq(affinity_set(getpid(), &none), -EINVAL);
	ck_assert_int_eq(affinity_set(0x7FFFFFFF, &one), -ENOENT);
	ck_assert_int_eq(affinity_get(0x7FFFFFFF, &none), -ENOENT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virt_affinity");
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, all_threads);
	tcase_add_test(tests, one_that_is_held);
	tcase_add_test(tests, one_that_is_late);
	tcase_add_test(tests, errors);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
