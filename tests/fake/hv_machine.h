/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests of machine/machine.c and what calls it: devices that only count, no firmware tables, and waiting
 * during which the vCPU "threads" obey pause and exit requests.
 */
#pragma once

#include "emul/vpci/ivshmem.h"
#include "lib/types.h"

#define HV_NR_PARTS 4u

struct hv_part { unsigned int nr_made, nr_reset; bool fails; };
extern struct hv_part hv_parts[HV_NR_PARTS];

extern unsigned int hv_memory_events;	/* calls of ownership_event() */

/* Devices inside the hypervisor: what was asked for last, and the range one of them has. */
struct hv_vdev {
	unsigned int nr_added;
	struct ivshmem_request request;
	char region[128];
	uint16_t removed;
	uint64_t at, size;
	uint64_t shared, shared_size;	/* host-physical memory of a region */
	int nr_locks;
};
extern struct hv_vdev hv_vdev;
