/* SPDX-License-Identifier: BSD-3-Clause */
/* hvconfig as a command: exit codes, and that a refusal leaves the files as they were. */
/* unit: misc/config/hvconfig/build.c misc/config/hvconfig/fill.c misc/config/hvconfig/fill_vuart.c misc/config/hvconfig/fill_launch.c misc/config/hvconfig/rules.c misc/config/hvconfig/board.c misc/config/hvconfig/schema.c misc/config/hvconfig/doc.c misc/config/hvconfig/show.c misc/config/hvconfig/fields.c misc/config/hvconfig/values.c misc/config/hvconfig/report.c misc/config/hvconfig/import.c misc/config/hvconfig/import_xml.c misc/config/hvconfig/import_vm.c misc/config/hvconfig/import_vuart.c misc/config/hvconfig/import_launch.c misc/config/hvconfig/emit_grub.c misc/config/hvconfig/emit_launch.c misc/config/hvconfig/emit_domain.c misc/config/hvconfig/explain.c misc/config/hvconfig/output.c misc/config/hvconfig/diff.c misc/config/hvconfig/facts.c hypervisor/config/scenario.c hypervisor/config/scenario_vm.c hypervisor/config/scenario_set.c hypervisor/config/scenario_machine.c hypervisor/config/scenario_names.c hypervisor/lib/crc.c */
/* unit-flags: -Imisc/config/hvconfig -I/usr/include/libxml2 -D_GNU_SOURCE */
/* unit-libs: -lxml2 */
#define main hvconfig_main
#include "main.c"
#undef main

#include <check.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCENARIO "misc/config/scenarios/hybrid_rt.xml"
#define OTHER "misc/config/scenarios/hybrid.xml"
#define BOARD "tests/golden/scenario/boards/small.xml"
#define BROKEN "tests/golden/scenario/weight.xml"

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
	ck_assert_int_eq(RUN("help"), 0);
	ck_assert_int_eq(RUN("--help"), 0);
}
END_TEST

START_TEST(exit_codes_with_a_board)
{
	ck_assert_int_eq(RUN("check", "--board", BOARD, SCENARIO, OTHER), 0);
	ck_assert_int_eq(RUN("check", SCENARIO, BROKEN), 1);
	ck_assert_int_eq(RUN("check", BROKEN, "/nonexistent.xml"), 2);
	ck_assert_int_eq(RUN("check", "-b", BOARD, "tests/golden/scenario/board_cpu.xml"), 1);
	ck_assert_int_eq(RUN("check", "-b", SCENARIO, SCENARIO), 1);	/* no board */
	ck_assert_int_eq(RUN("check", "-b", "/nonexistent.xml", SCENARIO), 2);
	ck_assert_int_eq(RUN("explain", SCENARIO), 0);
	ck_assert_int_eq(RUN("explain", SCENARIO, "--board", BOARD), 0);
	ck_assert_int_eq(RUN("explain", BROKEN), 1);
	ck_assert_int_eq(RUN("explain", SCENARIO, OTHER), 2);
}
END_TEST

/* As of diff(1). */
START_TEST(exit_codes_of_diff)
{
	ck_assert_int_eq(RUN("diff", SCENARIO, SCENARIO), 0);
	ck_assert_int_eq(RUN("diff", SCENARIO, OTHER), 1);
	ck_assert_int_eq(RUN("diff", SCENARIO, BROKEN), 2);
	ck_assert_int_eq(RUN("diff", "/nonexistent.xml", SCENARIO), 2);
	ck_assert_int_eq(RUN("diff", SCENARIO), 2);
	ck_assert_int_eq(RUN("diff", SCENARIO, OTHER, "-b", BOARD), 2);
}
END_TEST

START_TEST(imports_what_it_can_check)
{
	ck_assert_int_eq(RUN("import", "tests/golden/import/older.xml", "-o", target), 0);
	ck_assert_int_eq(RUN("check", target), 0);
	ck_assert_int_eq(RUN("import", "tests/golden/import/older.xml"), 0);
	ck_assert_int_eq(RUN("import", "-k", "/vm/bzImage", "tests/golden/import/older.xml", "-o", target), 0);
	ck_assert_int_eq(RUN("check", target), 0);
	ck_assert_int_eq(RUN("import", "-k", "vm/bzImage", "tests/golden/import/older.xml"), 2);
	ck_assert_int_eq(RUN("import", "-k", "/vm/<b>", "tests/golden/import/older.xml"), 2);
	ck_assert_int_eq(RUN("check", "-k", "/vm/bzImage", SCENARIO), 2);
	ck_assert_int_eq(RUN("import", SCENARIO, "-o", target), 1);
	ck_assert_int_eq(RUN("check", target), 0);		/* still the one before */
	ck_assert_int_eq(RUN("import", "/nonexistent.xml"), 2);
	ck_assert_int_eq(RUN("import", "tests/golden/import/older.xml", "-o", "/nonexistent/x.xml"), 2);
}
END_TEST

START_TEST(builds_a_folder)
{
	char path[96];

	unlink(target);
	snprintf(path, sizeof(path), "%s/made", dir);
	ck_assert_int_eq(RUN("build", SCENARIO, "-d", path), 0);
	ck_assert_int_eq(RUN("build", SCENARIO, "-d", path, "-o", target), 2);
	ck_assert_int_eq(RUN("build", BROKEN, "-d", path), 1);
	ck_assert_int_eq(RUN("build", SCENARIO, "-d", bad), 2);	/* a file */
	snprintf(path, sizeof(path), "%s/made/hybrid_rt.bin", dir);
	ck_assert_int_eq(RUN("show", path), 0);
	unlink(path);
	snprintf(path, sizeof(path), "%s/made/grub.cfg", dir);
	ck_assert_int_eq(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/made", dir);
	ck_assert_int_eq(rmdir(path), 0);
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

/* As on a full disk: the file that was there stays, and nothing beside it. */
START_TEST(no_room)
{
	struct rlimit small = { 4000, 4000 };
	struct stat before, after;

	ck_assert_int_eq(RUN("build", SCENARIO, "-o", target), 0);
	ck_assert_int_eq(stat(target, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	ck_assert_int_eq(RUN("build", "misc/config/scenarios/industry.xml", "-o", target), 2);
	ck_assert_int_eq(stat(target, &after), 0);
	ck_assert_int_eq(after.st_size, before.st_size);
	ck_assert_int_eq(after.st_ino, before.st_ino);
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
	tcase_add_test(tc, exit_codes_with_a_board);
	tcase_add_test(tc, exit_codes_of_diff);
	tcase_add_test(tc, imports_what_it_can_check);
	tcase_add_test(tc, builds_a_folder);
	tcase_add_test(tc, builds_and_shows);
	tcase_add_test(tc, no_room);
	tcase_add_test(tc, refusal_changes_nothing);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	xmlCleanupParser();
	return failed != 0;
}
