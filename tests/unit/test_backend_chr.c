/* SPDX-License-Identifier: BSD-3-Clause */
/* Character backends on real descriptors: files, pseudo-terminals, sockets, standard input; and what happens when nobody is there. */
/* unit: devicemodel/backends/chr.c devicemodel/backends/chr_stdio.c devicemodel/backends/chr_pty.c devicemodel/backends/chr_file.c devicemodel/backends/chr_socket.c devicemodel/core/listener.c tests/fake/virtio_event.c tests/fake/virtio_log.c */
/* unit-flags: -Idevicemodel */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "backends/chr.h"
#include "virtio_event.h"
#include "virtio_log.h"

#define ROWS(table) (sizeof(table) / sizeof(table[0]))

static struct chr *chr;
static char dir[] = "/tmp/quercus-chr-XXXXXX";
static char path[64], spec[128];
static char got[1 << 16];
static size_t got_len, room;
static int writables;

static size_t input(void *arg, const uint8_t *buf, size_t len)
{
	ck_assert_ptr_eq(arg, got);
	if (len > room)
		len = room;
	memcpy(got + got_len, buf, len);
	got_len += len;
	room -= len;
	return len;
}

static void writable(void *arg)
{
	ck_assert_ptr_eq(arg, got);
	writables++;
}

static int open_spec(const char *text)
{
	struct chr_reader r = { .input = input, .writable = writable, .arg = got };

	return chr_open(NULL, text, r, &chr);
}

static size_t put(const char *text)
{
	return chr_write(chr, (const uint8_t *)text, strlen(text));
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x", dir);
	got_len = 0;
	room = sizeof(got);
	writables = 0;
}

static void teardown(void)
{
	ck_assert_int_eq(virtio_event_count(), 0);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void expect_input(const char *text)
{
	ck_assert_uint_eq(got_len, strlen(text));
	ck_assert_mem_eq(got, text, got_len);
	got_len = 0;
}

START_TEST(file_is_appended)
{
	char text[32] = { 0 };
	struct stat st;
	int fd, i;

	for (i = 0; i < 2; i++) {
		snprintf(spec, sizeof(spec), i ? "file:%s" : "%s", path);
		ck_assert_int_eq(open_spec(spec), 0);
		ck_assert_uint_eq(put("line\n"), 5);
		chr_close(chr);
	}
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 10);
	ck_assert_str_eq(text, "line\nline\n");
	fstat(fd, &st);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	close(fd);
}
END_TEST

/* --- pseudo-terminal --- */

static int open_pty(void)
{
	snprintf(spec, sizeof(spec), "pty:%s", path);
	ck_assert_int_eq(open_spec(spec), 0);
	ck_assert(virtio_log_has("console pty: open"));
	ck_assert(virtio_log_has("/dev/pts/"));
	return open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
}

START_TEST(pty_both_ways)
{
	struct termios t;
	char text[64] = { 0 };
	int fd = open_pty();

	ck_assert_int_ge(fd, 0);
	virtio_event_run(0);
	ck_assert_uint_eq(put("login: "), 7);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 7);
	ck_assert_str_eq(text, "login: ");
	ck_assert_int_eq(write(fd, "root\r\x03", 6), 6);
	virtio_event_run(100);
	expect_input("root\r\x03");
	/* Raw: no echo, no line editing. */
	ck_assert_int_eq(tcgetattr(fd, &t), 0);
	ck_assert_uint_eq(t.c_lflag & (ECHO | ICANON | ISIG), 0);
	close(fd);
	/* The user leaves and comes again. */
	virtio_event_run(10);
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	ck_assert_int_eq(write(fd, "again", 5), 5);
	virtio_event_run(100);
	expect_input("again");
	close(fd);
	virtio_event_run(10);
	chr_close(chr);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

/* Nobody has it open: the guest goes on, and the event loop does not spin. */
START_TEST(pty_without_a_user)
{
	char block[4096];
	int i, fd = open_pty();

	close(fd);
	virtio_event_run(10);
	memset(block, 'x', sizeof(block));
	for (i = 0; i < 100; i++)
		ck_assert_uint_eq(chr_write(chr, (uint8_t *)block, sizeof(block)), sizeof(block));
	ck_assert_int_le(virtio_event_run(10), 2);
	ck_assert_int_eq(virtio_event_run(10), 0);
	chr_close(chr);
	ck_assert(virtio_log_has("bytes of output were thrown away"));
}
END_TEST

