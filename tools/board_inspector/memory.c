/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory map: the firmware's (/sys/firmware/memmap), or where the kernel keeps none, the outer lines of /proc/iomem. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

#define MEMMAP		"sys/firmware/memmap"
#define IOMEM		"proc/iomem"
#define IOMEM_MAX	262144u

static void add(struct board *b, uint64_t start, uint64_t end, const char *type)
{
	struct board_memory *m = &b->memory;
	struct board_range *r = &m->range[m->nr];

	if (end < start || m->nr == BOARD_MAX_RANGES) {
		board_remark(b, "memory 0x%llx to 0x%llx is left out", (unsigned long long)start, (unsigned long long)end);
		return;
	}
	r->start = start;
	r->end = end;
	snprintf(r->type, sizeof(r->type), "%s", type);
	m->nr++;
}

static void read_memmap(struct board *b, const struct source *s, const struct source_names *names)
{
	for (size_t i = 0; i < names->nr; i++) {
		char path[128], type[32];
		uint64_t start, end;

		snprintf(path, sizeof(path), MEMMAP "/%s/start", names->name[i]);
		if (!source_number(s, path, &start))
			continue;
		snprintf(path, sizeof(path), MEMMAP "/%s/end", names->name[i]);
		if (!source_number(s, path, &end))
			continue;
		snprintf(path, sizeof(path), MEMMAP "/%s/type", names->name[i]);
		if (source_text(s, path, type, sizeof(type)))
			add(b, start, end, type);
	}
}

/* Outer lines only: "00100000-bfffffff : System RAM". Without root the kernel prints zeros. */
static void read_iomem(struct board *b, const struct source *s)
{
	char *text = calloc(1, IOMEM_MAX + 1), *save = NULL;
	ssize_t n = text ? source_read(s, IOMEM, text, IOMEM_MAX) : -1;

	for (char *line = n > 0 ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long long start, end;
		char type[32];

		if (line[0] != ' ' && sscanf(line, "%llx-%llx : %31[ -~]", &start, &end, type) == 3 && end)
			add(b, start, end, type);
	}
	free(text);
}

static int by_start(const void *a, const void *b)
{
	const struct board_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Overlaps would be counted twice as RAM. */
static void check_overlaps(struct board *b)
{
	const struct board_memory *m = &b->memory;

	for (unsigned int i = 1; i < m->nr; i++)
		if (m->range[i].start <= m->range[i - 1].end)
			board_remark(b, "the firmware's memory map has 0x%llx twice: as %s and as %s",
				     (unsigned long long)m->range[i].start, m->range[i - 1].type, m->range[i].type);
}

void board_memory_read(struct board *b, const struct source *s)
{
	struct board_memory *m = &b->memory;
	struct source_names *names = malloc(sizeof(*names));

	if (names && !source_list(s, MEMMAP, "", names))
		read_memmap(b, s, names);
	m->from = m->nr ? "/" MEMMAP : NULL;
	if (!m->nr) {
		read_iomem(b, s);
		m->from = m->nr ? "/" IOMEM : NULL;
	}
	qsort(m->range, m->nr, sizeof(m->range[0]), by_start);
	check_overlaps(b);
	if (!m->nr)
		board_remark(b, "neither /" MEMMAP " nor /" IOMEM " shows memory: run as root");
	free(names);
}
