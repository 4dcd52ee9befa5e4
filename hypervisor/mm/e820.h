/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's memory map, sorted, without overlaps, as boot found it and later carved. */
#pragma once

#include "lib/types.h"

enum e820_type { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3, E820_NVS = 4, E820_BAD = 5 };

#define E820_MAX 128u

struct e820_entry {
	uint64_t base, size;	/* bytes */
	uint32_t type, rsvd;
};

struct e820_map {
	uint32_t nr;
	struct e820_entry entry[E820_MAX];
};

/* The host's map (boot CPU writes it before any VM exists, read-only afterwards). */
extern struct e820_map host_e820;
/* The map as the firmware gave it, nothing carved; hostmap_init() maps its memory. */
extern struct e820_map e820_firmware;

/* Adds a range; overlaps: the non-RAM type wins. 0 or -ENOSPC. */
int e820_add(struct e820_map *m, uint64_t base, uint64_t size, uint32_t type) __must_check;

/* Marks [base, base + size) as `type`, splitting entries. 0 or -ENOSPC. */
int e820_carve(struct e820_map *m, uint64_t base, uint64_t size, uint32_t type) __must_check;

/*
 * Takes `size` bytes of RAM aligned to `align` (power of two) below `limit`,
 * highest first, and marks it reserved. 0 with *base, or -ENOMEM.
 */
int e820_take(struct e820_map *m, uint64_t size, uint64_t align, uint64_t limit,
	      uint64_t *base) __must_check;

uint64_t e820_ram_bytes(const struct e820_map *m);
uint64_t e820_ram_end(const struct e820_map *m);
