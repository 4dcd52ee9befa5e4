/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the elements of all CPUs' log rings to lines in the order they were
 * written. A line looks like "[123us][cpu=0][sev=3][seq=7]:text"; what was said
 * before the rings existed carries no number and comes first.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include "public/trace.h"

#define LINE_SIZE	1024u
#define LINES_WAITING	4096u
#define NO_SEQ		UINT64_MAX

struct line {
	uint64_t seq, us;
	unsigned int cpu, severity;
	unsigned int round;		/* when it came */
	char text[LINE_SIZE];		/* the whole line, without its newline */
	size_t message;			/* offset of what is behind the colon */
};

struct lines {
	uint64_t next;			/* seq expected; NO_SEQ: any */
	unsigned int round;
	size_t nr_waiting;
	struct line *waiting[LINES_WAITING];	/* by seq */
	struct {
		char text[LINE_SIZE];
		size_t n;
	} partial[256];			/* of each CPU: the line so far */
	void (*emit)(void *arg, const struct line *line, bool gap);	/* gap: lines before it are missing */
	void *arg;
};

void lines_init(struct lines *l, void (*emit)(void *arg, const struct line *line, bool gap), void *arg);

/* An element of CPU `cpu`'s ring. */
void lines_put(struct lines *l, unsigned int cpu, const char *element, size_t size);

/* All CPUs were looked at: emits what can be emitted in order. A missing line is waited for one more round. */
void lines_round(struct lines *l);

/* The end: emits all. */
void lines_flush(struct lines *l);
