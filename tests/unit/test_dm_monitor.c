/* SPDX-License-Identifier: BSD-3-Clause */
/* The command socket of acrn-dm: what it says and takes, its limits, bad input. */
/* unit: devicemodel/core/affinity.c devicemodel/devices.c devicemodel/boot/acpi.c devicemodel/boot/aml.c devicemodel/boot/load.c devicemodel/boot/bzimage.c devicemodel/boot/dsdt.c devicemodel/boot/e820.c devicemodel/boot/elf.c devicemodel/boot/file.c devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/event.c devicemodel/core/intr_monitor.c devicemodel/core/ioevent.c devicemodel/core/ioreq.c devicemodel/core/irq.c devicemodel/core/log.c devicemodel/core/mem.c devicemodel/core/control.c devicemodel/core/monitor.c devicemodel/core/monitor_cmd.c devicemodel/core/monitor_peer.c devicemodel/core/listener.c devicemodel/core/monitor_stats.c devicemodel/core/options.c devicemodel/core/reboot.c devicemodel/core/signal.c devicemodel/core/timer.c devicemodel/core/vm.c devicemodel/core/watchdog.c devicemodel/pci/bus.c devicemodel/pci/cfg.c devicemodel/pci/hostbridge.c devicemodel/pci/lpc.c devicemodel/pci/ivshmem.c devicemodel/pci/msix.c devicemodel/platform/debugexit.c devicemodel/platform/hpet.c devicemodel/platform/i8042.c devicemodel/platform/pit.c devicemodel/platform/pm.c devicemodel/platform/rtc.c devicemodel/platform/uart.c tests/fake/monitor_client.c tests/fake/dm_hsm.c tests/fake/dm_chr.c tests/fake/dm_virtio.c tests/fake/dm_file.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
/* unit-libs: -ljansson */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_dm_monitor_setup.h"

START_TEST(greets_and_answers_query)
{
	json_t *o;

	start_dm(" -l com1,stdio -s 3,virtio-blk,x.img");
	client_open(&client, path);
	o = client_line(&client);
	ck_assert_str_eq(text_of(o, "greeting"), "acrn-dm");
	ck_assert_int_eq(number_of(o, "protocol"), 1);
	ck_assert_str_eq(text_of(o, "vm"), "vm1");
	ck_assert_int_eq(number_of(o, "pid"), getpid());
	ck_assert_int_eq(number_of(o, "limits.line"), 65536);
	json_decref(o);
	o = client_ask(&client, "{\"command\":\"query\",\"id\":\"a\"}");
	ck_assert_str_eq(text_of(o, "id"), "a");
	ck_assert_str_eq(text_of(o, "result.vm"), "vm1");
	ck_assert_int_eq(number_of(o, "result.vmid"), 3);
	ck_assert_int_eq(number_of(o, "result.vcpus"), 2);
	ck_assert_int_eq(number_of(o, "result.memory_bytes"), 64 << 20);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(json_object_get(o, "result"),
		"serial"), 0), "backend")), "stdio");
	ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(o, "result"), "devices")), 3);
	json_decref(o);
	json_decref(client_ask(&client, "{\"command\":\"subscribe\"}"));
	json_decref(client_ask(&client, "{\"command\":\"destroy\"}"));
	finish("destroyed", 0);
}
END_TEST

/* Of the nth vCPU in the answer; -1: there is none. */
static long long vcpu_figure(json_t *answer, size_t n, const char *name)
{
	json_t *list = json_object_get(json_object_get(answer, "result"), "vcpu_stats"), *one = json_array_get(list, n);

	ck_assert(json_is_array(list));
	return one ? json_integer_value(json_object_get(one, name)) : -1;
}

