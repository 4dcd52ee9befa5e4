/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake page pool and log, see vm_mem.h. */
#include "vm_mem.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"

unsigned int fake_mem_pages;
bool fake_mem_empty;
unsigned int fake_mem_fail_at;

void *frame_get(uint32_t nr_pages)
{
	void *p;

	if (fake_mem_empty || (fake_mem_fail_at && !--fake_mem_fail_at))
		return NULL;
	p = aligned_alloc(PAGE_SIZE, nr_pages * PAGE_SIZE);
	memset(p, 0, nr_pages * PAGE_SIZE);
	fake_mem_pages += nr_pages;
	return p;
}

void frame_put(void *p, uint32_t nr_pages)
{
	if (!p)
		return;
	fake_mem_pages -= nr_pages;
	free(p);
}

__attribute__((weak)) void log_printf(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

int log_error_origin(int e, const char *file, int line)
{
	(void)file;
	(void)line;
	return e;
}
