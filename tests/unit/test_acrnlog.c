/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnlog: lines of several rings in one order, gaps, rotating files. */
/* unit: tools/acrnlog/lines.c tools/acrnlog/files.c */
/* unit-flags: -Itools/acrnlog -D_GNU_SOURCE */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "lines.h"

static struct lines *lines;
static char said[65536];

static void emit(void *arg, const struct line *line, bool gap)
{
	(void)arg;
	if (gap)
		strcat(said, "GAP ");
	strcat(said, line->text + line->message);
	strcat(said, "|");
}

/* A line as the hypervisor cuts it into elements. */
static void put(unsigned int cpu, uint64_t seq, const char *text)
{
	char line[SBUF_LOG_MAX_LINE] = { 0 };
	size_t n = (size_t)snprintf(line, sizeof(line), "[%lluus][cpu=%u][sev=3][seq=%llu]:%s\n", 5ull, cpu,
				    (unsigned long long)seq, text);

	for (size_t i = 0; i < n; i += SBUF_LOG_ELE_SIZE)
		lines_put(lines, cpu, line + i, SBUF_LOG_ELE_SIZE);
}

static void setup(void)
{
	lines = malloc(sizeof(*lines));
	lines_init(lines, emit, NULL);
	said[0] = 0;
}

static void teardown(void)
{
	lines_flush(lines);
	free(lines);
}

START_TEST(order_over_cpus)
{
	put(0, 1, "b");
	put(0, 3, "d");
	put(1, 0, "a");
	put(1, 2, "c");
	lines_round(lines);
	ck_assert_str_eq(said, "a|b|c|d|");
}
END_TEST

START_TEST(late_line_is_waited_for)
{
	put(0, 0, "a");
	lines_round(lines);
	put(1, 2, "c");		/* b was written behind our back into a ring already read */
	lines_round(lines);
	ck_assert_str_eq(said, "a|");
	put(0, 1, "b");
	lines_round(lines);
	ck_assert_str_eq(said, "a|b|c|");
}
END_TEST

START_TEST(lost_line_is_said)
{
	put(0, 7, "a");
	lines_round(lines);
	put(0, 9, "c");
	lines_round(lines);
	lines_round(lines);
	ck_assert_str_eq(said, "a|GAP c|");
}
END_TEST

START_TEST(long_and_old_lines)
{
	char text[201];

	memset(text, 'x', 200);
	text[200] = 0;
	lines_put(lines, 0, "[   0.5] boot\nmore of the bo", 28);
	lines_put(lines, 0, "ot\n", 3);
	put(0, 0, text);
	lines_round(lines);
	ck_assert_int_eq(strncmp(said, "[   0.5] boot|more of the boot|xxxx", 35), 0);
	ck_assert_uint_eq(strlen(said), 14 + 17 + 201);
}
END_TEST

START_TEST(garbage_ends_nowhere)
{
	char element[SBUF_LOG_ELE_SIZE];

	memset(element, 'y', sizeof(element));
	for (int i = 0; i < 100; i++)
		lines_put(lines, 300, element, sizeof(element));
	for (uint64_t i = 0; i < LINES_WAITING + 10; i++)
		put(0, 2 * i, "");
	lines_round(lines);
	ck_assert_uint_le(lines->nr_waiting, LINES_WAITING);
}
END_TEST

static bool exists(const char *dir, unsigned int n)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/acrnlog_cur.%u", dir, n);
	return access(path, F_OK) == 0;
}

START_TEST(files_rotate)
{
	char dir[] = "/tmp/acrnlogXXXXXX", command[64];
	struct files f;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(files_open(&f, dir, 100, 3), 0);
	for (int i = 0; i < 50; i++)
		fprintf(files_line(&f), "0123456789012345678\n");	/* five a file */
	ck_assert_uint_eq(f.number, 9);
	ck_assert_int_eq(files_close(&f), 0);
	ck_assert(!exists(dir, 6) && exists(dir, 7) && exists(dir, 8) && exists(dir, 9) && !exists(dir, 10));
	/* A new run goes on behind, and keeps the same number of files. */
	ck_assert_int_eq(files_open(&f, dir, 0, 3), 0);
	ck_assert(!exists(dir, 7) && exists(dir, 8) && exists(dir, 10));
	ck_assert_int_eq(files_close(&f), 0);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("acrnlog");
	TCase *t = tcase_create("acrnlog");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, order_over_cpus);
	tcase_add_test(t, late_line_is_waited_for);
	tcase_add_test(t, lost_line_is_said);
	tcase_add_test(t, long_and_old_lines);
	tcase_add_test(t, garbage_ends_nowhere);
	tcase_add_test(t, files_rotate);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
