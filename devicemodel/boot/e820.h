/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest's memory map, in the form the BIOS call E820 gave it its name. */
#pragma once

#include <stdint.h>

struct mem;

#define E820_RAM	1u
#define E820_RESERVED	2u
#define E820_MAX	8u

struct e820_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type;
} __attribute__((packed));

/* Fill @map (E820_MAX entries), sorted and disjoint; returns how many are used. */
unsigned int e820_build(const struct mem *mem, struct e820_entry *map);