START_TEST(statistics_count)
{
	static const struct fake_step some[] = { OUT(0x70, 15, 1), OUT(0x71, 1, 1), OUT(0x80, 1, 1) };
	long long before, ran;
	json_t *o;

	begin("");
	o = client_ask(&client, "{\"command\":\"statistics\"}");
	before = number_of(o, "result.io_requests");
	ck_assert_int_gt(number_of(o, "result.uptime_ns"), 0);
	ck_assert_int_gt(number_of(o, "result.process.resident_bytes"), 0);
	ran = vcpu_figure(o, 1, "run_ns");
	json_decref(o);
	guest_does(some, 3);
	o = client_ask(&client, "{\"command\":\"statistics\"}");
	ck_assert_int_eq(number_of(o, "result.io_requests"), before + 3);
	ck_assert_int_gt(vcpu_figure(o, 1, "run_ns"), ran);
	ck_assert(vcpu_figure(o, 1, "vcpu") == 1 && vcpu_figure(o, 1, "cpu") == 2);
	ck_assert(vcpu_figure(o, 0, "wait_ns") > 0 && vcpu_figure(o, 0, "exits") > 0 && vcpu_figure(o, 2, "exits") == -1);
	json_decref(o);
	/* A module that does not tell. */
	fake_hsm.vcpu_stats_err = -ENOTTY;
	o = client_ask(&client, "{\"command\":\"statistics\"}");
	ck_assert(vcpu_figure(o, 0, "exits") == -1 && number_of(o, "result.uptime_ns") > 0);
	json_decref(o);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

static const struct {
	const char *line, *code, *words;
} bad[] = {
	{ "{", "parse", "at byte 1" },
	{ "nonsense", "parse", "not JSON" },
	{ "[]", "bad_request", "an object such as" },
	{ "{}", "bad_request", "'command' is missing" },
	{ "{\"command\":1}", "bad_request", "'command' must be a string, not a whole number" },
	{ "{\"command\":\"query\",\"command\":\"query\"}", "parse", "duplicate" },
	{ "{\"command\":\"query\",\"id\":{}}", "bad_request", "'id' must be" },
	{ "{\"command\":\"query\",\"colour\":1}", "bad_request", "'colour'" },
	{ "{\"command\":\"query\",\"arguments\":[]}", "bad_request", "'arguments' must be an object, not an array" },
	{ "{\"command\":\"query\",\"arguments\":{\"x\":1}}", "bad_argument", "no argument 'x'" },
	{ "{\"command\":\"jump\"}", "unknown_command", "there are query, pause" },
	{ "{\"command\":\"blkrescan\"}", "bad_argument", "needs argument 'slot', a whole number" },
	{ "{\"command\":\"blkrescan\",\"arguments\":{\"slot\":\"3\",\"path\":\"/x\"}}", "bad_argument", "must be a whole number, not a string" },
	{ "{\"command\":\"blkrescan\",\"arguments\":{\"slot\":32,\"path\":\"/x\"}}", "bad_argument", "slots are 0 to 31" },
	{ "{\"command\":\"blkrescan\",\"arguments\":{\"slot\":-1,\"path\":\"/x\"}}", "bad_argument", "slots are 0 to 31" },
	{ "{\"command\":\"blkrescan\",\"arguments\":{\"slot\":3,\"path\":\"x\"}}", "bad_argument", "must begin with '/'" },
	{ "{\"command\":\"blkrescan\",\"arguments\":{\"slot\":3,\"path\":\"/x\"}}", "bad_argument", "no disk in slot 3:0" },
	{ "{\"command\":\"que\\u0000ry\"}", "parse", "not JSON" },
	{ "\xff", "parse", "not JSON" },
};

START_TEST(bad_input_is_named)
{
	json_t *o;

	begin("");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o = client_ask(&client, bad[i].line);
		ck_assert_msg(!truth_of(o, "ok"), "%s", bad[i].line);
		ck_assert_msg(!strcmp(text_of(o, "error.code"), bad[i].code), "%s: code %s", bad[i].line, text_of(o, "error.code"));
		ck_assert_msg(strstr(text_of(o, "error.message"), bad[i].words) != NULL, "%s: %s", bad[i].line,
			      text_of(o, "error.message"));
		json_decref(o);
	}
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(lines_come_in_pieces)
{
	struct monitor_client other;
	json_t *o;

	begin("");
	client_open(&other, path);
	json_decref(client_line(&other));
	client_send(&other, "{\"command\":\"qu");
	usleep(20000);
	client_send(&other, "ery\",\"id\":1}\r\n\n{\"command\":\"query\",\"id\":2}\n{\"command\":\"query\",\"id\":3}");
	shutdown(other.fd, SHUT_WR);	/* the last one has no newline */
	for (int i = 1; i <= 3; i++) {
		o = client_line(&other);
		ck_assert_int_eq(number_of(o, "id"), i);
		json_decref(o);
	}
	ck_assert_ptr_null(client_line(&other));
	client_close(&other);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(a_line_has_its_limit)
{
	static char line[MONITOR_LINE_MAX + 1];
	struct monitor_client other;
	json_t *o;

	begin("");
	client_open(&other, path);
	json_decref(client_line(&other));
	/* One that just fits: blanks are allowed. */
	memset(line, ' ', sizeof(line) - 1);
	memcpy(line, "{\"command\":\"query\"}", 19);
	line[MONITOR_LINE_MAX - 1] = '\n';
	client_send(&other, line);
	o = client_line(&other);
	ck_assert(truth_of(o, "ok"));
	json_decref(o);
	line[MONITOR_LINE_MAX - 1] = ' ';
	client_send(&other, line);
	o = client_line(&other);
	ck_assert_str_eq(text_of(o, "error.code"), "too_long");
	json_decref(o);
	ck_assert_ptr_null(client_line(&other));
	client_close(&other);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(clients_have_their_limit)
{
	static struct monitor_client other[MONITOR_CLIENTS_MAX];
	json_t *o;

	begin("");
	for (int i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		client_open(&other[i], path);
		o = client_line(&other[i]);
		if (i < MONITOR_CLIENTS_MAX - 1)
			ck_assert_str_eq(text_of(o, "greeting"), "acrn-dm");
		else
			ck_assert_str_eq(text_of(o, "error.code"), "too_many");
		json_decref(o);
	}
	/* A place that is given up is free again. */
	client_close(&other[0]);
	do {
		client_close(&other[MONITOR_CLIENTS_MAX - 1]);
		client_open(&other[MONITOR_CLIENTS_MAX - 1], path);
		o = client_line(&other[MONITOR_CLIENTS_MAX - 1]);
	} while (!strcmp(text_of(o, "error.code"), "too_many") && (json_decref(o), true));
	ck_assert_str_eq(text_of(o, "greeting"), "acrn-dm");
	json_decref(o);
	for (int i = 1; i < MONITOR_CLIENTS_MAX; i++)
		client_close(&other[i]);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

/* One that asks and never reads is dropped; the others do not notice. */
START_TEST(slow_client_is_dropped)
{
	static const char ask[] = "{\"command\":\"query\"}\n";
	struct monitor_client slow;
	int n = 0;

	begin("");
	client_open(&slow, path);
	while (send(slow.fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) == sizeof(ask) - 1)
		ck_assert_int_lt(++n, 1000000);
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	close(slow.fd);
	say("pause", true);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

/* A client that does not read does not keep acrn-dm from ending either. */
START_TEST(slow_client_does_not_hold_the_end)
{
	static const char ask[] = "{\"command\":\"query\"}\n";
	struct monitor_client slow;

	begin("");
	client_open(&slow, path);
	/* Enough to fill the socket, not enough to be dropped. */
	for (int i = 0; i < 900; i++)
		client_send(&slow, ask);
	say("destroy", true);
	finish("destroyed", 0);
	close(slow.fd);
}
END_TEST

/* Makes a socket file that nobody answers. */
static int bound_socket(bool listening)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(at.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	if (listening)
		ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

START_TEST(stale_socket_is_replaced)
{
	close(bound_socket(false));
	begin("");
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(others_socket_is_left_alone)
{
	int fd = bound_socket(true);

	start_dm("");
	pthread_join(dm, NULL);
	ck_assert_int_eq(exit_code, 1);
	ck_assert_int_eq(fake_hsm.nr_creates, 0);
	ck_assert_int_eq(access(path, F_OK), 0);
	close(fd);
}
END_TEST

START_TEST(other_file_is_left_alone)
{
	FILE *file = fopen(path, "w");

	fputs("mine", file);
	fclose(file);
	start_dm("");
	pthread_join(dm, NULL);
	ck_assert_int_eq(exit_code, 1);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

/* Somebody has put another file in the socket's place: it is theirs. */
START_TEST(successors_file_is_left_alone)
{
	begin("");
	ck_assert_int_eq(unlink(path), 0);
	fclose(fopen(path, "w"));
	say("destroy", true);
	json_decref(client_event(&client, "stopped"));
	client_close(&client);
	pthread_join(dm, NULL);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

/* A client that hangs up in the middle of everything. */
START_TEST(client_that_leaves_is_forgotten)
{
	struct monitor_client other;

	begin("");
	for (int i = 0; i < 100; i++) {
		client_open(&other, path);
		client_send(&other, i % 2 ? "{\"command\":\"subscribe\"}\n{\"command\":\"que" : "{\"command\":\"query\"}\n");
		client_close(&other);
	}
	say("pause", true);
	say("resume", true);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(unknown_group_is_an_error)
{
	strcat(path, ",group=no-such-group");
	start_dm("");
	pthread_join(dm, NULL);
	ck_assert_int_eq(exit_code, 1);
	*strchr(path, ',') = 0;
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(the_file_is_for_root_only)
{
	struct stat st;

	begin("");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

/* Connects as user and group 65534 with @extra as second group; the code of the first line, "" for a greeting. */
static void connect_as_nobody(gid_t extra, char *code, size_t size)
{
	int to_us[2];
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(to_us), 0);
	pid = fork();
	if (pid == 0) {
		json_t *o;

		if (setgroups(1, &extra) || setgid(65534) || setuid(65534))
			_exit(1);
		client_open(&client, path);
		o = client_line(&client);
		n = write(to_us[1], text_of(o, "error.code"), strlen(text_of(o, "error.code")));
		_exit(n < 0);
	}
	close(to_us[1]);
	n = read(to_us[0], code, size - 1);
	ck_assert_int_ge(n, 0);
	code[n] = 0;
	close(to_us[0]);
	waitpid(pid, NULL, 0);
}

START_TEST(peers_are_checked)
{
	char code[32];

	if (geteuid() != 0)
		return;		/* only root can become somebody else */
	strcat(path, ",group=12345");
	start_dm("");
	*strchr(path, ',') = 0;
	client_open(&client, path);
	json_decref(client_line(&client));
	json_decref(client_ask(&client, "{\"command\":\"subscribe\"}"));
	/* Whatever the file's mode: the kernel's word counts. */
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	connect_as_nobody(65534, code, sizeof(code));
	ck_assert_str_eq(code, "not_permitted");
	connect_as_nobody(12345, code, sizeof(code));
	ck_assert_str_eq(code, "");
	json_decref(client_ask(&client, "{\"command\":\"destroy\"}"));
	finish("destroyed", 0);
}
END_TEST

/* The written schema lists the commands there are. */
START_TEST(schema_is_true)
{
	json_t *schema = json_load_file("doc/feature/monitor.schema.json", 0, NULL), *o;
	const json_t *enums, *commands;

	ck_assert_ptr_nonnull(schema);
	enums = json_object_get(json_object_get(json_object_get(schema, "definitions"), "command"), "enum");
	begin("");
	o = client_ask(&client, "{\"command\":\"commands\"}");
	commands = json_object_get(json_object_get(o, "result"), "commands");
	ck_assert(json_equal((json_t *)enums, (json_t *)commands));
	json_decref(o);
	json_decref(schema);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		greets_and_answers_query, statistics_count, bad_input_is_named, lines_come_in_pieces, a_line_has_its_limit,
		clients_have_their_limit, slow_client_is_dropped, slow_client_does_not_hold_the_end, stale_socket_is_replaced,
		others_socket_is_left_alone, other_file_is_left_alone, successors_file_is_left_alone,
		client_that_leaves_is_forgotten, unknown_group_is_an_error, the_file_is_for_root_only, peers_are_checked,
		schema_is_true,
	};

	return run_tests("dm_monitor", tests, sizeof(tests) / sizeof(tests[0]));
}
