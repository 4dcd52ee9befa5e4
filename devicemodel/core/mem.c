/* SPDX-License-Identifier: BSD-3-Clause */
/* Guest RAM. */
#include "core/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/hsm.h"
#include "core/layout.h"
#include "core/log.h"
#include "core/vm.h"

#define MB		(UINT64_C(1) << 20)
#define HUGE_SIZE	(2 * MB)
#define MEM_MIN		(16 * MB)

/* Bytes the kernel can still give to programs; all there could be where it does not say. */
static uint64_t available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kb = UINT64_MAX >> 10;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kb) == 1)
			break;
	if (file)
		fclose(file);
	return kb << 10;
}

/*
 * Address space aligned like the guest's, so that one large host page backs one large guest page:
 * from the reserved huge pages if there are enough, else ordinary memory the kernel may join.
 */
static uint8_t *alloc_aligned(uint64_t size)
{
	const int prot = PROT_READ | PROT_WRITE;
	uint8_t *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	uint64_t skip;

	if (p != MAP_FAILED)
		return p;
	/* All of it will be pinned: without this the kernel would kill some process in the middle. */
	if (size > available()) {
		errno = ENOMEM;
		return NULL;
	}
	p = mmap(NULL, size + HUGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	skip = -(uintptr_t)p & (HUGE_SIZE - 1);
	if (skip)
		munmap(p, skip);
	if (skip != HUGE_SIZE)
		munmap(p + skip + size, HUGE_SIZE - skip);
	p += skip;
	/* Advice: large pages where there are some, guest memory in no core dump and no child. */
	madvise(p, size, MADV_HUGEPAGE);
	madvise(p, size, MADV_DONTDUMP);
	madvise(p, size, MADV_DONTFORK);
	return p;
}

static int add_region(struct vm *vm, uint64_t gpa, uint64_t size)
{
	struct mem_region *r = &vm->mem.region[vm->mem.nr_regions];
	int err;

	r->gpa = gpa;
	r->size = size;
	r->hva = alloc_aligned(size);
	if (!r->hva) {
		log_error("cannot allocate %" PRIu64 " MB of guest memory: %s; %" PRIu64 " MB are available, see -m",
			  size / MB, strerror(errno), available() / MB);
		return -ENOMEM;
	}
	vm->mem.nr_regions++;
	err = hsm_mem_map(&vm->hsm, gpa, r->hva, size);
	if (err)
		log_error("the hypervisor refused %" PRIu64 " MB of guest memory at 0x%" PRIx64 ": %s",
			  size / MB, gpa, strerror(-err));
	return err;
}

int mem_setup(struct vm *vm, uint64_t size)
{
	struct mem *mem = &vm->mem;
	int err;

	if (size < MEM_MIN || size % HUGE_SIZE ||
	    size > LAYOUT_LOWMEM_LIMIT + (LAYOUT_HIGHMEM_LIMIT - LAYOUT_HIGHMEM_BASE)) {
		log_error("memory size %" PRIu64 " bytes: it must be a multiple of 2 MB from %" PRIu64 " MB to 252 GB",
			  size, MEM_MIN / MB);
		return -EINVAL;
	}
	mem->lowmem_size = size < LAYOUT_LOWMEM_LIMIT ? size : LAYOUT_LOWMEM_LIMIT;
	mem->highmem_size = size - mem->lowmem_size;
	err = add_region(vm, 0, mem->lowmem_size);
	if (!err && mem->highmem_size)
		err = add_region(vm, LAYOUT_HIGHMEM_BASE, mem->highmem_size);
	if (err)
		mem_teardown(vm);
	return err;
}

void mem_teardown(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->mem.nr_regions; i++)
		munmap(vm->mem.region[i].hva, vm->mem.region[i].size);
	vm->mem = (struct mem){ 0 };
}

void *mem_ptr(struct vm *vm, uint64_t gpa, uint64_t len)
{
	return mem_lookup(&vm->mem, gpa, len);
}
