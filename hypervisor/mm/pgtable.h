/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One page-table walker for host, EPT and VT-d tables. A table is 3 or 4 levels of
 * 512 8-byte entries (9 index bits each above the 12-bit page offset); formats
 * differ only in how an entry's attributes are encoded:
 *
 *   63            52 51                            12 11                 0
 *  +----------------+--------------------------------+--------------------+
 *  |   format bits  |     address of table or page   |    format bits     |
 *  +----------------+--------------------------------+--------------------+
 */
#pragma once

#include "lib/addr.h"
#include "lib/spinlock.h"
#include "lib/types.h"

/* Access and memory-type attributes, format independent. */
#define PG_R	0x1u
#define PG_W	0x2u
#define PG_X	0x4u
#define PG_WB	0x00u
#define PG_UC	0x10u
#define PG_WC	0x20u
#define PG_WT	0x30u
#define PG_WP	0x40u
#define PG_TYPE_MASK 0x70u
#define PG_WEAK	0x80u	/* RAM all the same: its guest's MTRRs or CR0.CD took write-back away (EPT only) */

/* RAM is what was mapped write-back: device memory is not for copying. */
static inline bool pg_is_ram(uint32_t attr)
{
	return (attr & PG_TYPE_MASK) == PG_WB || (attr & PG_WEAK);
}

struct pgtable_format {
	/* Entry bits for a leaf of `attr` at `level` (1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB). */
	uint64_t (*leaf)(uint32_t attr, unsigned int level);
	uint32_t (*attr)(uint64_t entry, unsigned int level);
	uint64_t table_bits;	/* bits of an entry that points to a next table */
	uint64_t present_mask;	/* entry present when any of these is set */
	uint64_t large_bit;	/* leaf at level 2 or 3 */
	bool high_half;		/* addresses with the top 16 bits set are valid, too (host) */
	bool noncoherent;	/* the hardware reads memory past the caches: entries are flushed (detected) */
	unsigned int levels;	/* 4, VT-d 3 or 4 (detected) */
	unsigned int max_leaf;	/* highest level that may be a leaf: 1..3 (detected) */
};

struct pgtable {
	const struct pgtable_format *fmt;	/* (o) */
	uint64_t *root;				/* (o) direct-map address of the top table */
	struct spinlock lock;			/* guards all entries */
	uint32_t nr_tables;			/* [lock] pages taken from the pool */
	uint64_t changes;			/* [lock] written; see pgtable_changes() */
	uint64_t ram_bytes;			/* [lock] written, anyone may read: mapped as RAM (pg_is_ram()) */
};

/* A run of mapped addresses, contiguous on both sides, of one attribute. */
struct pgtable_span {
	uint64_t va;
	hpa_t pa;
	uint64_t size;		/* bytes */
	uint32_t attr;
};

/* The encodings; what is detected is set at boot, before the first table of the format. */
extern struct pgtable_format pgtable_host, pgtable_ept, pgtable_vtd;

/* What the CPUs offer: largest leaf levels, and the host's no-execute bit. Boot CPU, before any table. */
void pgtable_set_caps(unsigned int host_max_leaf, unsigned int ept_max_leaf, bool host_nx);

int pgtable_init(struct pgtable *pt, const struct pgtable_format *fmt) __must_check;
/* Frees every table page (never the pages mapped). */
void pgtable_fini(struct pgtable *pt);

/*
 * Maps [va, va + size) to [pa, pa + size), all 4 KiB aligned, with the largest
 * pages alignment allows where no table is yet; replaces what was there. Tables
 * once made stay until pgtable_fini(), because lookups take no lock. 0, -EINVAL, -ENOMEM (then
 * part of the range may be mapped: the caller unmaps it). The caller flushes.
 */
int pgtable_map(struct pgtable *pt, uint64_t va, hpa_t pa, uint64_t size, uint32_t attr) __must_check;

/* Unmaps the range, splitting large pages at its ends. 0, -EINVAL, -ENOMEM (split). The caller flushes. */
int pgtable_unmap(struct pgtable *pt, uint64_t va, uint64_t size) __must_check;

/* Changes access bits: (old & ~clear) | set, where mapped. */
int pgtable_protect(struct pgtable *pt, uint64_t va, uint64_t size, uint32_t clear, uint32_t set) __must_check;

/* Gives RAM in the range another memory type; large pages are split only where it changes. 0, -EINVAL, -ENOMEM. The caller flushes. */
int pgtable_retype(struct pgtable *pt, uint64_t va, uint64_t size, uint32_t type) __must_check;

/* The lowest address mapped to `pa`: 0, or -ENOENT. Walks the whole table; lock-free. */
int pgtable_find(const struct pgtable *pt, hpa_t pa, uint64_t *va);

/*
 * Never 0, and another number after each change: as long as it stays the same, so do answers of
 * pgtable_lookup() that were asked for after it was read. Lock-free.
 */
static inline uint64_t pgtable_changes(const struct pgtable *pt)
{
	/* Acquire: the lookups that follow see every change that is counted here. */
	return __atomic_load_n(&pt->changes, __ATOMIC_ACQUIRE);
}

/*
 * Looks up one address: 0 and *pa (with the offset), *attr, *size (of the page,
 * bytes; each pointer may be NULL), or -ENOENT. Lock-free; safe while others map.
 */
int pgtable_lookup(const struct pgtable *pt, uint64_t va, hpa_t *pa, uint32_t *attr, uint64_t *size);

/*
 * Calls fn for all that is mapped, in the order of addresses, in spans as long as possible
 * (none crosses the end of the lower half). Lock-free; safe while others map.
 */
void pgtable_for_each(const struct pgtable *pt, void (*fn)(void *arg, const struct pgtable_span *s), void *arg);
