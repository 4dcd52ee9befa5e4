/* SPDX-License-Identifier: BSD-3-Clause */
/* hvconfig as a command: exit codes, and that a refusal leaves the files as they were. */
/* unit: misc/config/hvconfig/build.c misc/config/hvconfig/fill.c misc/config/hvconfig/fill_vuart.c misc/config/hvconfig/fill_launch.c misc/config/hvconfig/rules.c misc/config/hvconfig/board.c misc/config/hvconfig/schema.c misc/config/hvconfig/doc.c misc/config/hvconfig/show.c misc/config/hvconfig/fields.c misc/config/hvconfig/values.c misc/config/hvconfig/report.c hypervisor/config/scenario.c hypervisor/config/scenario_vm.c hypervisor/config/scenario_set.c hypervisor/config/scenario_machine.c hypervisor/config/scenario_names.c hypervisor/lib/crc.c */
/* unit-flags: -Imisc/config/hvconfig -I/usr/include/libxml2 -D_GNU_SOURCE */
/* unit-libs: -lxml2 */
#define main hvconfig_main
#include "main.c"
#undef main

#include <check.h>
#include <sys/stat.h>

#define SCENARIO "misc/config/scenarios/hybrid_rt.xml"

static char dir[] = "/tmp/test_hvconfig_cli.XXXXXX", target[64], bad[64];

static void setup(void)
{
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(target, sizeof(target), "%s/out.bin", dir);
	snprintf(bad, sizeof(bad), "%s/bad.xml", dir);
	f = fopen(bad, "w");
	fputs("<scenario name=\"bad\"/>\n", f);
	fclose(f);
}

static void teardown(void)
{
	unlink(target);
	unlink(bad);
	ck_assert_msg(rmdir(dir) == 0, "something was left in %s", dir);
}

#define RUN(...) run_command((const char *[]){ "hvconfig", __VA_ARGS__, NULL })

static int run_command(const char **args)
{
	int nr = 0;

	while (args[nr])
		nr++;
	return run(nr, (char **)args);
}

START_TEST(exit_codes)
{
	ck_assert_int_eq(RUN("check", SCENARIO), 0);
	ck_assert_int_eq(RUN("check", bad), 1);
	ck_assert_int_eq(RUN("check", "/nonexistent.xml"), 2);
	ck_assert_int_eq(RUN("show", "/nonexistent.bin"), 2);
	ck_assert_int_eq(RUN("show", SCENARIO), 1);
	ck_assert_int_eq(RUN("doc"), 0);
	ck_assert_int_eq(RUN("doc", "more"), 2);
	ck_assert_int_eq(RUN("check"), 2);
	ck_assert_int_eq(RUN("build", SCENARIO), 2);
	ck_assert_int_eq(RUN("build", SCENARIO, "-x", target), 2);
	ck_assert_int_eq(RUN("frobnicate", SCENARIO), 2);
}
END_TEST

START_TEST(builds_and_shows)
{
	struct stat st;

	ck_assert_int_eq(RUN("build", SCENARIO, "-o", target), 0);
	ck_assert_int_eq(stat(target, &st), 0);
	ck_assert_int_eq(st.st_size, sizeof(struct scenario) + 3 * sizeof(struct scenario_vm));
	ck_assert_int_eq(RUN("show", target), 0);
	ck_assert_int_eq(RUN("build", "-o", target, SCENARIO), 0);
	ck_assert_int_eq(truncate(target, st.st_size - 1), 0);
	ck_assert_int_eq(RUN("show", target), 1);
}
END_TEST

START_TEST(refusal_changes_nothing)
{
	struct stat st;

	ck_assert_int_eq(RUN("build", bad, "-o", target), 1);
	ck_assert_int_eq(stat(target, &st), -1);
	ck_assert_int_eq(RUN("build", SCENARIO, "-o", target), 0);
	ck_assert_int_eq(RUN("build", bad, "-o", target), 1);
	ck_assert_int_eq(stat(target, &st), 0);
	ck_assert_int_gt(st.st_size, 0);
	ck_assert_int_eq(RUN("build", SCENARIO, "-o", "/nonexistent/out.bin"), 2);
	ck_assert_int_eq(RUN("build", SCENARIO, "-o", dir), 2);	/* a folder */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hvconfig_cli");
	TCase *tc = tcase_create("cli");
	SRunner *runner;
	int failed;

	(void)hvconfig_main;
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, exit_codes);
	tcase_add_test(tc, builds_and_shows);
	tcase_add_test(tc, refusal_changes_nothing);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	xmlCleanupParser();
	return failed != 0;
}
