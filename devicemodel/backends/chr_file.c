/* SPDX-License-Identifier: BSD-3-Clause */
/* A console that is only written, to the end of a file ("file:PATH"), for example as a log. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "backends/chr_kind.h"

static int file_open(struct chr *c, const char *arg)
{
	int fd;

	if (!arg || !*arg)
		return -EINVAL;
	fd = open(arg, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return chr_fail(arg, errno);
	chr_attach(c, -1, fd);
	return 0;
}

static void file_close(struct chr *c)
{
	(void)c;
}

const struct chr_kind chr_file_kind = {
	.name = "file",
	.usage = "file:PATH",
	.open = file_open,
	.close = file_close,
};
