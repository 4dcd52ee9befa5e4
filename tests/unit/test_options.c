/* SPDX-License-Identifier: BSD-3-Clause */
/* Boot options: known ones, values, what is passed on. */
/* unit: hypervisor/boot/options.c hypervisor/lib/string.c */
/* unit-flags: -include tests/fake/rename_string.h */
#include <check.h>
#include <stdlib.h>

#include "boot/options.h"
#include "lib/string.h"
#include "log/log.h"

START_TEST(known_words_stay_here)
{
	options_parse("  uart=port@0x2F8 quiet loglevel=4\ttest root=/dev/vda mask=vid,x2apic  ");
	ck_assert_str_eq(option_value("uart"), "port@0x2F8");
	ck_assert_str_eq(option_value("mask"), "vid,x2apic");
	ck_assert_str_eq(option_value("test"), "");
	ck_assert(option_set("test"));
	ck_assert(!option_set("tee"));
	ck_assert_ptr_null(option_value("tee"));
	ck_assert_ptr_null(option_value("quiet"));
	ck_assert_str_eq(options_rest(), "quiet root=/dev/vda");
	ck_assert_uint_eq(option_uart_port(), 0x2f8);
	ck_assert_uint_eq(option_loglevel(), LOG_DEBUG);
}
END_TEST

START_TEST(similar_words_are_others)
{
	options_parse("tests tes uartx=1 =x loglevels=2 nologlevel=1");
	ck_assert(!option_set("test"));
	ck_assert_str_eq(options_rest(), "tests tes uartx=1 =x loglevels=2 nologlevel=1");
}
END_TEST

START_TEST(last_one_counts_and_parse_forgets)
{
	options_parse("loglevel=0");
	ck_assert_uint_eq(option_loglevel(), 0);
	options_parse("loglevel=1 loglevel=2 tee");
	ck_assert_uint_eq(option_loglevel(), LOG_WARN);
	options_parse("");
	ck_assert_uint_eq(option_loglevel(), LOG_INFO);
	ck_assert(!option_set("tee"));
	ck_assert_str_eq(options_rest(), "");
}
END_TEST

START_TEST(image_path_is_dropped)
{
	options_parse("/boot/quercus.elf a=/b /c");
	ck_assert_str_eq(options_rest(), "a=/b /c");
}
END_TEST

static const struct { const char *text; uint16_t port; } uarts[] = {
	{ "", 0x3f8 }, { "uart=disabled", 0 }, { "uart=port@0x3E8", 0x3e8 }, { "uart=port@760", 760 },
	{ "uart=port@", 0x3f8 }, { "uart=port@0", 0x3f8 }, { "uart=port@0x10000", 0x3f8 },
	{ "uart=port@zz", 0x3f8 }, { "uart=mmio@0x3E8", 0x3f8 }, { "uart", 0x3f8 },
};

START_TEST(uart)
{
	options_parse(uarts[_i].text);
	ck_assert_uint_eq(option_uart_port(), uarts[_i].port);
}
END_TEST

static const char *const bad_levels[] = { "loglevel=-1", "loglevel=5", "loglevel=x", "loglevel=", "loglevel" };

START_TEST(loglevel_out_of_range)
{
	options_parse(bad_levels[_i]);
	ck_assert_uint_eq(option_loglevel(), LOG_INFO);
}
END_TEST

START_TEST(too_long_line_is_cut)
{
	static char line[3000];

	for (unsigned int i = 0; i + 2 < sizeof(line); i += 2) {
		line[i] = 'a';
		line[i + 1] = ' ';
	}
	options_parse(line);
	ck_assert_uint_lt(strlen(options_rest()), 1024);
	ck_assert_int_eq(strncmp(options_rest(), "a a a a", 7), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("options");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, known_words_stay_here);
	tcase_add_test(t, similar_words_are_others);
	tcase_add_test(t, last_one_counts_and_parse_forgets);
	tcase_add_test(t, image_path_is_dropped);
	tcase_add_loop_test(t, uart, 0, (int)ARRAY_SIZE(uarts));
	tcase_add_loop_test(t, loglevel_out_of_range, 0, (int)ARRAY_SIZE(bad_levels));
	tcase_add_test(t, too_long_line_is_cut);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
