/* SPDX-License-Identifier: BSD-3-Clause */
/* The local socket: whoever is root here asks life_mngr for a shutdown. One request a connection, one answer. */
#pragma once
#include <systemd/sd-event.h>

#define LOCAL_SOCKET	"/var/lib/life_mngr/monitor.sock"	/* env LIFE_MNGR_SOCKET */

struct local_client;

/* @fn gets each request and calls local_answer() once, then or later. 0 or -errno with a message. */
int local_open(sd_event *event, void (*fn)(struct local_client *client, const char *request));
void local_close(void);

/* Answer and hang up. NULL is allowed. */
void local_answer(struct local_client *client, const char *answer);

/* The client's side: send @request, and print what comes back within @seconds. Exit code: 0 for an "ack_". */
int local_request(const char *request, unsigned int seconds);
