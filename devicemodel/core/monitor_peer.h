/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may use the command socket: root, the user that acrn-dm runs as, and members of one group. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/listener.h"

#define MONITOR_NO_GROUP LISTENER_NO_GROUP

/* Number of the group called @name, or with that number. False: there is none. */
bool monitor_group(const char *name, gid_t *out);

/* Whether the process at the other end of @fd may give commands; if not, @why says who it is and who may. */
bool monitor_peer_allowed(int fd, gid_t group, char *why, size_t why_size);
