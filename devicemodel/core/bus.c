/* SPDX-License-Identifier: BSD-3-Clause */
/* Lookup of ports and MMIO ranges: a sorted array, with the last hit tried first. */
#include "core/bus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

static const char *const space_name[] = { [BUS_PIO] = "port", [BUS_MMIO] = "memory" };

static inline bool contains(const struct bus_range *r, uint64_t addr, unsigned int size)
{
	return addr >= r->base && addr - r->base < r->size && size <= r->size - (addr - r->base);
}

/* Index of the first range that ends after @addr. */
static unsigned int first_after(const struct bus_table *t, uint64_t addr)
{
	unsigned int lo = 0, hi = t->nr_ranges;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (t->range[mid]->base + (t->range[mid]->size - 1) < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int bus_register(struct bus *bus, struct bus_range *range)
{
	struct bus_table *t = &bus->table[range->space];
	uint64_t limit = range->space == BUS_PIO ? 0xFFFF : UINT64_MAX;
	unsigned int i;

	if (range->size == 0 || range->base > limit || range->size - 1 > limit - range->base)
		return -EINVAL;
	i = first_after(t, range->base);
	if (i < t->nr_ranges && t->range[i]->base <= range->base + (range->size - 1)) {
		log_warn("%s range 0x%llx+0x%llx of %s overlaps 0x%llx+0x%llx of %s",
			 space_name[range->space], (unsigned long long)range->base,
			 (unsigned long long)range->size, range->name,
			 (unsigned long long)t->range[i]->base,
			 (unsigned long long)t->range[i]->size, t->range[i]->name);
		return -EEXIST;
	}
	if (t->nr_ranges == t->capacity) {
		unsigned int capacity = t->capacity ? 2 * t->capacity : 16;
		struct bus_range **p = realloc(t->range, capacity * sizeof(struct bus_range *));

		if (!p)
			return -ENOMEM;
		t->range = p;
		t->capacity = capacity;
	}
	memmove(&t->range[i + 1], &t->range[i], (t->nr_ranges - i) * sizeof(t->range[0]));
	t->range[i] = range;
	t->nr_ranges++;
	return 0;
}

void bus_unregister(struct bus *bus, struct bus_range *range)
{
	struct bus_table *t = &bus->table[range->space];

	for (unsigned int i = 0; i < t->nr_ranges; i++) {
		if (t->range[i] != range)
			continue;
		t->nr_ranges--;
		memmove(&t->range[i], &t->range[i + 1], (t->nr_ranges - i) * sizeof(t->range[0]));
		break;
	}
	if (t->last_hit == range)
		t->last_hit = NULL;
}

struct bus_range *bus_find(struct bus *bus, enum bus_space space, uint64_t addr, unsigned int size)
{
	struct bus_table *t = &bus->table[space];
	unsigned int i;

	if (t->last_hit && contains(t->last_hit, addr, size))
		return t->last_hit;
	i = first_after(t, addr);
	if (i == t->nr_ranges || !contains(t->range[i], addr, size))
		return NULL;
	t->last_hit = t->range[i];
	return t->last_hit;
}

uint64_t bus_read(struct bus *bus, enum bus_space space, uint64_t addr, unsigned int size)
{
	uint64_t mask = size >= 8 ? UINT64_MAX : (1ULL << (8 * size)) - 1;
	struct bus_range *r = bus_find(bus, space, addr, size);

	if (!r || !r->ops->read)
		return mask;
	return r->ops->read(r->dev, addr - r->base, size) & mask;
}

void bus_write(struct bus *bus, enum bus_space space, uint64_t addr, unsigned int size, uint64_t value)
{
	uint64_t mask = size >= 8 ? UINT64_MAX : (1ULL << (8 * size)) - 1;
	struct bus_range *r = bus_find(bus, space, addr, size);

	if (r && r->ops->write)
		r->ops->write(r->dev, addr - r->base, size, value & mask);
}

void bus_fini(struct bus *bus)
{
	for (unsigned int i = 0; i < BUS_NR_SPACES; i++) {
		free(bus->table[i].range);
		bus->table[i] = (struct bus_table){ 0 };
	}
}
