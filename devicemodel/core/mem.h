/* SPDX-License-Identifier: BSD-3-Clause */
/* Guest RAM: mapped here once, handed to the hypervisor, and reached by devices only through mem_ptr(). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct vm;

#define MEM_MAX_REGIONS 4

struct mem_region {
	uint64_t gpa;
	uint64_t size;
	uint8_t *hva;
};

struct mem {
	struct mem_region region[MEM_MAX_REGIONS];
	unsigned int nr_regions;
	uint64_t lowmem_size;		/* bytes of RAM at 0 */
	uint64_t highmem_size;		/* bytes of RAM at 4 GB */
};

/*
 * Allocate @size bytes of guest RAM (a multiple of 2 MB, at least 16 MB), zeroed, and map it into
 * the VM. -ENOMEM, -EINVAL or the HSM's error, with a message and nothing left behind.
 */
int mem_setup(struct vm *vm, uint64_t size);

/* Give the memory back. The VM must be destroyed or paused for good. */
void mem_teardown(struct vm *vm);

/*
 * Host address of guest-physical [gpa, gpa + len), or NULL unless all of it is RAM in one region.
 * Any thread. The guest may change the bytes at any time: read once, then check.
 */
static inline void *mem_lookup(const struct mem *mem, uint64_t gpa, uint64_t len)
{
	for (unsigned int i = 0; i < mem->nr_regions; i++) {
		const struct mem_region *r = &mem->region[i];

		if (gpa >= r->gpa && gpa - r->gpa < r->size && len <= r->size - (gpa - r->gpa))
			return r->hva + (gpa - r->gpa);
	}
	return NULL;
}

/* mem_lookup() in @vm's RAM. */
void *mem_ptr(struct vm *vm, uint64_t gpa, uint64_t len);
