/* SPDX-License-Identifier: BSD-3-Clause */
/* A socket in the file system where others connect: its file is made, and taken away again. Any thread. */
#pragma once

#include <sys/types.h>

#define LISTENER_NO_GROUP ((gid_t)-1)

struct listener {
	int fd;				/* -1: none */
	const char *who;		/* what messages begin with */
	char *path;
	dev_t dev;			/* which file is ours */
	ino_t ino;
};

/*
 * Listen at @path, mode 0600, or 0660 for @group unless that is LISTENER_NO_GROUP; the descriptor does not block. A socket there
 * that nobody answers is replaced; one that is answered (-EADDRINUSE), and any other file (-EEXIST), is not. -errno with a
 * message that begins with @who, which must last.
 */
int listener_open(struct listener *l, const char *who, const char *path, gid_t group);

/* Close, and remove the file if it is still ours. */
void listener_close(struct listener *l);
