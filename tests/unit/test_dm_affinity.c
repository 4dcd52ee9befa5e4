/* SPDX-License-Identifier: BSD-3-Clause */
/* On which CPUs a VM runs: numbers, and local APIC ids of a machine where they are not the numbers. */
/* unit: devicemodel/core/affinity.c devicemodel/core/config.c devicemodel/core/log.c tests/fake/dm_hsm.c */
/* unit-flags: -Idevicemodel -Ihypervisor -Itests/fake -D_GNU_SOURCE */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "core/affinity.h"
#include "core/config.h"
#include "core/hsm.h"
#include "dm_hsm.h"

static struct config cfg;
static struct hsm hsm;
static uint64_t mask;

static void setup(void)
{
	fake_hsm_clear();
	mask = 77;
}

static void teardown(void)
{
	config_fini(&cfg);
}

static int of(const char *key, const char *value)
{
	ck_assert_int_eq(config_set(&cfg, key, value), 0);
	return affinity_mask(&hsm, &cfg, &mask);
}

START_TEST(none_is_none)
{
	ck_assert_int_eq(affinity_mask(&hsm, &cfg, &mask), 0);
	ck_assert_uint_eq(mask, 0);
}
END_TEST

START_TEST(numbers_are_bits)
{
	ck_assert_int_eq(of("cpu.pcpus", "1,63"), 0);
	ck_assert_uint_eq(mask, 1ull << 63 | 2);
}
END_TEST

START_TEST(ids_are_looked_up)
{
	ck_assert_int_eq(of("cpu.affinity", "14,2"), 0);
	ck_assert_uint_eq(mask, 1u << 7 | 1u << 1);
}
END_TEST

START_TEST(an_id_that_no_cpu_has)
{
	ck_assert_int_eq(of("cpu.affinity", "2,3"), -EINVAL);
	ck_assert_int_eq(of("cpu.affinity", "4000000000"), -EINVAL);
}
END_TEST

START_TEST(ids_are_numbers_where_nobody_tells)
{
	fake_hsm.no_cpus = true;
	ck_assert_int_eq(of("cpu.affinity", "2,3"), 0);
	ck_assert_uint_eq(mask, 0xc);
	ck_assert_int_eq(of("cpu.affinity", "64"), -EINVAL);
}
END_TEST

START_TEST(what_is_no_list)
{
	static const char *const bad[] = { "", ",", "1,", ",1", "1,1", "x", "1 ", "-1", "4294967296", "1,99999999999999999999" };
	uint32_t list[AFFINITY_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(affinity_parse(bad[i], list) == 0, "'%s'", bad[i]);
	ck_assert_uint_eq(affinity_parse("4294967295,0", list), 2);
	ck_assert(list[0] == UINT32_MAX && list[1] == 0);
}
END_TEST

START_TEST(no_more_than_fit)
{
	char text[4 * AFFINITY_MAX + 8] = "";
	uint32_t list[AFFINITY_MAX];
	size_t len = 0;

	for (unsigned int i = 0; i < AFFINITY_MAX; i++)
		len += (size_t)sprintf(text + len, "%s%u", i ? "," : "", 100 + i);
	ck_assert_uint_eq(affinity_parse(text, list), AFFINITY_MAX);
	sprintf(text + len, ",9");
	ck_assert_uint_eq(affinity_parse(text, list), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dm_affinity");
	TCase *c = tcase_create("affinity");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, none_is_none);
	tcase_add_test(c, numbers_are_bits);
	tcase_add_test(c, ids_are_looked_up);
	tcase_add_test(c, an_id_that_no_cpu_has);
	tcase_add_test(c, ids_are_numbers_where_nobody_tells);
	tcase_add_test(c, what_is_no_list);
	tcase_add_test(c, no_more_than_fit);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
