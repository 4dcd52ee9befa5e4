/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake registry of ports and MMIO ranges, see vm_io.h. */
#include "vm_io.h"

#include "lib/errno.h"
#include "lib/util.h"
#include "vm/vcpu.h"

#define NR_REGIONS	32u

static struct {
	struct vm *vm;
	enum io_space space;
	uint64_t base, size;
	io_handler fn;
	void *dev;
} regions[NR_REGIONS];

int fake_io_result;

int io_region_add(struct vm *vm, const struct io_region *n)
{
	unsigned int i, slot = NR_REGIONS;

	for (i = 0; i < NR_REGIONS; i++) {
		if (!regions[i].fn)
			slot = MIN(slot, i);
		else if (regions[i].vm == vm && regions[i].space == n->space &&
			 ranges_overlap(n->base, n->size, regions[i].base, regions[i].size))
			return -EEXIST;
	}
	if (slot == NR_REGIONS)
		return -ENOSPC;
	regions[slot].vm = vm;
	regions[slot].space = n->space;
	regions[slot].base = n->base;
	regions[slot].size = n->size;
	regions[slot].fn = n->fn;
	regions[slot].dev = n->dev;
	return 0;
}

void io_region_remove(struct vm *vm, enum io_space space, uint64_t base)
{
	unsigned int i;

	for (i = 0; i < NR_REGIONS; i++)
		if (regions[i].fn && regions[i].vm == vm && regions[i].space == space && regions[i].base == base)
			regions[i].fn = NULL;
}

static void access_io(struct vcpu *vcpu, struct io_access *acc)
{
	unsigned int i;

	fake_io_result = IO_MISS;
	for (i = 0; i < NR_REGIONS; i++)
		if (regions[i].fn && regions[i].vm == vcpu->vm && regions[i].space == acc->space &&
		    acc->addr >= regions[i].base && acc->addr < regions[i].base + regions[i].size)
			fake_io_result = regions[i].fn(vcpu, regions[i].dev, acc);
}

uint64_t fake_io_read(struct vcpu *vcpu, enum io_space space, uint64_t addr, uint8_t size)
{
	struct io_access acc = { .space = space, .size = size, .addr = addr, .value = 0xdeadbeefdeadbeef };

	access_io(vcpu, &acc);
	return acc.value;
}

void fake_io_write(struct vcpu *vcpu, enum io_space space, uint64_t addr, uint8_t size, uint64_t value)
{
	struct io_access acc = { .space = space, .write = true, .size = size, .addr = addr, .value = value };

	access_io(vcpu, &acc);
}

unsigned int fake_io_nr_regions(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < NR_REGIONS; i++)
		n += regions[i].fn != NULL;
	return n;
}

void fake_io_reset(void)
{
	unsigned int i;

	for (i = 0; i < NR_REGIONS; i++)
		regions[i].fn = NULL;
}
