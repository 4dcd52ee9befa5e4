/* SPDX-License-Identifier: BSD-3-Clause */
/* acrn-dm's command line: what it makes of good ones, and that bad ones are refused. */
/* unit: devicemodel/core/affinity.c devicemodel/core/options.c devicemodel/core/config.c devicemodel/core/log.c tests/fake/dm_hsm.c */
/* unit-flags: -Idevicemodel -Ihypervisor -D_GNU_SOURCE */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/options.h"

#define MAX_ARGS 32

static struct config cfg;

/* Parse a command line, split at blanks. */
static enum options_result parse(const char *line)
{
	static char text[8192];
	char *argv[MAX_ARGS] = { "acrn-dm" };
	int argc = 1;

	snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok(text, " "); word && argc < MAX_ARGS; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(argc, argv, &cfg);
}

static void teardown(void)
{
	config_fini(&cfg);
}

START_TEST(defaults_are_added)
{
	ck_assert_int_eq(parse("-k kernel vm1"), OPTIONS_RUN);
	ck_assert_str_eq(config_get(&cfg, "name"), "vm1");
	ck_assert_str_eq(config_get(&cfg, "boot.kernel"), "kernel");
	ck_assert_uint_eq(config_get_u64(&cfg, "memory.size", 0), 256u << 20);
	ck_assert_str_eq(config_get(&cfg, "pci.00.0.device"), "hostbridge");
	ck_assert_str_eq(config_get(&cfg, "pci.31.0.device"), "lpc");
}
END_TEST

START_TEST(everything_at_once)
{
	ck_assert_int_eq(parse("-A -E k.elf -r rd -m 1G -B console=ttyS0,115200 -s 0:0,hostbridge -s 1:0,lpc "
			       "-s 0:3:2,virtio-net,tap=tap0,mac=x -l com1,stdio --cpu_affinity 1,63 --mac_seed x "
			       "--debugexit --iasl /x vm1"), OPTIONS_RUN);
	ck_assert_str_eq(config_get(&cfg, "boot.args"), "console=ttyS0,115200");
	ck_assert_str_eq(config_get(&cfg, "boot.ramdisk"), "rd");
	ck_assert_str_eq(config_get(&cfg, "pci.03.2.device"), "virtio-net");
	ck_assert_str_eq(config_get(&cfg, "pci.03.2.options"), "tap=tap0,mac=x");
	ck_assert_str_eq(config_get(&cfg, "pci.01.0.device"), "lpc");
	ck_assert_ptr_null(config_get(&cfg, "pci.31.0.device"));
	ck_assert_str_eq(config_get(&cfg, "lpc.com1"), "stdio");
	ck_assert_str_eq(config_get(&cfg, "cpu.affinity"), "1,63");
	ck_assert(config_get_bool(&cfg, "debugexit"));
}
END_TEST

START_TEST(dump_shows_no_dump)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(parse("--dump-config -k k -m 64M vm1"), OPTIONS_DUMP);
	config_dump(&cfg, out);
	fclose(out);
	ck_assert_str_eq(text, "boot.kernel=k\nmemory.size=67108864\nname=vm1\n"
			 "pci.00.0.device=hostbridge\npci.31.0.device=lpc\n");
	free(text);
}
END_TEST

START_TEST(interrupt_monitor)
{
	ck_assert_int_eq(parse("-k k --intr_monitor 10000,10,1,100 vm1"), OPTIONS_RUN);
	ck_assert_uint_eq(config_get_u64(&cfg, "intr_monitor.threshold", 0), 10000);
	ck_assert_uint_eq(config_get_u64(&cfg, "intr_monitor.period", 0), 10);
	ck_assert_uint_eq(config_get_u64(&cfg, "intr_monitor.delay", 0), 1);
	ck_assert_uint_eq(config_get_u64(&cfg, "intr_monitor.duration", 0), 100);
}
END_TEST

static const struct { const char *text; uint64_t bytes; } sizes[] = {
	{ "512M", 512ull << 20 }, { "2g", 2ull << 30 }, { "65536K", 64ull << 20 }, { "33554432B", 32ull << 20 },
	{ "512", 512ull << 20 }, { "1048576", 1 << 20 }, { "1048575", 1048575ull << 20 },
};

