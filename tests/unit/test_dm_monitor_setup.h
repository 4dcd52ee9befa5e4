/* SPDX-License-Identifier: BSD-3-Clause */
/* A whole acrn-dm against a fake HSM, and a client of its command socket: for the tests of both. */
#pragma once

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define main dm_main
#include "main.c"
#undef main

#include "core/monitor.h"
#include "dm_chr.h"
#include "dm_file.h"
#include "dm_hsm.h"
#include "monitor_client.h"
#include "public/irq.h"

#define OUT(port, val, bytes)	{ IOREQ_TYPE_PORTIO, IOREQ_WRITE, port, bytes, val }
#define POWEROFF		OUT(0x404, 0x2000 | 5 << 10, 2)
#define HEAR_BUTTON		OUT(0x402, 0x0100, 2)

static char folder[] = "/tmp/monitorXXXXXX";
static char path[64];
static char args[512];
static pthread_t dm;
static int exit_code;
static struct monitor_client client;

static void *run(void *unused)
{
	char *argv[24] = { "acrn-dm" };
	int argc = 1;

	(void)unused;
	for (char *word = strtok(args, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	exit_code = dm_main(argc, argv);
	return NULL;
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/vm1.sock", folder);
	fake_hsm_clear();
}

static void teardown(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void start_dm(const char *options)
{
	uint8_t kernel[8192];

	fake_bzimage(kernel, sizeof(kernel));
	snprintf(args, sizeof(args), "-k %s -m 64M --cmd_monitor %s%s vm1", fake_file(0, kernel, sizeof(kernel)), path, options);
	ck_assert_int_eq(pthread_create(&dm, NULL, run, NULL), 0);
}

/* acrn-dm up and subscribed to. */
static void begin(const char *options)
{
	json_t *o;

	start_dm(options);
	client_open(&client, path);
	json_decref(client_line(&client));
	/* Until it runs: the first answer may come before that. */
	do {
		o = client_ask(&client, "{\"command\":\"subscribe\"}");
		ck_assert(truth_of(o, "ok"));
	} while (strcmp(text_of(o, "result.state"), "running") != 0 && (json_decref(o), true));
	json_decref(o);
}

/* It ends with @code, having said so, and nothing is left. */
static void finish(const char *reason, int code)
{
	json_t *o = client_event(&client, "stopped");

	ck_assert_str_eq(text_of(o, "reason"), reason);
	ck_assert_int_eq(number_of(o, "exit_code"), code);
	/* Who hears of the end finds no socket any more, and no VM. */
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert(!fake_hsm.created);
	json_decref(o);
	ck_assert_ptr_null(client_line(&client));
	client_close(&client);
	pthread_join(dm, NULL);
	ck_assert_int_eq(exit_code, code);
	ck_assert(!fake_hsm.is_open && !fake_hsm.client && !fake_hsm.running);
	ck_assert_int_eq(fake_hsm.nr_creates, fake_hsm.nr_destroys);
}

/* The guest makes these requests now. */
static inline void guest_does(const struct fake_step *steps, int nr_steps)
{
	fake_hsm.next_step = 0;
	fake_hsm.step = steps;
	fake_hsm.nr_steps = nr_steps;
	while (*(volatile int *)&fake_hsm.next_step < nr_steps || *(volatile bool *)&fake_hsm.busy) {
		/* A request that ends the VM is not followed by another wait. */
		if (vm_stop_reason(&vm) != VM_RUN || vm.life == VM_LIFE_STOPPING)
			return;
		pthread_kill(dm, SIGUSR1);
		usleep(1000);
	}
}

static void say(const char *command, bool ok)
{
	char line[128];
	json_t *o;

	snprintf(line, sizeof(line), "{\"command\":\"%s\",\"id\":7}", command);
	o = client_ask(&client, line);
	ck_assert_msg(truth_of(o, "ok") == ok, "%s: %s", command, text_of(o, "error.message"));
	ck_assert_str_eq(text_of(o, "command"), command);
	ck_assert_int_eq(number_of(o, "id"), 7);
	if (!ok)
		ck_assert_str_eq(text_of(o, "error.code"), "wrong_state");
	json_decref(o);
}

static inline void expect_event(const char *name)
{
	json_decref(client_event(&client, name));
}

static int run_tests(const char *name, const TTest *const *tests, size_t nr)
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create("monitor");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	for (size_t i = 0; i < nr; i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
