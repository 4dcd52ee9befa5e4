/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A serial line with a life_mngr at its other end. Messages are words of printable ASCII, each ended by a zero byte when we
 * send; a zero, CR or LF ends one we receive. Nothing that arrives is believed to be more than 127 bytes long.
 */
#pragma once
#include <stdbool.h>
#include <systemd/sd-event.h>

#define LINE_MESSAGE_MAX	128
#define LINE_TRIES		5	/* how often a question is sent, a second apart */

struct line;

struct line_ops {
	/* A message arrived that is no answer to a question. */
	void (*heard)(struct line *line, const char *message);
	/* A question was answered, or was not in time (@answer NULL). */
	void (*answered)(struct line *line, const char *question, const char *answer);
};

/*
 * Open device @path and listen. One that is not there yet, or goes away, is tried again every second. @arg is line_arg()'s.
 * NULL: out of memory.
 */
struct line *line_open(sd_event *event, const char *path, const struct line_ops *ops, void *arg);
void line_close(struct line *line);

const char *line_path(const struct line *line);
void *line_arg(const struct line *line);

/* Send once. */
void line_say(struct line *line, const char *message);

/* Send until @yes, or @no if that is not NULL, comes back, LINE_TRIES times; replaces a question under way. */
void line_ask(struct line *line, const char *question, const char *yes, const char *no);

/* Ask for ever: a peer that is not there yet is nothing to complain about. */
void line_keep_asking(struct line *line);
