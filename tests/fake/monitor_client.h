/* SPDX-License-Identifier: BSD-3-Clause */
/* A client of acrn-dm's command socket for unit tests: lines out, JSON objects in; what does not come in time fails the test. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct monitor_client {
	int fd;
	char buf[1 << 18];
	size_t len;
};

/* Connect, trying for a few seconds; the greeting is still to be read. */
void client_open(struct monitor_client *c, const char *path);
void client_close(struct monitor_client *c);

/* Send @text as it is. */
void client_send(struct monitor_client *c, const char *text);

/* The next line as an object, or NULL at the end of the connection. */
json_t *client_line(struct monitor_client *c);

/* Send a line and return its answer; events that come in between are dropped. */
json_t *client_ask(struct monitor_client *c, const char *line);

/* Wait for event @name; other lines are dropped. */
json_t *client_event(struct monitor_client *c, const char *name);

/* Text of a member, "a.b" for one inside; "" when there is none. Valid as long as @o. */
const char *text_of(const json_t *o, const char *path);
long long number_of(const json_t *o, const char *path);
bool truth_of(const json_t *o, const char *path);
