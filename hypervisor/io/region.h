/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry of port and MMIO ranges the hypervisor answers itself, one a VM.
 * Sorted arrays, binary search with a last-hit hint; readers take no lock:
 * ranges are added and removed while no vCPU of the VM runs, or under an
 * odd/even generation count (BAR moves).
 */
#pragma once

#include "vm/access.h"
#include "lib/types.h"

struct vm;
struct vcpu;

enum io_result {
	IO_DONE = 0,		/* answered; value filled for reads */
	IO_MISS = 1,		/* nobody here: the device model may know */
	IO_WAIT = 2,		/* posted to the device model; the vCPU must wait */
};

/* Answers one access; `dev` is what was registered. Own vCPU thread. Returns enum io_result or -errno (crashes the VM). */
typedef int (*io_handler)(struct vcpu *vcpu, void *dev, struct io_access *acc);

struct io_regions;	/* opaque; struct vm points to it */

int io_regions_create(struct vm *vm) __must_check;
void io_regions_destroy(struct vm *vm);

/* A range and who answers it. */
struct io_region {
	enum io_space space;
	uint64_t base, size;	/* ports or bytes */
	io_handler fn;
	void *dev;		/* passed to fn */
};

/* Registers a copy of *n. 0, -EEXIST (overlap), -ENOSPC, -EINVAL. */
int io_region_add(struct vm *vm, const struct io_region *n) __must_check;
/* Removes the region that begins at base; unknown: ignored. */
void io_region_remove(struct vm *vm, enum io_space space, uint64_t base);

/* Runs vcpu->io through the registry: IO_DONE, IO_MISS or -errno. */
int io_region_dispatch(struct vcpu *vcpu);
