/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnctl console: our terminal becomes the VM's serial port. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "tools/acrnctl/acrnctl.h"
#include "tools/common/args.h"

#define LEAVE	0x1D		/* Ctrl-] */

static struct termios usual;

/* The path or port in "KIND:REST[:server]". */
static const char *rest_of(const char *backend, const char *kind, char *rest, size_t size)
{
	size_t len = strlen(kind);

	if (strncmp(backend, kind, len) != 0 || backend[len] != ':')
		return NULL;
	snprintf(rest, size, "%s", backend + len + 1);
	if (strlen(rest) > 7 && !strcmp(rest + strlen(rest) - 7, ":server"))
		rest[strlen(rest) - 7] = 0;
	return rest;
}

static int open_socket(const struct sockaddr *at, socklen_t len)
{
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, at, len)) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* A descriptor of the other end of @backend; -1 with errno, EINVAL for a kind nobody can connect to. */
static int open_backend(const char *backend)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char rest[sizeof(un.sun_path)];
	uint64_t port;

	if (rest_of(backend, "socket", rest, sizeof(rest))) {
		strcpy(un.sun_path, rest);
		return open_socket((struct sockaddr *)&un, sizeof(un));
	}
	if (rest_of(backend, "tcp", rest, sizeof(rest)) && args_number(rest, 1, 65535, &port)) {
		in.sin_port = htons(port);
		return open_socket((struct sockaddr *)&in, sizeof(in));
	}
	if (rest_of(backend, "pty", rest, sizeof(rest)))
		return open(rest, O_RDWR | O_NOCTTY | O_CLOEXEC);
	errno = EINVAL;
	return -1;
}

static void make_usual(void)
{
	tcsetattr(0, TCSANOW, &usual);
}

static void make_raw(void)
{
	struct termios raw;

	if (tcgetattr(0, &usual))
		return;
	raw = usual;
	cfmakeraw(&raw);
	tcsetattr(0, TCSANOW, &raw);
	atexit(make_usual);
}

/* All of it, also to a slow reader. False: it is gone. */
static bool write_all(int fd, const char *buf, ssize_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, buf, n);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			buf += done;
			n -= done;
		}
	}
	return true;
}

/* Until Ctrl-], or one side ends. */
static void connect_terminal(int fd)
{
	struct pollfd p[2] = { { .fd = 0, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	char buf[4096], *leave;
	ssize_t n;

	while (poll(p, 2, -1) > 0 || errno == EINTR) {
		if (p[1].revents) {
			n = read(fd, buf, sizeof(buf));
			if (n <= 0 || !write_all(1, buf, n))
				return;
		}
		if (p[0].revents) {
			n = read(0, buf, sizeof(buf));
			leave = n > 0 ? memchr(buf, LEAVE, n) : NULL;
			if (n > 0 && !write_all(fd, buf, leave ? leave - buf : n))
				return;
			if (leave)
				return;
			/* A script that has said all still hears the answer. */
			if (n <= 0)
				p[0].fd = -1;
		}
	}
}

/* The backend of the port wanted, or of the first. */
static const char *backend_of(const json_t *answer)
{
	const json_t *list = json_object_get(json_object_get(answer, "result"), "serial"), *port;
	size_t i;

	json_array_foreach(list, i, port)
		if (!ctl.port || !strcmp(json_string_value(json_object_get(port, "port")), ctl.port))
			return json_string_value(json_object_get(port, "backend"));
	return NULL;
}

static int connect_to(const char *name, const char *backend)
{
	int fd;

	if (!backend)
		return ctl_fail(CTL_FAILED, name, "has no serial port %s", ctl.port ? ctl.port : "(acrn-dm option -l)");
	fd = open_backend(backend);
	if (fd < 0 && errno == EINVAL)
		return ctl_fail(CTL_FAILED, name,
				"its serial port is on %s, where nobody can connect; socket:PATH, tcp:PORT and pty:PATH can be", backend);
	if (fd < 0)
		return ctl_fail(CTL_FAILED, name, "%s: %s", backend, strerror(errno));
	if (isatty(0)) {
		fprintf(stderr, "acrnctl: connected to %s, Ctrl-] leaves\n", name);
		make_raw();
	}
	connect_terminal(fd);
	close(fd);
	return CTL_OK;
}

int cmd_console(int argc, char **argv)
{
	struct monitor m;
	json_t *answer;
	int code = ctl_connect(&m, argv[0]);

	(void)argc;
	if (code)
		return code;
	code = ctl_ask(&m, argv[0], "query", NULL, &answer);
	monitor_close(&m);
	if (code)
		return code;
	code = connect_to(argv[0], backend_of(answer));
	json_decref(answer);
	return code;
}
