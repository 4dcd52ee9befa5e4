/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DMA remapping units for tests of hw/vtd*.c: registers that do what they are
 * told, an invalidation queue, and a device's DMA and messages walked through
 * the tables as the VT-d specification says, with a cache that only an
 * invalidation empties. It brings its own page pool and log. Use with -iquote tests/fake/hw.
 */
#pragma once

#include "lib/types.h"

#define MODEL_UNITS	3u
#define MODEL_BASE(n)	(0xfed90000ul + (n) * 0x10000ul)
#define MODEL_CAP	(2ul | 1ul << 10 | 1ul << 9 | 0x22ul << 24 | 3ul << 34 | 3ul << 40 | 3ul << 54)
#define MODEL_ECAP	(0x0ful | 0x10ul << 8)	/* coherent, queue, interrupts; IOTLB registers at 0x100 */
#define MODEL_EIM	(1ul << 4)
#define MODEL_FAULT(x)	(0x220u + 16u * (x))
#define MODEL_BLOCKED	(~0ul)

struct model_unit {
	bool absent;			/* cannot be mapped */
	uint64_t cap, ecap;
	uint32_t gsts, fsts, fectl, pmen;
	uint64_t reg[0x480];		/* what was written, by byte offset / 8 */
	uint64_t root, irta;		/* taken by a command */
	uint32_t head;			/* of the queue, bytes */
	uint32_t stuck;			/* commands that have no effect */
	bool mute, refuses;		/* queue: never answers; finds an error */
	unsigned int nr_context, nr_iotlb, nr_iec, nr_wbf;	/* invalidations done */
	uint64_t last_iotlb;		/* register or descriptor */
	struct { uint16_t bdf, did; uint64_t page, to; } cache[64];
	unsigned int nr_cached;
	uint64_t irte_cache[256];	/* low halves, 0: not there */
};

extern struct model_unit model[MODEL_UNITS];
extern unsigned int model_clflush;
extern unsigned int model_pages;	/* taken from the pool, which begins anew with model_reset() */
extern bool model_pool_empty;

/* All units as MODEL_CAP and MODEL_ECAP say, and one in the ACPI tables. */
void model_reset(unsigned int nr_units);
/* A device reads or writes: where it arrives, or MODEL_BLOCKED. */
uint64_t model_dma(unsigned int unit, uint16_t bdf, uint64_t addr, bool write);
/* A device sends a remappable message: destination << 32 | vector, or MODEL_BLOCKED. */
uint64_t model_msi(unsigned int unit, uint16_t bdf, uint16_t index);
/* The unit records a fault. */
void model_fault(unsigned int unit, unsigned int record, uint64_t high, uint64_t low);
