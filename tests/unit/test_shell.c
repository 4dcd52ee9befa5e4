/* SPDX-License-Identifier: BSD-3-Clause */
/* What is typed at the console: lines, editing, words, commands, and the key that leaves a VM's console. */
/* unit: hypervisor/debug/shell.c tests/fake/hv_string.c */
/* unit-libs: -no-pie -Wl,--unresolved-symbols=ignore-in-object-files */
/* unit-flags: -fno-pie */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/cmd.h"
#include "debug/input.h"
#include "debug/shell.h"
#include "debug/vmcon.h"
#include "emul/vuart.h"
#include "lib/errno.h"
#include "log/console.h"
#include "log/log.h"
#include "sched/thread.h"

#define PROMPT "quercus> "

void (*vuart_output_hook)(void);

static char typed[4096], said[65536], words[4096];
static size_t at;
static int attached = -1;
static unsigned int nr_keys, nr_wakes;

int console_getc(void) { return typed[at] ? (uint8_t)typed[at++] : -1; }
void console_flush(void) { }
void input_init(void (*hook)(void)) { hook(); }
void thread_wake(struct thread *t) { (void)t; nr_wakes++; }
void vmcon_tee(bool on) { (void)on; }
void vmcon_detach(void) { attached = -1; }
bool vmcon_is_attached(void) { return attached >= 0; }
void vmcon_key(uint8_t byte) { (void)byte; nr_keys++; }
bool vmcon_pump(void) { return false; }

void console_write(const char *s, size_t n)
{
	strncat(said, s, n);
}

void console_printf(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

int vmcon_attach(uint32_t vm_id)
{
	if (vm_id != 2)
		return -ENOENT;
	attached = (int)vm_id;
	return 0;
}

size_t log_read(uint64_t *pos, char *buf, size_t size)
{
	if (*pos)
		return 0;
	*pos = 1;
	return (size_t)snprintf(buf, size, "a log line\n");
}

/* The words a command was called with, in brackets. */
static void keep(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		strcat(words, "[");
		strcat(words, argv[i]);
		strcat(words, "]");
	}
}

void cmd_memory(int argc, char **argv) { keep(argc, argv); }
void cmd_vm_list(int argc, char **argv) { keep(argc, argv); }

static void type(const char *text)
{
	said[0] = words[0] = 0;
	strcpy(typed, text);
	at = 0;
	(void)shell_poll();
}

static void setup(void)
{
	static struct thread t;

	shell_init(&t, false, true);
	ck_assert_uint_ge(nr_wakes, 1);
	ck_assert_ptr_nonnull(vuart_output_hook);
}

START_TEST(words_of_a_line)
{
	type("memory\r");
	ck_assert_str_eq(words, "[memory]");
	type("  memory   check  now \n");
	ck_assert_str_eq(words, "[memory][check][now]");
	/* Eight words at most: the last one keeps the rest. */
	type("memory a b c d e f g h i j\r");
	ck_assert_str_eq(words, "[memory][a][b][c][d][e][f][g h i j]");
	type("\r");
	ck_assert_str_eq(said, "\n" PROMPT);
	type("     \r");
	ck_assert_str_eq(words, "");
	type("memory");
	ck_assert_str_eq(words, "");
	type("\r");
	ck_assert_str_eq(words, "[memory]");
}
END_TEST

START_TEST(only_whole_names_are_commands)
{
	static const char *const lines[] = { "memor\r", "memoryx\r", "MEMORY\r", "help\tme\r", "-\r", "%s%n\r" };
	unsigned int i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		type(lines[i]);
		ck_assert_str_eq(words, "");
		ck_assert_ptr_nonnull(strstr(said, ": no such command; \"help\" lists them\n" PROMPT));
	}
	ck_assert_ptr_nonnull(strstr(said, "%s%n: no such command"));
}
END_TEST

START_TEST(editing)
{
	type("memoxx\b\177ry\r");
	ck_assert_str_eq(words, "[memory]");
	type("\b\b\bmemory\r");
	ck_assert_str_eq(words, "[memory]");
	/* Other control bytes and those above ASCII are no text. */
	type("mem\033\001\377\200\tory\r");
	ck_assert_str_eq(words, "[memory]");
}
END_TEST

START_TEST(a_line_too_long)
{
	char line[400];

	memset(line, ' ', sizeof(line));
	memcpy(line, "memory ", 7);
	memset(line + 7, 'x', 300);
	strcpy(line + 307, "\r");
	type(line);
	/* 127 characters count, the rest is not echoed either. */
	ck_assert_uint_eq(strlen(words), 127 - 7 + 10);
	ck_assert_uint_eq(strspn(said + 7, "x"), 120);
	type("memory\r");
	ck_assert_str_eq(words, "[memory]");
}
END_TEST

START_TEST(consoles_of_vms)
{
	static const char *const bad[] = { "vm_console\r", "vm_console 1\r", "vm_console x\r", "vm_console 2 3\r",
					   "vm_console 4294967298\r", "vm_console -1\r", "vm_console 99999999999999999999\r" };
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		type(bad[i]);
		ck_assert_int_eq(attached, -1);
		ck_assert_ptr_nonnull(strstr(said, "vm_console needs the number of a VM"));
	}
	type("vm_console 2\rmemory\r\x03");
	ck_assert_int_eq(attached, 2);
	ck_assert_uint_eq(nr_keys, 8);
	ck_assert_str_eq(words, "");
	type("\x1dmemory\r");
	ck_assert_int_eq(attached, -1);
	ck_assert_str_eq(words, "[memory]");
	type("vm_console 0x2\r\x1d");
	ck_assert_ptr_nonnull(strstr(said, "console of VM 2"));
}
END_TEST

START_TEST(help_and_log)
{
	type("help\r");
	ck_assert_ptr_nonnull(strstr(said, "vm_list"));
	ck_assert_ptr_nonnull(strstr(said, "poweroff"));
	type("log\r");
	ck_assert_ptr_nonnull(strstr(said, "a log line\n"));
}
END_TEST

/* Anything at all: it comes back to a prompt. */
START_TEST(random_bytes)
{
	char text[201];
	unsigned int i, n;

	srand((unsigned int)_i);
	for (n = 0; n < 50; n++) {
		for (i = 0; i < 200; i++)
			text[i] = (char)(rand() % 255 + 1);
		text[200] = 0;
		type(text);
	}
	type("\x1d\r");
	type("memory\r");
	ck_assert_str_eq(words, "[memory]");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shell");
	TCase *t = tcase_create("shell");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, words_of_a_line);
	tcase_add_test(t, only_whole_names_are_commands);
	tcase_add_test(t, editing);
	tcase_add_test(t, a_line_too_long);
	tcase_add_test(t, consoles_of_vms);
	tcase_add_test(t, help_and_log);
	tcase_add_loop_test(t, random_bytes, 0, 20);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
