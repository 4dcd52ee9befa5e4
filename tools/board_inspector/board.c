/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts share. */
#include "board.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void board_remark(struct board *b, const char *fmt, ...)
{
	va_list ap;

	if (b->nr_remarks == sizeof(b->remark) / sizeof(b->remark[0]))
		return;
	va_start(ap, fmt);
	vsnprintf(b->remark[b->nr_remarks++], sizeof(b->remark[0]), fmt, ap);
	va_end(ap);
}

uint64_t board_ram(const struct board *b, uint64_t *largest)
{
	uint64_t sum = 0;

	*largest = 0;
	for (unsigned int i = 0; i < b->memory.nr; i++) {
		const struct board_range *r = &b->memory.range[i];
		uint64_t size = r->end - r->start + 1;

		if (strcmp(r->type, "System RAM"))
			continue;
		sum += size;
		if (size > *largest)
			*largest = size;
	}
	return sum;
}
