/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A console on a new pseudo-terminal ("pty", "pty:LINK"): its name is printed, and LINK, when given, points to it. Whoever
 * opens it is connected; while nobody does, the first few kilobytes of output wait there and the rest is thrown away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/chr_kind.h"
#include "core/log.h"

/* Points @link to @target; an old link there is replaced, anything else is not. */
static int make_link(struct chr *c, const char *link, const char *target)
{
	struct stat st;

	if (lstat(link, &st) == 0 && S_ISLNK(st.st_mode))
		unlink(link);
	if (symlink(target, link))
		return chr_fail(link, errno);
	c->path = strdup(link);
	return c->path ? 0 : -ENOMEM;
}

/* Unlocks the other end, makes it raw and opens it once: from then on the kernel tells us whether somebody has it open. */
static int prepare(int fd, char *name, size_t size)
{
	struct termios raw;
	int unlock = 0, other;
	unsigned int number;

	if (ioctl(fd, TIOCSPTLCK, &unlock) || ioctl(fd, TIOCGPTN, &number))
		return -errno;
	snprintf(name, size, "/dev/pts/%u", number);
	other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (other < 0)
		return -errno;
	if (tcgetattr(other, &raw) == 0) {
		cfmakeraw(&raw);
		tcsetattr(other, TCSANOW, &raw);
	}
	close(other);
	return 0;
}

static int pty_open(struct chr *c, const char *arg)
{
	char name[32];
	int fd, ret;

	if (arg && !*arg)
		return -EINVAL;
	fd = open("/dev/ptmx", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return chr_fail("/dev/ptmx", errno);
	ret = prepare(fd, name, sizeof(name));
	if (ret) {
		close(fd);
		return chr_fail("pty", -ret);
	}
	if (arg)
		ret = make_link(c, arg, name);
	if (ret) {
		close(fd);
		return ret;
	}
	c->keep_on_eof = true;
	chr_attach(c, fd, fd);
	log_info("console pty: open %s%s%s to use it", arg ? arg : "", arg ? " or " : "", name);
	return 0;
}

static void pty_close(struct chr *c)
{
	if (c->path)
		unlink(c->path);
}

const struct chr_kind chr_pty_kind = {
	.name = "pty",
	.usage = "pty or pty:LINK",
	.open = pty_open,
	.close = pty_close,
};