START_TEST(memory_sizes)
{
	char line[64];

	snprintf(line, sizeof(line), "-k k -m %s vm1", sizes[_i].text);
	ck_assert_int_eq(parse(line), OPTIONS_RUN);
	ck_assert_uint_eq(config_get_u64(&cfg, "memory.size", 0), sizes[_i].bytes);
}
END_TEST

START_TEST(monitor_from_the_environment)
{
	char line[64];

	setenv("ACRN_CMD_MONITOR", "/run/a,group=b", 1);
	strcpy(line, "-k k vm1");
	ck_assert_int_eq(parse(line), OPTIONS_RUN);
	ck_assert_str_eq(config_get(&cfg, "monitor.path"), "/run/a");
	ck_assert_str_eq(config_get(&cfg, "monitor.group"), "b");
	config_fini(&cfg);
	strcpy(line, "-k k --cmd_monitor /run/c vm1");
	ck_assert_int_eq(parse(line), OPTIONS_RUN);
	ck_assert_str_eq(config_get(&cfg, "monitor.path"), "/run/c");
	ck_assert_ptr_null(config_get(&cfg, "monitor.group"));
	setenv("ACRN_CMD_MONITOR", ",", 1);
	config_fini(&cfg);
	strcpy(line, "-k k vm1");
	ck_assert_int_eq(parse(line), OPTIONS_BAD);
}
END_TEST

START_TEST(paused_needs_somebody_to_resume)
{
	unsetenv("ACRN_CMD_MONITOR");
	ck_assert_int_eq(parse("-k k --paused vm1"), OPTIONS_BAD);
	config_fini(&cfg);
	ck_assert_int_eq(parse("-k k --paused --cmd_monitor /run/a vm1"), OPTIONS_RUN);
	ck_assert(config_get_bool(&cfg, "start.paused"));
	config_fini(&cfg);
	ck_assert_int_eq(parse("-k k --cmd_monitor /run/a vm1"), OPTIONS_RUN);
	ck_assert(!config_get_bool(&cfg, "start.paused"));
	config_fini(&cfg);
	setenv("ACRN_PAUSED", "1", 1);
	ck_assert_int_eq(parse("-k k --cmd_monitor /run/a vm1"), OPTIONS_RUN);
	ck_assert(config_get_bool(&cfg, "start.paused"));
	config_fini(&cfg);
	setenv("ACRN_PAUSED", "yes", 1);
	ck_assert_int_eq(parse("-k k --cmd_monitor /run/a vm1"), OPTIONS_BAD);
}
END_TEST

static const char *const bad[] = {
	"", "vm1", "-k k", "-k", "-k k -k j vm1", "-k k -E e vm1", "-k k a b", "-k k 0123456789abcdef", "-k k a/b",
	"-k k -m 0 vm1", "-k k -m x vm1", "-k k -m 1T vm1", "-k k -m -1M vm1", "-k k -m 1MM vm1",
	"-k k -m 99999999999999999999 vm1", "-k k -m 99999999999G vm1",
	"-k k -s 3 vm1", "-k k -s 3, vm1", "-k k -s ,virtio-blk vm1", "-k k -s 32,lpc vm1", "-k k -s 3:8,lpc vm1",
	"-k k -s 1:3:0,lpc vm1", "-k k -s 0:0:0:0,lpc vm1", "-k k -s 3:,lpc vm1", "-k k -s a,lpc vm1",
	"-k k -s -3,lpc vm1", "-k k -s 3,,x vm1", "-k k -s 3,lpc -s 0:3:0,lpc vm1", "-k k -s 99999999999999999999,lpc vm1",
	"-k k -l com5,stdio vm1", "-k k -l com1 vm1", "-k k -l com1, vm1", "-k k -l lpt1,x vm1", "-k k -l com1,a -l com1,b vm1",
	"-k k --cpu_affinity x vm1", "-k k --cpu_affinity 4294967296 vm1", "-k k --cpu_affinity 1, vm1",
	"-k k --cpu_affinity 1,1 vm1", "-k k --cpu_affinity ,1 vm1", "-k k --cpu_affinity -1 vm1",
	"-k k --pcpus 64 vm1", "-k k --pcpus 1,1 vm1", "-k k --pcpus vm1", "-k k --pcpus 1 --cpu_affinity 1 vm1",
	"-k k --cpu_affinity 1 --pcpus 1 vm1",
	"-k k --logger_setting console,level=9 vm1", "-k k --logger_setting disk,level=3 vm1",
	"-k k --ovmf x vm1", "-k k --rtvm vm1", "-k k --vtpm2 x vm1", "-k k --windows vm1", "-k k --cmd_monitor ,group=x vm1", "-k k --cmd_monitor a,b vm1", "-k k --cmd_monitor a,group= vm1",
	"-k k --intr_monitor 1,1,1 vm1", "-k k --intr_monitor 1,1,1,1,1 vm1", "-k k --intr_monitor 0,1,1,1 vm1",
	"-k k --intr_monitor 1,1,1001,1 vm1", "-k k --intr_monitor 1,-1,1,1 vm1", "-k k --intr_monitor 1,1,,1 vm1",
	"-k k --intr_monitor 1,1,1,99999999999999999999 vm1", "-k k --intr_monitor x vm1",
	"-k k --nonsense vm1", "-Z vm1",
};

