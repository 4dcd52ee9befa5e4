/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is at the other end of a UNIX socket, as the kernel knows it; nothing a client says about itself counts. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#define PEER_NO_GROUP	((gid_t)-1)

struct peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

/* Number of the group called @name. False: there is none. */
bool peer_group(const char *name, gid_t *out);

bool peer_get(int fd, struct peer *peer);

/* Whether it is root, our own user, or in the group (PEER_NO_GROUP: nobody is). */
bool peer_is_allowed(const struct peer *peer, int fd, gid_t group);
