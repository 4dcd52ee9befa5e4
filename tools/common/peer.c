/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/common/peer.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

bool peer_group(const char *name, gid_t *out)
{
	struct group *group = getgrnam(name);

	*out = group ? group->gr_gid : PEER_NO_GROUP;
	return group;
}

bool peer_get(int fd, struct peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	*peer = (struct peer){ 0, (uid_t)-1, PEER_NO_GROUP };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return false;
	*peer = (struct peer){ cred.pid, cred.uid, cred.gid };
	return true;
}

/* Also in one of its other groups, of which there may be any number. */
static bool in_group(int fd, gid_t group)
{
	socklen_t len = 0;
	gid_t *groups;
	bool found = false;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE)
		return false;
	groups = malloc(len);
	if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0)
		for (size_t i = 0; i < len / sizeof(groups[0]); i++)
			found = found || groups[i] == group;
	free(groups);
	return found;
}

bool peer_is_allowed(const struct peer *peer, int fd, gid_t group)
{
	if (peer->uid == 0 || peer->uid == geteuid())
		return true;
	return group != PEER_NO_GROUP && (peer->gid == group || in_group(fd, group));
}
