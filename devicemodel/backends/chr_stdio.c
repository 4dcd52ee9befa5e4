/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Consoles on terminals that exist: our own standard input and output ("stdio") and a device ("tty:PATH").
 *
 * A terminal is put into raw mode, so that each key reaches the guest, and restored at the end, also when the process ends
 * without closing. Input that is no terminal, or at its end, is fine.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/chr_kind.h"
#include "core/log.h"

/* Standard input's mode before us, for the end of the process. */
static struct termios stdin_mode;
static bool stdin_raw;
static bool stdio_taken;

static void restore_stdin(void)
{
	if (stdin_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &stdin_mode);
	stdin_raw = false;
}

static int make_raw(int fd, struct termios *old)
{
	struct termios raw;

	if (tcgetattr(fd, old))
		return -errno;
	raw = *old;
	cfmakeraw(&raw);
	return tcsetattr(fd, TCSANOW, &raw) ? -errno : 0;
}

/* The terminal is somebody else's just now: changing it would stop our process (SIGTTOU). */
static bool in_background(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group >= 0 && group != getpgrp();
}

/*
 * A descriptor of our own for @fd that does not block. Setting O_NONBLOCK on @fd itself would reach everybody who shares it,
 * such as the shell we came from; opening it anew through /proc gives one that is only ours. Files do not block, and
 * opened anew they would be written from their start, so they are only duplicated; so are sockets, which cannot be opened.
 */
static int own_fd(int fd, int mode)
{
	char name[32];
	struct stat st;
	int own;

	if (fstat(fd, &st))
		return -1;
	if (S_ISREG(st.st_mode))
		return fcntl(fd, F_DUPFD_CLOEXEC, 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	own = open(name, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own >= 0)
		return own;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own >= 0 && chr_prepare_fd(own)) {
		close(own);
		own = -1;
	}
	return own;
}

static int stdio_open(struct chr *c, const char *arg)
{
	static bool at_exit;

	if (arg)
		return -EINVAL;
	if (stdio_taken) {
		log_error("console stdio: it is in use by another device; give that one \"pty\" or \"socket:PATH\"");
		return -EBUSY;
	}
	stdio_taken = true;
	if (!at_exit)
		atexit(restore_stdin);
	at_exit = true;
	if (!in_background(STDIN_FILENO) && make_raw(STDIN_FILENO, &stdin_mode) == 0)
		stdin_raw = true;
	chr_attach(c, own_fd(STDIN_FILENO, O_RDONLY), own_fd(STDOUT_FILENO, O_WRONLY));
	return 0;
}

static void stdio_close(struct chr *c)
{
	(void)c;
	restore_stdin();
	stdio_taken = false;
}

const struct chr_kind chr_stdio_kind = {
	.name = "stdio",
	.usage = "stdio",
	.open = stdio_open,
	.close = stdio_close,
};

static int tty_open(struct chr *c, const char *arg)
{
	int fd, ret;

	if (!arg || !*arg)
		return -EINVAL;
	fd = open(arg, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return chr_fail(arg, errno);
	ret = make_raw(fd, &c->tty);
	if (ret) {
		close(fd);
		return chr_fail(arg, -ret);
	}
	c->saved = true;
	chr_attach(c, fd, fd);
	return 0;
}

static void tty_close(struct chr *c)
{
	if (c->saved && c->in_fd >= 0)
		tcsetattr(c->in_fd, TCSANOW, &c->tty);
}

const struct chr_kind chr_tty_kind = {
	.name = "tty",
	.usage = "tty:PATH",
	.open = tty_open,
	.close = tty_close,
};
