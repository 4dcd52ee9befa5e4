/* SPDX-License-Identifier: BSD-3-Clause */
/* What the hypervisor's files need of the rest of it. */
#include "lib/console.h"
#include "lib/printf.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "iommu.h"

uint8_t pool[POOL_PAGES][4096] __aligned(4096);
static uint8_t taken[POOL_PAGES];

static bool is_free(uint32_t first, uint32_t nr_pages)
{
	for (uint32_t i = 0; i < nr_pages; i++)
		if (taken[first + i])
			return false;
	return true;
}

void *frame_get(uint32_t nr_pages)
{
	for (uint32_t i = 0; i + nr_pages <= POOL_PAGES; i++) {
		if (!is_free(i, nr_pages))
			continue;
		memset(&taken[i], 1, nr_pages);
		return memset(pool[i], 0, nr_pages * PAGE_SIZE);
	}
	return NULL;
}

void frame_put(void *p, uint32_t nr_pages)
{
	if (p)
		memset(&taken[((uint8_t *)p - pool[0]) / PAGE_SIZE], 0, nr_pages);
}

uint32_t frame_nr_free(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < POOL_PAGES; i++)
		n += !taken[i];
	return n;
}

/* The start-up code maps 4 GiB one to one, the last of them uncached. */
void *hostmap_device(hpa_t start, uint64_t size)
{
	return range_fits(start.v, size, 1ul << 32) ? (void *)start.v : NULL;
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("log %d: %s\n", level, text);
}

int log_error_origin(int e, const char *file, int line)
{
	printf("%s:%d: error %d\n", file, line, e);
	return e;
}

void panic(const char *fmt, ...)
{
	report(false, "no panic: %s", fmt);
	report_end();
}
