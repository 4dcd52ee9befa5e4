/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory map: a sorted array of disjoint ranges. */
#include "mm/e820.h"

#include "lib/errno.h"
#include "lib/util.h"

struct e820_map host_e820, e820_firmware;

static void remove_at(struct e820_map *m, uint32_t i)
{
	m->nr--;
	for (; i < m->nr; i++)
		m->entry[i] = m->entry[i + 1];
}

static int insert_at(struct e820_map *m, uint32_t i, struct e820_entry e)
{
	if (m->nr == E820_MAX)
		return -ENOSPC;
	for (uint32_t k = m->nr; k > i; k--)
		m->entry[k] = m->entry[k - 1];
	m->entry[i] = e;
	m->nr++;
	return 0;
}

static uint64_t end_of(const struct e820_entry *e)
{
	return e->base + e->size;
}

/* Joins neighbours of one type. */
static void merge(struct e820_map *m)
{
	uint32_t i = 0;

	while (i + 1 < m->nr) {
		struct e820_entry *a = &m->entry[i], *b = a + 1;

		if (a->type == b->type && end_of(a) == b->base) {
			a->size += b->size;
			remove_at(m, i + 1);
		} else {
			i++;
		}
	}
}

/* Empties [base, end) of entries that `doomed` says may go; the others stay. -ENOSPC leaves the map whole. */
static int punch(struct e820_map *m, uint64_t base, uint64_t end, bool (*doomed)(uint32_t type))
{
	/* From the end on: what comes or goes behind an entry moves none that is still to be looked at. */
	for (uint32_t i = m->nr; i-- > 0; ) {
		struct e820_entry *e = &m->entry[i];
		uint64_t e_end = end_of(e);

		if (e->base >= end || e_end <= base || !doomed(e->type))
			continue;
		if (e->base < base && e_end > end) {
			struct e820_entry tail = { end, e_end - end, e->type, 0 };

			if (insert_at(m, i + 1, tail))
				return -ENOSPC;
			e->size = base - e->base;
		} else if (e->base < base) {
			e->size = base - e->base;
		} else if (e_end > end) {
			e->base = end;
			e->size = e_end - end;
		} else {
			remove_at(m, i);
		}
	}
	return 0;
}

/* Puts [base, end) of `type` wherever the map has no entry yet. */
static int fill(struct e820_map *m, uint64_t base, uint64_t end, uint32_t type)
{
	uint32_t i = 0;

	while (base < end) {
		struct e820_entry e = { base, end - base, type, 0 };

		while (i < m->nr && end_of(&m->entry[i]) <= base)
			i++;
		if (i < m->nr && m->entry[i].base < end) {
			if (m->entry[i].base <= base) {
				base = end_of(&m->entry[i]);
				continue;
			}
			e.size = m->entry[i].base - base;
		}
		if (insert_at(m, i, e))
			return -ENOSPC;
		base += e.size;
	}
	merge(m);
	return 0;
}

static bool is_ram(uint32_t type) { return type == E820_RAM; }
static bool is_any(uint32_t type) { return type != 0; }

/* Cuts a range that wraps around at the top of the address space. */
static uint64_t range_end(uint64_t base, uint64_t size)
{
	return size > UINT64_MAX - base ? UINT64_MAX : base + size;
}

static uint32_t known_type(uint32_t type)
{
	return type >= E820_RAM && type <= E820_BAD ? type : E820_RESERVED;
}

/* See the header; unknown types count as reserved. Boot CPU. */
int e820_add(struct e820_map *m, uint64_t base, uint64_t size, uint32_t type)
{
	uint64_t end = range_end(base, size);

	type = known_type(type);
	if (base == end)
		return 0;
	if (type != E820_RAM && punch(m, base, end, is_ram))
		return -ENOSPC;
	return fill(m, base, end, type);
}

/* See the header. Boot CPU. */
int e820_carve(struct e820_map *m, uint64_t base, uint64_t size, uint32_t type)
{
	uint64_t end = range_end(base, size);

	if (base == end)
		return 0;
	if (m->nr + 2 > E820_MAX)
		return -ENOSPC;
	if (punch(m, base, end, is_any))
		return -ENOSPC;
	return fill(m, base, end, known_type(type));
}

/* See the header. Boot CPU. */
int e820_take(struct e820_map *m, uint64_t size, uint64_t align, uint64_t limit, uint64_t *base)
{
	for (uint32_t i = m->nr; i-- > 0; ) {
		const struct e820_entry *e = &m->entry[i];
		uint64_t end = MIN(end_of(e), limit), at;

		if (e->type != E820_RAM || end < size)
			continue;
		at = ALIGN_DOWN(end - size, align);
		if (at < e->base)
			continue;
		if (e820_carve(m, at, size, E820_RESERVED))
			return -ENOMEM;
		*base = at;
		return 0;
	}
	return -ENOMEM;
}

/* Bytes of RAM in the map. Any context. */
uint64_t e820_ram_bytes(const struct e820_map *m)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->nr; i++)
		if (m->entry[i].type == E820_RAM)
			sum += m->entry[i].size;
	return sum;
}

/* First address above all RAM. Any context. */
uint64_t e820_ram_end(const struct e820_map *m)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < m->nr; i++)
		if (m->entry[i].type == E820_RAM)
			end = MAX(end, end_of(&m->entry[i]));
	return end;
}
