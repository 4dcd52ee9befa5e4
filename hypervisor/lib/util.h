/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic helpers. */
#pragma once

#include "lib/types.h"

#define PAGE_SHIFT	12u
#define PAGE_SIZE	4096ul
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define SIZE_2M		(2ul << 20)
#define SIZE_1G		(1ul << 30)

/* They evaluate an argument twice: never give them memory that others write. */
#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))
#define ALIGN_UP(x, a)	(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define BIT(n)		(1ul << (n))
#define PAGES(bytes)	(((bytes) + PAGE_SIZE - 1) >> PAGE_SHIFT)

/* True when [start, start + size) does not wrap around and ends at or below `limit`. */
static inline bool range_fits(uint64_t start, uint64_t size, uint64_t limit)
{
	return size <= limit && start <= limit - size;
}

/* True when the two half-open ranges share at least one byte; neither may wrap. */
static inline bool ranges_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}
