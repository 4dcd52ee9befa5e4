/* SPDX-License-Identifier: BSD-3-Clause */
/* One DMA remapping unit: its registers, commands, invalidations and fault records. Private to hw/vtd*.c, which lock. */
#pragma once

#include "hw/acpi.h"
#include "hw/vtd.h"
#include "lib/addr.h"
#include "lib/spinlock.h"
#include "lib/types.h"

struct vtd_unit {
	uint8_t *regs;		/* (o) */
	uint64_t base, size;	/* (o) where the registers are, whole pages */
	uint64_t cap, ecap;	/* (o) */
	uint16_t segment;	/* (o) PCI segment */
	uint64_t *queue;	/* [lock] invalidation queue, one page; the next one holds the word it answers in; or NULL */
	uint32_t tail;		/* [lock] bytes */
};

/* All units; every one walks the same tables, so that nobody needs to know which of them serves a device. */
struct vtd_units {
	struct spinlock lock;
	struct vtd_unit unit[ACPI_MAX_IOMMUS];	/* (o) */
	uint32_t nr;				/* (o) */
	bool coherent;				/* (o) all of them read tables through the caches */
};

extern struct vtd_units vtd_units;

/* Maps the registers and reads what the unit can do; takes memory for a queue if it has one. 0, -ENODEV, -ENOMEM. */
int vtd_unit_open(struct vtd_unit *u, uint64_t base, uint16_t segment) __must_check;
void vtd_unit_close(struct vtd_unit *u);

/* From whatever the firmware left to remapping with these tables; `irta` 0: interrupts are let alone. 0 or -ETIMEDOUT, -EIO. */
int vtd_unit_enable(struct vtd_unit *u, hpa_t root, uint64_t irta) __must_check;
int vtd_unit_disable(struct vtd_unit *u) __must_check;

/* Forgets context entries and the translations of a domain (0: of all); DMA under way has ended. 0, -ETIMEDOUT, -EIO. */
int vtd_unit_flush_dma(struct vtd_unit *u, uint16_t domain_id) __must_check;
/* The interrupt entry `index`, or all when it is negative. */
int vtd_unit_flush_ir(struct vtd_unit *u, int index) __must_check;

/* Makes what was written to a table visible to units that do not look into the caches. */
void vtd_flush_lines(const void *p, size_t size);
