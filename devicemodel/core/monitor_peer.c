/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel knows who connected (unix(7), SO_PEERCRED and SO_PEERGROUPS); nothing the client says counts. */
#include "core/monitor_peer.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUPS_MAX 1024

bool monitor_group(const char *name, gid_t *out)
{
	struct group *group = getgrnam(name);
	unsigned long number;
	char *end;

	if (group) {
		*out = group->gr_gid;
		return true;
	}
	number = strtoul(name, &end, 10);
	*out = (gid_t)number;
	return *name >= '0' && *name <= '9' && !*end && number < MONITOR_NO_GROUP;
}

static bool in_group(int fd, gid_t main_group, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (group == MONITOR_NO_GROUP)
		return false;
	if (main_group == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool monitor_peer_allowed(int fd, gid_t group, char *why, size_t why_size)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len)) {
		snprintf(why, why_size, "who you are cannot be found out");
		return false;
	}
	if (peer.uid == 0 || peer.uid == geteuid() || in_group(fd, peer.gid, group))
		return true;
	if (group == MONITOR_NO_GROUP)
		snprintf(why, why_size, "user %u may not command this VM: only root may (--cmd_monitor PATH,group=NAME lets a group in)",
			 (unsigned int)peer.uid);
	else
		snprintf(why, why_size, "user %u may not command this VM: only root and members of group %u may",
			 (unsigned int)peer.uid, (unsigned int)group);
	return false;
}