/* Somebody has it open and does not read: full, then writable again. */
START_TEST(pty_with_a_slow_user)
{
	char block[4096];
	size_t total = 0, n;
	int fd = open_pty(), i;

	memset(block, 'x', sizeof(block));
	/* The kernel moves bytes on from one buffer to the next a little later: full is when it stays full. */
	do {
		writables = 0;
		do {
			n = chr_write(chr, (uint8_t *)block, sizeof(block));
			total += n;
		} while (n == sizeof(block) && total < 10000000);
		virtio_event_run(50);
	} while (writables && total < 10000000);
	ck_assert_uint_lt(total, 10000000);
	ck_assert_int_eq(writables, 0);
	for (i = 0; i < 1000 && !writables; i++) {
		(void)!read(fd, block, sizeof(block));
		virtio_event_run(1);
	}
	ck_assert_int_eq(writables, 1);
	close(fd);
	chr_close(chr);
}
END_TEST

/* --- sockets --- */

static int connect_unix(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(a.sun_path, path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void open_server(void)
{
	snprintf(spec, sizeof(spec), "socket:%s:server", path);
	ck_assert_int_eq(open_spec(spec), 0);
}

START_TEST(socket_server)
{
	char text[64] = { 0 };
	int fd, second;

	open_server();
	ck_assert_uint_eq(put("nobody hears"), 12);
	fd = connect_unix();
	virtio_event_run(100);
	ck_assert_uint_eq(put("hello"), 5);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 5);
	ck_assert_str_eq(text, "hello");
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	virtio_event_run(100);
	expect_input("abc");
	/* One at a time. */
	second = connect_unix();
	virtio_event_run(100);
	ck_assert_int_eq(read(second, text, sizeof(text)), 0);
	close(second);
	close(fd);
	virtio_event_run(100);
	fd = connect_unix();
	virtio_event_run(100);
	ck_assert_int_eq(write(fd, "next", 4), 4);
	virtio_event_run(100);
	expect_input("next");
	chr_close(chr);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 0);
	close(fd);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(socket_client_that_does_not_read)
{
	static uint8_t block[65536];
	int fd;

	open_server();
	fd = connect_unix();
	virtio_event_run(100);
	while (chr_write(chr, block, sizeof(block)) == sizeof(block))
		;
	virtio_event_run(10);
	ck_assert_int_eq(writables, 0);
	/* It leaves: the writer may go on, into the void. */
	close(fd);
	virtio_event_run(100);
	ck_assert_int_ge(writables, 1);
	ck_assert_uint_eq(chr_write(chr, block, sizeof(block)), sizeof(block));
	chr_close(chr);
}
END_TEST

START_TEST(socket_client)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int srv = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	snprintf(spec, sizeof(spec), "socket:%s:client", path);
	ck_assert_int_eq(open_spec(spec), -ENOENT);
	ck_assert(virtio_log_has("No such file"));
	strcpy(a.sun_path, path);
	ck_assert_int_eq(bind(srv, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(srv, 1), 0);
	ck_assert_int_eq(open_spec(spec), 0);
	fd = accept(srv, NULL, NULL);
	ck_assert_int_eq(write(fd, "in", 2), 2);
	virtio_event_run(100);
	expect_input("in");
	close(fd);
	close(srv);
	virtio_event_run(100);
	ck_assert_uint_eq(put("gone"), 4);
	ck_assert_uint_eq(put("gone"), 4);
	ck_assert_int_eq(virtio_event_run(10), 0);
	chr_close(chr);
}
END_TEST

START_TEST(socket_file_left_behind)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct chr *first;

	strcpy(a.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	open_server();
	/* But not one that is in use. */
	first = chr;
	ck_assert_int_eq(open_spec(spec), -EADDRINUSE);
	ck_assert_int_eq(access(path, F_OK), 0);
	chr_close(first);
}
END_TEST

static int bound_socket(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(a.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Another program replaces the socket that was left: who comes meanwhile waits for it, and does not remove what it has made. */
START_TEST(others_replacement_is_left_alone)
{
	int folder = open(dir, O_RDONLY | O_DIRECTORY), fd, status;
	pid_t pid;

	close(bound_socket());
	ck_assert_int_eq(flock(folder, LOCK_EX), 0);
	snprintf(spec, sizeof(spec), "socket:%s", path);
	pid = fork();
	if (!pid)
		_exit(open_spec(spec) == -EADDRINUSE ? 0 : 1);
	usleep(50000);
	ck_assert_int_eq(unlink(path), 0);
	fd = bound_socket();
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(flock(folder, LOCK_UN), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(access(path, F_OK), 0);
	close(fd);
	close(folder);
}
END_TEST

START_TEST(tcp_server)
{
	struct chr *first;
	int port;

	for (port = 42000; port < 42100; port++) {
		snprintf(spec, sizeof(spec), "tcp:%d", port);
		if (open_spec(spec) == 0)
			break;
	}
	first = chr;
	snprintf(spec, sizeof(spec), "tcp:%d:client", port);
	ck_assert_int_eq(open_spec(spec), 0);
	virtio_event_run(100);
	ck_assert_uint_eq(put("ping"), 4);
	virtio_event_run(100);
	expect_input("ping");
	chr_close(chr);
	virtio_event_run(100);
	chr_close(first);
}
END_TEST

/* --- a reader that is full --- */

START_TEST(reader_is_full)
{
	static char block[1000];
	int fd, i;

	open_server();
	fd = connect_unix();
	virtio_event_run(100);
	for (i = 0; i < 1000; i++)
		block[i] = 'a' + i % 26;
	room = 300;
	ck_assert_int_eq(write(fd, block, sizeof(block)), sizeof(block));
	virtio_event_run(100);
	ck_assert_uint_eq(got_len, 300);
	ck_assert_int_eq(virtio_event_run(10), 0);
	room = 10;
	chr_resume(chr);
	ck_assert_uint_eq(got_len, 310);
	room = 10000;
	chr_resume(chr);
	virtio_event_run(100);
	ck_assert_uint_eq(got_len, 1000);
	ck_assert_mem_eq(got, block, 1000);
	close(fd);
	virtio_event_run(100);
	chr_close(chr);
}
END_TEST

START_TEST(endless_input_takes_turns)
{
	static char block[65536];
	int fd;

	open_server();
	fd = connect_unix();
	virtio_event_run(100);
	memset(block, 'y', sizeof(block));
	ck_assert_int_gt(write(fd, block, 20000), 16000);
	room = sizeof(got);
	virtio_event_run(100);
	ck_assert_uint_eq(got_len, 20000);
	close(fd);
	virtio_event_run(100);
	chr_close(chr);
}
END_TEST

/* --- standard input and output --- */

/* stdin and stdout become pipes; the test's ends are returned. */
static void use_pipes(int *in, int *out)
{
	int a[2], b[2];

	ck_assert_int_eq(pipe(a), 0);
	ck_assert_int_eq(pipe(b), 0);
	dup2(a[0], STDIN_FILENO);
	dup2(b[1], STDOUT_FILENO);
	close(a[0]);
	close(b[1]);
	*in = a[1];
	*out = b[0];
}

START_TEST(stdio_on_pipes)
{
	struct chr *first;
	char text[32] = { 0 };
	int in, out;

	use_pipes(&in, &out);
	ck_assert_int_eq(open_spec("stdio"), 0);
	first = chr;
	ck_assert_int_eq(open_spec("stdio"), -EBUSY);
	chr = first;
	ck_assert_int_eq(write(in, "typed", 5), 5);
	virtio_event_run(100);
	expect_input("typed");
	ck_assert_uint_eq(put("shown"), 5);
	ck_assert_int_eq(read(out, text, sizeof(text)), 5);
	ck_assert_str_eq(text, "shown");
	/* The end of input is no error, and output goes on. */
	close(in);
	virtio_event_run(100);
	ck_assert_int_eq(virtio_event_run(10), 0);
	ck_assert_uint_eq(put("still"), 5);
	ck_assert_int_eq(read(out, text, sizeof(text)), 5);
	/* Nor is a reader of our output that goes away. */
	close(out);
	ck_assert_uint_eq(put("lost"), 4);
	/* Those who share the descriptors see no change. */
	ck_assert_int_eq(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
	chr_close(chr);
}
END_TEST

START_TEST(stdio_without_input)
{
	int fd = open("/dev/null", O_RDONLY);

	dup2(fd, STDIN_FILENO);
	close(fd);
	ck_assert_int_eq(open_spec("stdio"), 0);
	virtio_event_run(10);
	ck_assert_uint_eq(put(""), 0);
	chr_close(chr);
}
END_TEST

/* A terminal is raw while it is used and as before afterwards. */
START_TEST(stdio_on_a_terminal)
{
	struct termios before, during, after;
	struct chr *pty, *con;
	int fd = open_pty();

	pty = chr;
	tcgetattr(fd, &before);
	before.c_lflag |= ECHO | ICANON | ISIG;
	tcsetattr(fd, TCSANOW, &before);
	dup2(fd, STDIN_FILENO);
	ck_assert_int_eq(open_spec("stdio"), 0);
	con = chr;
	tcgetattr(fd, &during);
	ck_assert_uint_eq(during.c_lflag & (ECHO | ICANON | ISIG), 0);
	chr_close(con);
	tcgetattr(fd, &after);
	ck_assert_uint_eq(after.c_lflag & (ECHO | ICANON | ISIG), ECHO | ICANON | ISIG);
	/* The same for a terminal given by its path. */
	snprintf(spec, sizeof(spec), "tty:%s", path);
	ck_assert_int_eq(open_spec(spec), 0);
	tcgetattr(fd, &during);
	ck_assert_uint_eq(during.c_lflag & (ECHO | ICANON | ISIG), 0);
	chr_close(chr);
	tcgetattr(fd, &after);
	ck_assert_uint_eq(after.c_lflag & (ECHO | ICANON | ISIG), ECHO | ICANON | ISIG);
	close(fd);
	close(STDIN_FILENO);
	chr_close(pty);
}
END_TEST

static const struct {
	const char *spec, *why;
	int err;
} bad[] = {
	{ "", "unknown kind", -EINVAL },
	{ "serial", "unknown kind", -EINVAL },
	{ "stdio:x", "it should be stdio", -EINVAL },
	{ "tty", "it should be tty:PATH", -EINVAL },
	{ "tty:/nonexistent/tty", "No such file", -ENOENT },
	{ "tty:/dev/null", "/dev/null", -ENOTTY },
	{ "file:", "it should be file:PATH", -EINVAL },
	{ "file:/nonexistent/log", "console /nonexistent/log: No such file", -ENOENT },
	{ "pty:", "it should be pty", -EINVAL },
	{ "pty:/nonexistent/link", "No such file", -ENOENT },
	{ "tcp", "it should be tcp:PORT", -EINVAL },
	{ "tcp:0", "it should be tcp:PORT", -EINVAL },
	{ "tcp:65536", "it should be tcp:PORT", -EINVAL },
	{ "tcp:12x", "it should be tcp:PORT", -EINVAL },
	{ "socket:", "it should be socket:PATH", -EINVAL },
	{ "socket:/nonexistent/s", "No such file", -ENOENT },
};

START_TEST(bad_spec)
{
	virtio_log_clear();
	ck_assert_int_eq(open_spec(bad[_i].spec), bad[_i].err);
	ck_assert_msg(virtio_log_has(bad[_i].why), "'%s' gave: %s", bad[_i].spec, virtio_log_text());
}
END_TEST

int main(void)
{
	Suite *s = suite_create("backend_chr");
	TCase *t = tcase_create("kinds");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, file_is_appended);
	tcase_add_test(t, pty_both_ways);
	tcase_add_test(t, pty_without_a_user);
	tcase_add_test(t, pty_with_a_slow_user);
	tcase_add_test(t, socket_server);
	tcase_add_test(t, socket_client_that_does_not_read);
	tcase_add_test(t, socket_client);
	tcase_add_test(t, socket_file_left_behind);
	tcase_add_test(t, others_replacement_is_left_alone);
	tcase_add_test(t, tcp_server);
	tcase_add_test(t, reader_is_full);
	tcase_add_test(t, endless_input_takes_turns);
	tcase_add_test(t, stdio_on_pipes);
	tcase_add_test(t, stdio_without_input);
	tcase_add_test(t, stdio_on_a_terminal);
	tcase_add_loop_test(t, bad_spec, 0, ROWS(bad));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
