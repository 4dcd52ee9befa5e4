/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnctl console: our terminal becomes the VM's serial port. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tools/acrnctl/acrnctl.h"
#include "tools/common/serial.h"

#define LEAVE	0x1D		/* Ctrl-] */

static struct termios usual;

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

static int connect_to(const char *name, const char *backend)
{
	int fd;

	if (!backend)
		return ctl_fail(CTL_FAILED, name, "has no serial port %s", ctl.port ? ctl.port : "(acrn-dm option -l)");
	fd = serial_open(backend);
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
	code = connect_to(argv[0], serial_backend(json_object_get(answer, "result"), ctl.port));
	json_decref(answer);
	return code;
}
