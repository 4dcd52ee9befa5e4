/* SPDX-License-Identifier: BSD-3-Clause */
/* Formatting against the C library's printf. */
/* unit: hypervisor/lib/printf.c hypervisor/lib/string.c */
/* unit-flags: -include tests/fake/rename_string.h */
#include <check.h>
#include <limits.h>
#include <stdlib.h>

#include "lib/printf.h"
#include "lib/string.h"

static char want[256], got[256];

/* The same arguments through both; text and length must be the same. */
#define SAME(...)							\
	do {								\
		int n = (sprintf)(want, __VA_ARGS__);			\
									\
		ck_assert_int_eq(snprintf(got, sizeof(got), __VA_ARGS__), n); \
		ck_assert_str_eq(got, want);				\
	} while (0)

START_TEST(numbers)
{
	SAME("%d %d %d %i", 0, -1, INT_MIN, INT_MAX);
	SAME("%u %x %lu %lx", 4000000000u, 0xdeadbeefu, ULONG_MAX, 0x123456789abcdeful);
	SAME("%ld %lld %llu %llx", LONG_MIN, -5ll, ULLONG_MAX, 0xffull);
	SAME("%zu %hu", sizeof(long), (unsigned short)65535);
}
END_TEST

START_TEST(widths)
{
	SAME("[%5d][%-5d][%05d][%+d]", 42, 42, 42, 42);
	SAME("[%5d][%-5d][%05d]", -42, -42, -42);
	SAME("[%016lx][%8x][%-8x][%#x][%#010x]", 0xabcul, 0xabcu, 0xabcu, 0xabcu, 0xabcu);
	SAME("[%.3d][%8.3d][%2d]", 7, 7, 12345);
	SAME("[%*d][%-*d]", 6, 3, 6, 3);
}
END_TEST

START_TEST(text)
{
	const char *volatile nothing = NULL;

	SAME("%s|%10s|%-10s|%.2s|%10.2s|%c|%%", "abc", "abc", "abc", "abc", "abc", 'x');
	SAME("%.*s|", 2, "xyz");
	SAME("%s", "");
	snprintf(got, sizeof(got), "%s", nothing);
	ck_assert_str_eq(got, "(null)");
	snprintf(got, sizeof(got), "%p", (void *)0xabc0);
	ck_assert_str_eq(got, "0xabc0");
}
END_TEST

/* Precision keeps text without a terminating 0 readable. */
START_TEST(bounded_text)
{
	const char raw[4] = { 'A', 'P', 'I', 'C' };

	snprintf(got, sizeof(got), "<%.4s>", raw);
	ck_assert_str_eq(got, "<APIC>");
}
END_TEST

START_TEST(cuts_off_and_counts)
{
	for (size_t size = 0; size < 12; size++) {
		memset(got, '#', sizeof(got));
		ck_assert_int_eq(snprintf(got, size, "%s-%d", "abcd", 1234), 9);
		if (size)
			ck_assert_uint_eq(strlen(got), size > 9 ? 9 : size - 1);
		for (size_t i = size; i < 20; i++)
			ck_assert_int_eq(got[i], '#');
	}
}
END_TEST

START_TEST(broken_formats)
{
	const char *odd[] = { "%", "a%", "%5", "%l", "%-" };

	for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
		va_list none;

		memset(&none, 0, sizeof(none));
		ck_assert_int_ge(vsnprintf(got, sizeof(got), odd[i], none), 0);
	}
	ck_assert_int_eq(got[0], 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("printf");
	TCase *t = tcase_create("printf");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, numbers);
	tcase_add_test(t, widths);
	tcase_add_test(t, text);
	tcase_add_test(t, bounded_text);
	tcase_add_test(t, cuts_off_and_counts);
	tcase_add_test(t, broken_formats);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
