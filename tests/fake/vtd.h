/* SPDX-License-Identifier: BSD-3-Clause */
/* An IOMMU that only takes notes, for tests of what uses hw/vtd.h. All zero: there is none. */
#pragma once

#include "hw/vtd.h"
#include "lib/types.h"

struct fake_vtd_entry {
	bool present, level;
	uint16_t bdf;
	uint32_t apic_id;
};

struct fake_vtd {
	bool ready, ir;
	bool fails;			/* does not answer */
	struct fake_vtd_entry entry[256];
	unsigned int nr_cleared;	/* entries that were there */
	uint8_t attached[65536];	/* by function */
	unsigned int nr_attached;
	struct { uint64_t at, pa, size; uint32_t attr; } map[32];
	unsigned int nr_maps, nr_domains;
	int init_err, enable_err;
	bool wants_ir, x2apic, enabled, masked;
	uint32_t fault_apic_id;
	uint8_t fault_vector;
	struct vtd_fault fault;		/* the next ones are all like this */
	unsigned int nr_faults;		/* not taken yet */
};

extern struct fake_vtd fake_vtd;
