/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared memory between VMs with doorbells: PCI function 1AF4:1110 (QEMU, "Device
 * Specification for Inter-VM shared memory device", revision 1). A VM has one for
 * each region that the scenario gives it.
 */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

struct scenario_ivshmem;
struct vm;

/* Where the BARs of a pre-launched VM's functions begin, as firmware would have set them; BAR 2: above RAM and 4 GiB. */
#define IVSHMEM_MMIO_BASE	0xd0000000u
#define IVSHMEM_MMIO_SIZE	0x10000u
#define IVSHMEM_PORT_BASE	0xc000u
#define IVSHMEM_PORT_SIZE	0x80u

/* Region `index` of the scenario and its memory, which is zeroed and stays the region's for good. Boot CPU, before VMs are built. */
void ivshmem_region_init(uint32_t index, const struct scenario_ivshmem *cfg, hpa_t memory);

/* Its memory and who may map it (bit vm_id); false: no such region. */
bool ivshmem_region_get(uint32_t index, hpa_t *memory, uint64_t *size, uint32_t *vms);

/* True when a byte of the range is a region's. */
bool ivshmem_is_shared(hpa_t at, uint64_t size);

/* Makes vm->ivshmem, without BDFs; NULL when the VM has no region. 0 or -ENOMEM. */
int ivshmem_create(struct vm *vm) __must_check;
void ivshmem_destroy(struct vm *vm);
/* No vCPU runs; afterwards no doorbell reaches the VM before it enables MSI-X again. */
void ivshmem_reset(struct vm *vm);

/* A function for a post-launched VM, as its creator asks for it. */
struct ivshmem_request {
	const char *region;
	uint16_t bdf;
	uint64_t size;		/* 0, or what the region's must be */
	uint64_t start[4];	/* BARs 0, 1, 2 with 3, 4 at first */
};

/* The VM does not run. -ENOENT: no such region; -EPERM: the scenario does not give it; -EINVAL: size or BDF; -EEXIST; -ENOMEM. */
int ivshmem_add(struct vm *vm, const struct ivshmem_request *r) __must_check;
/* -ENODEV: no function there. */
int ivshmem_remove(struct vm *vm, uint16_t bdf) __must_check;

/* Peers may ring from here on, which needs vCPUs; after disconnect nobody does, nor is about to. */
void ivshmem_connect(struct vm *vm);
void ivshmem_disconnect(struct vm *vm);

/* The range of a pre-launched VM's BARs 2 at their first place. False: it has none. */
bool ivshmem_memory_range(const struct vm *vm, uint64_t *first, uint64_t *last);

/* What happened at the function of this VM and region; for the shell. */
struct ivshmem_counts {
	const char *region;
	uint16_t bdf;
	uint64_t memory;	/* guest-physical address now, 0: not mapped */
	uint64_t nr_rung, nr_ignored, nr_dropped;
};

/* The VM's function for region n, or false. Any CPU, between vm_table_enter() and vm_table_leave(). */
bool ivshmem_count(const struct vm *vm, uint32_t n, struct ivshmem_counts *out);
