/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel module's runs of page frames, and its checks of ranges. */
/* unit: */
/* unit-flags: -Ihypervisor */
#include <check.h>
#include <stdlib.h>
#include "hsm_driver/chunk.h"

START_TEST(only_the_next_frame_joins)
{
	struct hsm_chunk c = { 100, 1 };

	ck_assert(chunk_join(&c, 101));
	ck_assert(!chunk_join(&c, 101));
	ck_assert(!chunk_join(&c, 103));
	ck_assert(!chunk_join(&c, 99));
	ck_assert(chunk_join(&c, 102));
	ck_assert_uint_eq(c.pfn, 100);
	ck_assert_uint_eq(c.nr, 3);
	c.nr = 0;
	ck_assert(!chunk_join(&c, 100));
}
END_TEST

START_TEST(regions_follow_each_other)
{
	const struct hsm_chunk c[3] = { { 0x100000, 512 }, { 5, 1 }, { 0xFFFFFFFFF, 1 } };
	struct vm_memory_region r[4] = { 0 };
	uint64_t gpa = 0x40000000;

	ck_assert_uint_eq(chunk_regions(c, 3, r, 2, &gpa), 2);
	ck_assert_uint_eq(gpa, 0x40000000 + 513 * 4096ull);
	ck_assert_uint_eq(r[0].gpa, 0x40000000);
	ck_assert_uint_eq(r[0].service_vm_gpa, 0x100000000ull);
	ck_assert_uint_eq(r[0].size, 0x200000);
	ck_assert_uint_eq(r[1].gpa, 0x40200000);
	ck_assert_uint_eq(r[1].service_vm_gpa, 0x5000);
	ck_assert_uint_eq(r[1].size, 0x1000);
	ck_assert_uint_eq(r[2].size, 0);

	ck_assert_uint_eq(chunk_regions(&c[2], 1, r, 4, &gpa), 1);
	ck_assert_uint_eq(r[0].type, MR_ADD);
	ck_assert_uint_eq(r[0].gpa, 0x40201000);
	ck_assert_uint_eq(r[0].service_vm_gpa, 0xFFFFFFFFF000ull);
	ck_assert_uint_eq(chunk_regions(c, 0, r, 4, &gpa), 0);
}
END_TEST

START_TEST(ranges_are_whole_pages_below_the_limit)
{
	ck_assert(range_ok(0, 0x1000, HSM_PA_LIMIT));
	ck_assert(range_ok(HSM_PA_LIMIT - 0x1000, 0x1000, HSM_PA_LIMIT));
	ck_assert(!range_ok(HSM_PA_LIMIT - 0x1000, 0x2000, HSM_PA_LIMIT));
	ck_assert(!range_ok(HSM_PA_LIMIT, 0x1000, HSM_PA_LIMIT));
	ck_assert(!range_ok(0x1000, 0, HSM_PA_LIMIT));
	ck_assert(!range_ok(0x1001, 0x1000, HSM_PA_LIMIT));
	ck_assert(!range_ok(0x1000, 0x1001, HSM_PA_LIMIT));
	ck_assert(!range_ok(0x1000, ~0xfffull, HSM_PA_LIMIT));
	ck_assert(!range_ok(~0xfffull, 0x1000, HSM_PA_LIMIT));
}
END_TEST

START_TEST(overlap_needs_a_shared_byte)
{
	ck_assert(range_overlap(0x1000, 0x1000, 0x1000, 0x1000));
	ck_assert(range_overlap(0x1000, 0x3000, 0x2000, 0x1000));
	ck_assert(range_overlap(0x2000, 0x1000, 0x1000, 0x3000));
	ck_assert(!range_overlap(0x1000, 0x1000, 0x2000, 0x1000));
	ck_assert(!range_overlap(0x2000, 0x1000, 0x1000, 0x1000));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hsm_chunk");
	TCase *tc = tcase_create("chunk");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(tc, only_the_next_frame_joins);
	tcase_add_test(tc, regions_follow_each_other);
	tcase_add_test(tc, ranges_are_whole_pages_below_the_limit);
	tcase_add_test(tc, overlap_needs_a_shared_byte);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
