/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs of contiguous page frames, and the memory regions made of them. No
 * kernel header, so that the host can test it.
 */
#pragma once
#include "public/mem.h"

#define HSM_PAGE_SHIFT		12
#define HSM_PAGE_SIZE		4096ull
/* Physical addresses have at most 52 bits (SDM vol. 3, 4.1.4). */
#define HSM_PA_LIMIT		(1ull << 52)

/* nr frames from pfn on. */
struct hsm_chunk {
	uint64_t pfn;
	uint64_t nr;
};

/* chunk_join() - whether a frame simply follows the run, which then takes it in. */
static inline int chunk_join(struct hsm_chunk *last, uint64_t pfn)
{
	if (!last->nr || last->pfn + last->nr != pfn)
		return 0;
	last->nr++;
	return 1;
}

/*
 * chunk_regions() - describe chunks as regions that follow each other from gpa
 * on. Fills as many of the max entries as there are chunks, returns how many,
 * and moves *gpa behind the last.
 */
static inline uint32_t chunk_regions(const struct hsm_chunk *chunks, uint64_t nr,
				     struct vm_memory_region *r, uint32_t max, uint64_t *gpa)
{
	uint32_t i;

	for (i = 0; i < max && i < nr; i++) {
		r[i].type = MR_ADD;
		r[i].prot = 0;
		r[i].gpa = *gpa;
		r[i].service_vm_gpa = chunks[i].pfn << HSM_PAGE_SHIFT;
		r[i].size = chunks[i].nr << HSM_PAGE_SHIFT;
		*gpa += r[i].size;
	}
	return i;
}

/* range_ok() - whether [start, start + len) is whole pages, not empty, and below limit. */
static inline int range_ok(uint64_t start, uint64_t len, uint64_t limit)
{
	if (!len || ((start | len) & (HSM_PAGE_SIZE - 1)))
		return 0;
	return start < limit && len <= limit - start;
}

/* range_overlap() - whether two ranges without wrap-around share a byte. */
static inline int range_overlap(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
	return a < b + blen && b < a + alen;
}
