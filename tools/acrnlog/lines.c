/* SPDX-License-Identifier: BSD-3-Clause */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lines_init(struct lines *l, void (*emit)(void *arg, const struct line *line, bool gap), void *arg)
{
	memset(l, 0, sizeof(*l));
	l->next = NO_SEQ;
	l->emit = emit;
	l->arg = arg;
}

/* Fills in the numbers at the head of line->text. */
static void parse_head(struct line *line)
{
	unsigned long long us, seq;
	int n = 0;

	line->seq = NO_SEQ;
	if (sscanf(line->text, "[%lluus][cpu=%u][sev=%u][seq=%llu]:%n", &us, &line->cpu, &line->severity, &seq, &n) == 4 && n) {
		line->us = us;
		line->seq = seq;
		line->message = (size_t)n;
	}
}

static void emit_first(struct lines *l)
{
	struct line *first = l->waiting[0];

	l->emit(l->arg, first, l->next != NO_SEQ && first->seq > l->next);
	l->next = first->seq + 1;
	free(first);
	memmove(l->waiting, l->waiting + 1, --l->nr_waiting * sizeof(l->waiting[0]));
}

static void insert(struct lines *l, struct line *line)
{
	size_t at;

	if (l->nr_waiting == LINES_WAITING)
		emit_first(l);
	at = l->nr_waiting++;
	for (; at && l->waiting[at - 1]->seq > line->seq; at--)
		l->waiting[at] = l->waiting[at - 1];
	l->waiting[at] = line;
}

static void end_line(struct lines *l, unsigned int cpu)
{
	struct line *line = calloc(1, sizeof(*line));

	if (!line)
		abort();
	memcpy(line->text, l->partial[cpu].text, l->partial[cpu].n);
	l->partial[cpu].n = 0;
	line->cpu = cpu;
	line->round = l->round;
	parse_head(line);
	if (line->seq != NO_SEQ) {
		insert(l, line);
		return;
	}
	l->emit(l->arg, line, false);
	free(line);
}

void lines_put(struct lines *l, unsigned int cpu, const char *element, size_t size)
{
	cpu %= sizeof(l->partial) / sizeof(l->partial[0]);
	for (size_t i = 0; i < size && element[i]; i++) {
		if (element[i] == '\n')
			end_line(l, cpu);
		else if (l->partial[cpu].n < LINE_SIZE - 1)
			l->partial[cpu].text[l->partial[cpu].n++] = element[i];
	}
}

void lines_round(struct lines *l)
{
	while (l->nr_waiting && (l->next == NO_SEQ || l->waiting[0]->seq <= l->next || l->waiting[0]->round < l->round))
		emit_first(l);
	l->round++;
}

void lines_flush(struct lines *l)
{
	while (l->nr_waiting)
		emit_first(l);
}