START_TEST(bad_lines_are_refused)
{
	ck_assert_int_eq(parse(bad[_i]), OPTIONS_BAD);
}
END_TEST

START_TEST(overlong_arguments)
{
	char line[6000];

	memcpy(line, "-k k -B ", 8);
	memset(line + 8, 'x', 4096);
	strcpy(line + 8 + 4096, " vm1");
	ck_assert_int_eq(parse(line), OPTIONS_BAD);
	config_fini(&cfg);
	memcpy(line, "-k k -s 3,", 10);
	memset(line + 10, 'x', 4500);
	strcpy(line + 10 + 4500, " vm1");
	ck_assert_int_eq(parse(line), OPTIONS_BAD);
}
END_TEST

START_TEST(help_and_version_end)
{
	ck_assert_int_eq(parse("-h"), OPTIONS_DONE);
	config_fini(&cfg);
	ck_assert_int_eq(parse("--version"), OPTIONS_DONE);
}
END_TEST

START_TEST(config_keeps_order_and_prefixes)
{
	const struct config_node *node;
	size_t pos = 0;

	ck_assert_int_eq(config_set(&cfg, "b.2", "x"), 0);
	ck_assert_int_eq(config_set(&cfg, "a", "1"), 0);
	ck_assert_int_eq(config_set(&cfg, "b.1", "y"), 0);
	ck_assert_int_eq(config_set(&cfg, "c", "0x10"), 0);
	ck_assert_int_eq(config_set(&cfg, "b.2", "z"), 0);
	node = config_next(&cfg, "b.", &pos);
	ck_assert_str_eq(node->key, "b.1");
	node = config_next(&cfg, "b.", &pos);
	ck_assert_str_eq(node->value, "z");
	ck_assert_ptr_null(config_next(&cfg, "b.", &pos));
	ck_assert_uint_eq(config_get_u64(&cfg, "c", 0), 16);
	ck_assert_uint_eq(config_get_u64(&cfg, "b.1", 7), 7);
	ck_assert_uint_eq(config_get_u64(&cfg, "none", 8), 8);
	config_unset(&cfg, "a");
	config_unset(&cfg, "a");
	ck_assert_ptr_null(config_get(&cfg, "a"));
	ck_assert_uint_eq(cfg.nr_nodes, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dm_options");
	TCase *tc = tcase_create("options");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, defaults_are_added);
	tcase_add_test(tc, everything_at_once);
	tcase_add_test(tc, interrupt_monitor);
	tcase_add_test(tc, dump_shows_no_dump);
	tcase_add_loop_test(tc, memory_sizes, 0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(tc, monitor_from_the_environment);
	tcase_add_test(tc, paused_needs_somebody_to_resume);
	tcase_add_loop_test(tc, bad_lines_are_refused, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, overlong_arguments);
	tcase_add_test(tc, help_and_version_end);
	tcase_add_test(tc, config_keeps_order_and_prefixes);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
