/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte ring: order, limits, index wrap-around, two threads. */
/* unit: hypervisor/lib/ring.c */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "lib/ring.h"

#define SIZE 16u

static uint8_t buf[SIZE];
static struct ring ring;

static void setup(void)
{
	ring_init(&ring, buf, SIZE);
}

START_TEST(takes_no_more_than_fits)
{
	uint8_t in[40], out[40];

	for (unsigned int i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	ck_assert_uint_eq(ring_read(&ring, out, 4), 0);
	ck_assert_uint_eq(ring_write(&ring, in, 40), SIZE);
	ck_assert_uint_eq(ring_free(&ring), 0);
	ck_assert_uint_eq(ring_write(&ring, in, 1), 0);
	ck_assert_uint_eq(ring_read(&ring, out, 10), 10);
	ck_assert_uint_eq(ring_used(&ring), 6);
	ck_assert_uint_eq(ring_read(&ring, out + 10, 40 - 10), 6);
	ck_assert_mem_eq(out, in, SIZE);
}
END_TEST

/* Every step crosses the buffer's end now and then; the indices start just below 2^32. */
START_TEST(keeps_order_across_wraps)
{
	uint8_t next_in = 0, next_out = 0, chunk[7], out[7];

	ring.head = ring.tail = 0xfffffff5u;
	for (unsigned int step = 0; step < 200; step++) {
		unsigned int n = step % 7 + 1, got;

		for (unsigned int i = 0; i < n; i++)
			chunk[i] = (uint8_t)(next_in + i);
		next_in = (uint8_t)(next_in + ring_write(&ring, chunk, n));
		got = ring_read(&ring, out, (step * 3) % 8);
		for (unsigned int i = 0; i < got; i++)
			ck_assert_uint_eq(out[i], next_out++);
	}
	ck_assert_uint_eq((uint8_t)(next_in - next_out), ring_used(&ring));
}
END_TEST

#define STREAM 200000u

static void *produce(void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < STREAM; ) {
		uint8_t b = (uint8_t)(i * 31);

		if (ring_write(&ring, &b, 1))
			i++;
		else
			sched_yield();
	}
	return NULL;
}

START_TEST(two_threads)
{
	pthread_t thread;
	uint8_t b;

	ck_assert_int_eq(pthread_create(&thread, NULL, produce, NULL), 0);
	for (uint32_t i = 0; i < STREAM; ) {
		if (!ring_read(&ring, &b, 1)) {
			sched_yield();
			continue;
		}
		ck_assert_uint_eq(b, (uint8_t)(i * 31));
		i++;
	}
	pthread_join(thread, NULL);
	ck_assert_uint_eq(ring_used(&ring), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring");
	TCase *t = tcase_create("ring");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, takes_no_more_than_fits);
	tcase_add_test(t, keeps_order_across_wraps);
	tcase_add_test(t, two_threads);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
