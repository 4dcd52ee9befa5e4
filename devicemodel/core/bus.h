/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry of port and memory ranges that devices answer. The IOREQ loop looks a range up for
 * each request; devices add and remove ranges under the device lock (core/vm.h).
 */
#pragma once

#include <stdint.h>

enum bus_space { BUS_PIO, BUS_MMIO, BUS_NR_SPACES };

/*
 * Handlers are called with the device lock held. @offset is relative to the range's base and
 * @offset + @size never passes its end; @size is 1, 2, 4 or 8 (ports: at most 4).
 * A read returns the value in the low @size bytes (upper bits are cut off by the caller).
 */
struct bus_ops {
	uint64_t (*read)(void *dev, uint64_t offset, unsigned int size);
	void (*write)(void *dev, uint64_t offset, unsigned int size, uint64_t value);
};

/* One range, owned by the device; must stay where it is while registered. */
struct bus_range {
	const char *name;		/* for messages */
	enum bus_space space;
	uint64_t base;
	uint64_t size;			/* bytes, not 0 */
	const struct bus_ops *ops;	/* either handler may be NULL: reads give ones, writes nothing */
	void *dev;
};

struct bus_table {
	struct bus_range **range;	/* sorted by base, disjoint */
	unsigned int nr_ranges;
	unsigned int capacity;
	struct bus_range *last_hit;
};

struct bus {
	struct bus_table table[BUS_NR_SPACES];
};

/*
 * Add @range. -EEXIST when it overlaps another (a message names both), -EINVAL when empty or past
 * the end of its space, -ENOMEM.
 */
int bus_register(struct bus *bus, struct bus_range *range);

/* Remove @range; harmless when it is not registered. */
void bus_unregister(struct bus *bus, struct bus_range *range);

/* The range that holds all of [addr, addr + size), or NULL. */
struct bus_range *bus_find(struct bus *bus, enum bus_space space, uint64_t addr, unsigned int size);

/* Dispatch one access. A read nobody answers returns all ones, a write nobody takes vanishes. */
uint64_t bus_read(struct bus *bus, enum bus_space space, uint64_t addr, unsigned int size);
void bus_write(struct bus *bus, enum bus_space space, uint64_t addr, unsigned int size, uint64_t value);

/* Forget all ranges (the devices still own their structs). */
void bus_fini(struct bus *bus);
