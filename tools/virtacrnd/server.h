/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections: who may, whole messages in, queued messages out. All on the I/O thread. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct client;

#define SERVER_CLIENTS_MAX	128u	/* on each of the two sockets */

/* Members of the group may manage VMs, besides root and our own user. */
void server_allow(gid_t group);

/* Serve connections to @fd, a listening socket. 0 or -errno. */
int server_add(sd_event *event, int fd, bool read_only);

/* End all connections. */
void server_end(void);

/* I/O thread: for each client that is connected. */
void server_each(void (*run)(struct client *client, void *arg), void *arg);
