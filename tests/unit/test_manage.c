/* SPDX-License-Identifier: BSD-3-Clause */
/* What the managing tools share: names, settings files, and the command socket's client against servers that misbehave. */
/* unit: tools/common/args.c tools/common/place.c tools/common/settings.c tools/common/monitor.c */
/* unit-flags: -D_GNU_SOURCE */
/* unit-libs: -ljansson */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/common/monitor.h"
#include "tools/common/place.h"
#include "tools/common/settings.h"

static char folder[] = "/tmp/manageXXXXXX";
static char why[512];

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	setenv("ACRN_RUN_DIR", folder, 1);
	setenv("ACRN_CONF_DIR", folder, 1);
	setenv("TZ", "UTC", 1);
}

static void teardown(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(names)
{
	static const char *const good[] = { "vm1", "a", "vm1-14:59:30", "A_b.c", "123456789012345" };
	static const char *const bad[] = { "", "1234567890123456", ".x", "-f", "a/b", "a b", "a=b", "..", "\xc3\xa4", "a\n" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(place_name_ok(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!place_name_ok(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(folders_are_made)
{
	char path[PLACE_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/a/b/c", folder);
	setenv("ACRN_RUN_DIR", path, 1);
	ck_assert_int_eq(place_run_make(), 0);
	ck_assert_int_eq(place_run_make(), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_str_eq(place_run(path, "vm1", PLACE_SOCKET) + strlen(folder), "/a/b/c/vm1.monitor.sock");
	setenv("ACRN_RUN_DIR", "/proc/no", 1);
	ck_assert_int_lt(place_run_make(), 0);
}
END_TEST

static void write_settings(const char *text)
{
	char path[PLACE_PATH_MAX];
	FILE *file = fopen(place_conf(path, "vm1", PLACE_SETTINGS), "w");

	fputs(text, file);
	fclose(file);
}

START_TEST(settings_keep)
{
	struct settings s;

	ck_assert_int_eq(settings_read("vm1", &s, why, sizeof(why)), 0);
	ck_assert(!s.autostart && s.order == 50 && s.stop_timeout == 60 && !s.start_at && !s.arg[0]);
	write_settings("# mine\n\nautostart=yes\norder=3\nstop_timeout=0\nstart_at=2030-01-02 03:04:05\ngroup=acrn\narg=-U\narg=a b=c\n");
	ck_assert_int_eq(settings_read("vm1", &s, why, sizeof(why)), 0);
	ck_assert_int_eq(settings_write("vm1", &s), 0);
	settings_free(&s);
	ck_assert_int_eq(settings_read("vm1", &s, why, sizeof(why)), 0);
	ck_assert(s.autostart && s.order == 3 && s.stop_timeout == 0);
	ck_assert_int_eq(s.start_at, 1893553445);
	ck_assert_str_eq(s.group, "acrn");
	ck_assert_str_eq(s.arg[0], "-U");
	ck_assert_str_eq(s.arg[1], "a b=c");
	ck_assert_ptr_null(s.arg[2]);
	settings_free(&s);
}
END_TEST

static const struct {
	const char *text, *why;
} wrong[] = {
	{ "autostart=maybe", "vm1.conf:1: autostart takes yes or no, not \"maybe\"" },
	{ "\norder=100", "vm1.conf:2: order takes 0 to 99" },
	{ "order=-1", "order takes" }, { "order=", "order takes" }, { "order=99999999999999999999", "order takes" },
	{ "stop_timeout=1s", "stop_timeout takes seconds" },
	{ "start_at=tomorrow", "start_at takes local time" }, { "start_at=2030-01-02", "start_at takes" },
	{ "start_at=2030-01-02 03:04:05x", "start_at takes" }, { "start_at=1800-01-01 00:00:00", "start_at takes" },
	{ "group=a,b", "group takes a group's name" }, { "group=123456789012345678901234567890123", "group takes" },
	{ "colour=red", "expected KEY=VALUE" }, { "autostart", "expected KEY=VALUE" }, { "auto=yes", "expected KEY=VALUE" },
};

START_TEST(wrong_settings_are_named)
{
	struct settings s;

	write_settings(wrong[_i].text);
	ck_assert_int_eq(settings_read("vm1", &s, why, sizeof(why)), -EINVAL);
	ck_assert_msg(strstr(why, wrong[_i].why) != NULL, "%s: %s", wrong[_i].text, why);
}
END_TEST

START_TEST(too_many_arguments)
{
	struct settings s = { 0 };

	for (int i = 0; i < SETTINGS_ARGS_MAX; i++)
		ck_assert(settings_set(&s, "arg=x", why, sizeof(why)));
	ck_assert(!settings_set(&s, "arg=x", why, sizeof(why)));
	settings_free(&s);
}
END_TEST

/* A server that says @hello to one client, waits, and hangs up. */
struct server {
	int fd;
	const char *hello;
	size_t len;
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->fd, NULL, NULL);

	if (fd >= 0 && s->len && send(fd, s->hello, s->len, MSG_NOSIGNAL) < 0)
		perror("send");
	if (!s->len)
		usleep(300000);
	close(fd);
	return NULL;
}

static void start_server(struct server *s, const char *hello, size_t len)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char path[PLACE_PATH_MAX];

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", place_run(path, "vm1", PLACE_SOCKET));
	*s = (struct server){ .fd = socket(AF_UNIX, SOCK_STREAM, 0), .hello = hello, .len = len };
	ck_assert_int_eq(bind(s->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(s->fd, 1), 0);
	pthread_create(&s->thread, NULL, serve, s);
}

static int open_with(const char *hello, size_t len, json_t **greeting)
{
	struct server s;
	struct monitor m;
	int err;

	start_server(&s, hello, len);
	err = monitor_open(&m, "vm1", monitor_now_ms() + 100, greeting);
	if (!err)
		monitor_close(&m);
	else
		ck_assert_int_eq(m.fd, -1);
	pthread_join(s.thread, NULL);
	close(s.fd);
	return err;
}

#define HELLO(protocol) "{\"greeting\":\"acrn-dm\",\"protocol\":" protocol ",\"state\":\"running\"}\n"

START_TEST(greeting_is_checked)
{
	static const struct { const char *hello; int err; } t[] = {
		{ HELLO("1"), 0 }, { HELLO("2"), -EPROTO }, { HELLO("\"1\""), -EPROTO }, { "[]\n", -EPROTO }, { "SSH-2.0\n", -EPROTO },
		{ "{\"greeting\":1}\n", -EPROTO }, { "{\"greeting\"", -ECONNRESET }, { "\n", -EPROTO }, { "", -ETIMEDOUT },
		{ "{\"ok\":false,\"error\":{\"code\":\"not_permitted\",\"message\":\"x\"}}\n", -EPERM },
		{ "{\"ok\":false,\"error\":{\"code\":\"too_many\",\"message\":\"x\"}}\n", -EBUSY },
	};
	json_t *greeting = NULL;

	ck_assert_int_eq(open_with(t[_i].hello, strlen(t[_i].hello), &greeting), t[_i].err);
	if (!t[_i].err)
		ck_assert_str_eq(json_string_value(json_object_get(greeting, "state")), "running");
	json_decref(greeting);
}
END_TEST

START_TEST(endless_line_is_refused)
{
	size_t len = 3u << 20;
	char *much = malloc(len);

	memset(much, 'x', len);
	ck_assert_int_eq(open_with(much, len, NULL), -EPROTO);
	free(much);
}
END_TEST

START_TEST(no_server)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char path[PLACE_PATH_MAX];
	struct monitor m;
	int fd;

	ck_assert_int_eq(monitor_open(&m, "vm1", 0, NULL), -ENOENT);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", place_run(path, "vm1", PLACE_SOCKET));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	ck_assert_int_eq(monitor_open(&m, "vm1", 0, NULL), -ECONNREFUSED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manage");
	TCase *tc = tcase_create("manage");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, names);
	tcase_add_test(tc, folders_are_made);
	tcase_add_test(tc, settings_keep);
	tcase_add_loop_test(tc, wrong_settings_are_named, 0, sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(tc, too_many_arguments);
	tcase_add_loop_test(tc, greeting_is_checked, 0, 11);
	tcase_add_test(tc, endless_line_is_refused);
	tcase_add_test(tc, no_server);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
