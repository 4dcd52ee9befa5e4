/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of the command socket: a line in, an answer out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_t;
struct vm;

/* What a command changes for the client that gave it. */
struct monitor_client_state {
	bool subscribed;
	bool tied;		/* the VM ends with the connection */
};

/* Obey the line (without its newline) and return the answer, a new object. NULL: out of memory. Device lock held. */
struct json_t *monitor_obey(struct vm *vm, const char *line, size_t len, struct monitor_client_state *client);

/* An answer that says no: for what is wrong with a client rather than with one of its commands. */
struct json_t *monitor_refusal(const char *code, const char *message);

/* The VM's state as one word. */
const char *monitor_state_name(const struct vm *vm);

/* A JSON string of @text; bytes that are no UTF-8 become '?'. */
struct json_t *monitor_text(const char *text);
