/* SPDX-License-Identifier: BSD-3-Clause */
/* A client of acrn-dm's command socket (doc/feature/monitor.md). Deadlines are of monitor_now_ms(). */
#pragma once
#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#define MONITOR_PROTOCOL	1
#define MONITOR_ANSWER_MS	5000u	/* in which a healthy acrn-dm answers */

struct monitor {
	int fd;			/* -1: not connected */
	char *buf;
	size_t len, size;
};

uint64_t monitor_now_ms(void);

/*
 * Connect to VM @name and read its greeting into *@greeting (NULL: not wanted); where all places are taken, wait for one. 0, or with nothing left open: -ENOENT no socket,
 * -ECONNREFUSED a socket that nobody answers, -EACCES or -EPERM not allowed, -ETIMEDOUT no greeting in time, -EBUSY all
 * places stayed taken, -EPROTO not a greeting we understand.
 */
int monitor_open(struct monitor *m, const char *name, uint64_t deadline, json_t **greeting);

/* Connect, and leave the greeting to be read as the first line by who must not wait; monitor_check_greeting() judges it. */
int monitor_connect(struct monitor *m, const char *name);
int monitor_check_greeting(const json_t *line);

void monitor_close(struct monitor *m);

/* The process that listens at VM @name's socket, 0: none. It need not answer. */
pid_t monitor_owner(const char *name);

/* The next line as a new object: 0, -ETIMEDOUT, -ECONNRESET at the end, -EPROTO. A deadline in the past takes what is there. */
int monitor_line(struct monitor *m, uint64_t deadline, json_t **line);

/* Send a command; @args (or NULL) is consumed. 0 or -errno. */
int monitor_send(struct monitor *m, const char *command, json_t *args);

/* Send and wait for the answer; events that come before it are dropped. */
int monitor_ask(struct monitor *m, const char *command, json_t *args, json_t **answer);

/* Arguments of command "reboot": how long the guest has. None where that is what acrn-dm has itself, so that an older one obeys, too. */
json_t *monitor_reboot_args(unsigned int limit_s);

/* Wait for event @name: 0, or as monitor_line(). */
int monitor_event(struct monitor *m, const char *name, uint64_t deadline, json_t **event);

/* Whether the answer says yes; its error's code and message, "" when there is none. */
int monitor_ok(const json_t *answer);
const char *monitor_error_code(const json_t *answer);
const char *monitor_error_text(const json_t *answer);
