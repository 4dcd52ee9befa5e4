/* SPDX-License-Identifier: BSD-3-Clause */
/* The command socket's file: made, and taken away again. */
#pragma once

#include <sys/types.h>

struct monitor_socket {
	int fd;
	char *path;
	dev_t dev;			/* which file is ours */
	ino_t ino;
};

/*
 * Listen at @path, mode 0600, or 0660 for @group unless that is MONITOR_NO_GROUP. A socket there that nobody answers is
 * replaced; one that is answered, and any other file, is not. -errno with a message.
 */
int monitor_socket_open(struct monitor_socket *s, const char *path, gid_t group);

/* Close, and remove the file if it is still ours. */
void monitor_socket_close(struct monitor_socket *s);
