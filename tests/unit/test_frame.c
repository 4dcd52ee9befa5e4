/* SPDX-License-Identifier: BSD-3-Clause */
/* Page pool: contiguous requests, reuse, limits, misuse. */
/* unit: hypervisor/mm/frame.c tests/fake/panic.c */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "mm/frame.h"

/* 150 pages: the map's last word is only partly used. */
#define NR 150u

static uint8_t *memory;

static void setup(void)
{
	memory = aligned_alloc(PAGE_SIZE, NR * PAGE_SIZE);
	memset(memory, 0xaa, NR * PAGE_SIZE);
	frame_init(hva_to_hpa(memory), NR * PAGE_SIZE);
}

static void teardown(void)
{
	free(memory);
}

START_TEST(gives_every_page_once_zeroed)
{
	static uint8_t zero[PAGE_SIZE];
	uint8_t seen[NR] = { 0 };
	void *p;
	uint32_t n = 0;

	ck_assert_uint_eq(frame_nr_total(), NR - 1);
	while ((p = frame_get(1))) {
		uint64_t i = (uint64_t)((uint8_t *)p - memory) / PAGE_SIZE;

		ck_assert_uint_lt(i, NR);
		ck_assert_uint_eq(seen[i]++, 0);
		ck_assert_mem_eq(p, zero, PAGE_SIZE);
		memset(p, 0x55, PAGE_SIZE);
		n++;
	}
	ck_assert_uint_eq(n, NR - 1);
	ck_assert_uint_eq(frame_nr_free(), 0);
}
END_TEST

START_TEST(runs_and_holes)
{
	uint8_t *a = frame_get(10), *b = frame_get(20), *c = frame_get(5);

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(c);
	frame_put(b, 20);
	/* Too long for the hole: behind c; a shorter one fits into it. */
	ck_assert_ptr_eq(frame_get(21), c + 5 * PAGE_SIZE);
	ck_assert_ptr_eq(frame_get(20), b);
	ck_assert_ptr_null(frame_get(NR));
	ck_assert_ptr_null(frame_get(0));
	ck_assert_ptr_null(frame_get(UINT32_MAX));
	ck_assert_uint_eq(frame_nr_free(), NR - 1 - 10 - 20 - 5 - 21);
}
END_TEST

/* Parts of a block may be returned one by one. */
START_TEST(everything_comes_back)
{
	for (unsigned int round = 0; round < 50; round++) {
		uint8_t *p[12];

		for (uint32_t i = 0; i < 12; i++)
			ck_assert_ptr_nonnull(p[i] = frame_get(i + 1));
		for (uint32_t i = 0; i < 12; i++)
			for (uint32_t k = 0; k <= i; k++)
				frame_put(p[i] + k * PAGE_SIZE, 1);
		frame_put(NULL, 3);
		ck_assert_uint_eq(frame_nr_free(), NR - 1);
	}
	ck_assert_ptr_nonnull(frame_get(NR - 1));
}
END_TEST

START_TEST(tells_its_range)
{
	hpa_t start;
	uint64_t size;

	frame_pool(&start, &size);
	ck_assert_ptr_eq(hpa_to_hva(start), memory);
	ck_assert_uint_eq(size, NR * PAGE_SIZE);
}
END_TEST

START_TEST(double_free_panics)
{
	uint8_t *p = frame_get(2);

	frame_put(p, 2);
	frame_put(p + PAGE_SIZE, 1);
}
END_TEST

START_TEST(foreign_page_panics) { frame_put(memory + NR * PAGE_SIZE, 1); } END_TEST
START_TEST(own_map_panics) { frame_put(memory, 1); } END_TEST
START_TEST(misaligned_panics) { frame_put((uint8_t *)frame_get(2) + 8, 1); } END_TEST

int main(void)
{
	Suite *s = suite_create("frame");
	TCase *t = tcase_create("frame");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, gives_every_page_once_zeroed);
	tcase_add_test(t, runs_and_holes);
	tcase_add_test(t, everything_comes_back);
	tcase_add_test(t, tells_its_range);
	tcase_add_test_raise_signal(t, double_free_panics, SIGABRT);
	tcase_add_test_raise_signal(t, foreign_page_panics, SIGABRT);
	tcase_add_test_raise_signal(t, own_map_panics, SIGABRT);
	tcase_add_test_raise_signal(t, misaligned_panics, SIGABRT);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
