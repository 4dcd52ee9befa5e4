/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loaded before a tool (LD_PRELOAD), this kills it before the change number FAKE_KILL (from 0) to a folder's files whose paths begin with
 * FAKE_KILL_IN: a file made, moved or removed.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void count(const char *path)
{
	static _Atomic int changes;
	const char *folder = getenv("FAKE_KILL_IN"), *at = getenv("FAKE_KILL");

	if (folder && at && !strncmp(path, folder, strlen(folder)) && changes++ == atoi(at))
		kill(getpid(), SIGKILL);
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

int rename(const char *from, const char *to)
{
	count(from);
	return REAL(rename)(from, to);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	count(from);
	return REAL(renameat2)(from_fd, from, to_fd, to, flags);
}

int unlink(const char *path)
{
	count(path);
	return REAL(unlink)(path);
}

int open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	if (flags & O_CREAT)
		count(path);
	return REAL(open)(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
	if (*mode == 'w')
		count(path);
	return REAL(fopen)(path, mode);
}
