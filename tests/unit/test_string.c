/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory and string functions against the C library's. */
/* unit: hypervisor/lib/string.c */
/* unit-flags: -include tests/fake/rename_string.h */
#include <check.h>
#include <stdlib.h>

#include "lib/errno.h"
#include "lib/string.h"

#define AREA 64

static uint8_t mine[AREA], theirs[AREA];

static void fill(void)
{
	for (unsigned int i = 0; i < AREA; i++)
		mine[i] = theirs[i] = (uint8_t)(i * 7 + 1);
}

/* All offsets and lengths within the area, overlap included, against a byte-wise model. */
START_TEST(moves_every_overlap)
{
	for (unsigned int from = 0; from < 24; from++)
		for (unsigned int to = 0; to < 24; to++)
			for (unsigned int n = 0; n < 40; n++) {
				uint8_t copy[AREA];

				fill();
				for (unsigned int i = 0; i < n; i++)
					copy[i] = theirs[from + i];
				for (unsigned int i = 0; i < n; i++)
					theirs[to + i] = copy[i];
				ck_assert_ptr_eq(memmove(mine + to, mine + from, n), mine + to);
				ck_assert_mem_eq(mine, theirs, AREA);
			}
}
END_TEST

START_TEST(copies_and_sets)
{
	for (unsigned int n = 0; n < 33; n++) {
		fill();
		ck_assert_ptr_eq(memcpy(mine + 32, mine, n), mine + 32);
		for (unsigned int i = 0; i < 32; i++)
			ck_assert_uint_eq(mine[32 + i], i < n ? mine[i] : theirs[32 + i]);
		fill();
		ck_assert_ptr_eq(memset(mine + 3, 0x1a5, n), mine + 3);
		for (unsigned int i = 0; i < AREA; i++)
			ck_assert_uint_eq(mine[i], i >= 3 && i < 3 + n ? 0xa5 : theirs[i]);
	}
}
END_TEST

START_TEST(compares)
{
	ck_assert_int_eq(memcmp("abc", "abd", 2), 0);
	ck_assert_int_lt(memcmp("abc", "abd", 3), 0);
	ck_assert_int_gt(memcmp("\x80", "\x7f", 1), 0);
	ck_assert_int_eq(strcmp("", ""), 0);
	ck_assert_int_lt(strcmp("ab", "abc"), 0);
	ck_assert_int_gt(strcmp("b", "abc"), 0);
	ck_assert_int_gt(strcmp("\xff", "a"), 0);
	ck_assert_int_eq(strncmp("abcd", "abce", 3), 0);
	ck_assert_int_lt(strncmp("abcd", "abce", 4), 0);
	ck_assert_int_eq(strncmp("ab", "ab", 100), 0);
	ck_assert_int_eq(strncmp("x", "y", 0), 0);
}
END_TEST

START_TEST(measures_and_finds)
{
	const char *s = "find the end";

	ck_assert_uint_eq(strlen(""), 0);
	ck_assert_uint_eq(strlen(s), 12);
	ck_assert_uint_eq(strnlen(s, 4), 4);
	ck_assert_uint_eq(strnlen(s, 99), 12);
	ck_assert_ptr_eq(strchr(s, 'n'), s + 2);
	ck_assert_ptr_eq(strchr(s, 0), s + 12);
	ck_assert_ptr_null(strchr(s, 'z'));
	ck_assert_ptr_eq(strstr(s, "the"), s + 5);
	ck_assert_ptr_eq(strstr(s, ""), s);
	ck_assert_ptr_eq(strstr(s, "end"), s + 9);
	ck_assert_ptr_null(strstr(s, "ends"));
}
END_TEST

START_TEST(bounded_copy_terminates)
{
	char buf[5] = "####";

	ck_assert_uint_eq(str_copy(buf, "abcdefg", 4), 7);
	ck_assert_str_eq(buf, "abc");
	ck_assert_int_eq(buf[4], 0);
	ck_assert_uint_eq(str_copy(buf, "xy", sizeof(buf)), 2);
	ck_assert_str_eq(buf, "xy");
	ck_assert_uint_eq(str_copy(buf, "q", 0), 1);
	ck_assert_str_eq(buf, "xy");
}
END_TEST

static const struct {
	const char *text;
	int err;
	uint64_t value;
} numbers[] = {
	{ "0", 0, 0 }, { "42", 0, 42 }, { "0x2F8", 0, 0x2f8 }, { "0Xff", 0, 255 },
	{ "18446744073709551615", 0, UINT64_MAX }, { "0xffffffffffffffff", 0, UINT64_MAX },
	{ "18446744073709551616", -EINVAL, 0 }, { "0x10000000000000000", -EINVAL, 0 },
	{ "99999999999999999999", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "0x", -EINVAL, 0 },
	{ "12a", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { " 1", -EINVAL, 0 }, { "0xg", -EINVAL, 0 },
};

START_TEST(parses_number)
{
	uint64_t v = 77;

	ck_assert_int_eq(str_to_u64(numbers[_i].text, &v), numbers[_i].err);
	ck_assert_uint_eq(v, numbers[_i].err ? 77 : numbers[_i].value);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("string");
	TCase *t = tcase_create("string");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, moves_every_overlap);
	tcase_add_test(t, copies_and_sets);
	tcase_add_test(t, compares);
	tcase_add_test(t, measures_and_finds);
	tcase_add_test(t, bounded_copy_terminates);
	tcase_add_loop_test(t, parses_number, 0, (int)ARRAY_SIZE(numbers));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
