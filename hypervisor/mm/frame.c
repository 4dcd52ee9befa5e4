/* SPDX-License-Identifier: BSD-3-Clause */
/* The page pool: one bit a page in a map kept in the pool's first pages. */
#include "mm/frame.h"

#include "lib/bits.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/panic.h"

#define WORD_BITS 64u

static struct {
	struct spinlock lock;
	hpa_t start;		/* (o) first page of the range, where the map lies */
	uint64_t size;		/* (o) bytes */
	uint64_t *map;		/* [lock] bit set: in use */
	uint32_t nr_pages;	/* (o) all of the range, map included */
	uint32_t map_pages;	/* (o) */
	uint32_t nr_free;	/* [lock] */
	uint32_t hint;		/* [lock] no free page lies below */
} pool;

static bool in_use(uint32_t i)
{
	return pool.map[i / WORD_BITS] >> (i % WORD_BITS) & 1;
}

static void set_used(uint32_t i, uint32_t n)
{
	for (; n; n--, i++)
		pool.map[i / WORD_BITS] |= 1ul << (i % WORD_BITS);
}

/* See the header. */
void frame_init(hpa_t start, uint64_t size)
{
	uint64_t nr = size >> PAGE_SHIFT;

	ASSERT(IS_ALIGNED(start.v, PAGE_SIZE) && nr > 1 && nr < UINT32_MAX - WORD_BITS);
	pool.start = start;
	pool.size = nr << PAGE_SHIFT;
	pool.map = hpa_to_hva(start);
	pool.nr_pages = (uint32_t)nr;
	pool.map_pages = (uint32_t)PAGES(ALIGN_UP(nr, WORD_BITS) / 8);
	memset(pool.map, 0, pool.map_pages * PAGE_SIZE);
	set_used(0, pool.map_pages);
	/* Bits past the end count as used, so that searches need no bound within a word. */
	if (nr % WORD_BITS)
		pool.map[nr / WORD_BITS] |= ~0ul << (nr % WORD_BITS);
	pool.nr_free = pool.nr_pages - pool.map_pages;
	pool.hint = pool.map_pages;
}

/* First free page at or after `i`, or nr_pages. */
static uint32_t next_free(uint32_t i)
{
	while (i < pool.nr_pages) {
		uint64_t free = ~pool.map[i / WORD_BITS] & (~0ul << (i % WORD_BITS));

		if (free)
			return ALIGN_DOWN(i, WORD_BITS) + bit_lowest(free);
		i = ALIGN_DOWN(i, WORD_BITS) + WORD_BITS;
	}
	return pool.nr_pages;
}

/* Start of `n` free pages in a row, or nr_pages. */
static uint32_t find_run(uint32_t n)
{
	uint32_t at = next_free(pool.hint);

	pool.hint = at;
	while (at + n <= pool.nr_pages) {
		uint32_t k = 1;

		while (k < n && !in_use(at + k))
			k++;
		if (k == n)
			return at;
		at = next_free(at + k);
	}
	return pool.nr_pages;
}

/* See the header. */
void *frame_get(uint32_t nr_pages)
{
	uint32_t at = pool.nr_pages;
	void *p;

	spin_lock(&pool.lock);
	if (nr_pages && nr_pages <= pool.nr_free)
		at = find_run(nr_pages);
	if (at < pool.nr_pages) {
		set_used(at, nr_pages);
		pool.nr_free -= nr_pages;
	}
	spin_unlock(&pool.lock);
	if (at == pool.nr_pages)
		return NULL;
	p = hpa_to_hva(hpa(pool.start.v + (uint64_t)at * PAGE_SIZE));
	memset(p, 0, nr_pages * PAGE_SIZE);
	return p;
}

/* See the header. Panics on a page that is not the pool's or is free already. */
void frame_put(void *p, uint32_t nr_pages)
{
	uint64_t off;
	uint32_t at;

	if (!p)
		return;
	off = hva_to_hpa(p).v - pool.start.v;
	at = (uint32_t)(off >> PAGE_SHIFT);
	if (!IS_ALIGNED(off, PAGE_SIZE) || !nr_pages || !range_fits(off, nr_pages * PAGE_SIZE, pool.size) ||
	    at < pool.map_pages)
		panic("page pool: %p (%u pages) is not part of the pool", p, nr_pages);
	spin_lock(&pool.lock);
	for (uint32_t i = at; i < at + nr_pages; i++) {
		if (!in_use(i))
			panic("page pool: page %u of %p freed twice", i - at, p);
		pool.map[i / WORD_BITS] &= ~(1ul << (i % WORD_BITS));
	}
	pool.nr_free += nr_pages;
	pool.hint = MIN(pool.hint, at);
	spin_unlock(&pool.lock);
}

/* Pages free now. Any context. */
uint32_t frame_nr_free(void)
{
	return READ_ONCE(pool.nr_free);
}

/* Pages the pool hands out in all. Any context. */
uint32_t frame_nr_total(void)
{
	return pool.nr_pages - pool.map_pages;
}

/* See the header. Any context. */
void frame_pool(hpa_t *start, uint64_t *size)
{
	*start = pool.start;
	*size = pool.size;
}
