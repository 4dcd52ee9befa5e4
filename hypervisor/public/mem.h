/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* A VM's memory: regions mapped, looked up and protected by hypercall. */
#pragma once
#include "types.h"

/* vm_memory_region.type */
#define MR_ADD		0u
#define MR_DEL		2u	/* unmap what is mapped there, if anything; only gpa and size count */
#define MR_MODIFY	3u	/* change prot of what is mapped */

/* vm_memory_region.prot: rights, and exactly one memory type */
#define MEM_ACCESS_READ		(1u << 0)
#define MEM_ACCESS_WRITE	(1u << 1)
#define MEM_ACCESS_EXEC		(1u << 2)
#define MEM_ACCESS_RWX		(MEM_ACCESS_READ | MEM_ACCESS_WRITE | MEM_ACCESS_EXEC)
#define MEM_ACCESS_RIGHT_MASK	MEM_ACCESS_RWX
#define MEM_TYPE_WB		(1u << 6)
#define MEM_TYPE_WT		(1u << 7)
#define MEM_TYPE_UC		(1u << 8)
#define MEM_TYPE_WC		(1u << 9)
#define MEM_TYPE_WP		(1u << 10)
#define MEM_TYPE_MASK		(MEM_TYPE_WB | MEM_TYPE_WT | MEM_TYPE_UC | MEM_TYPE_WC | MEM_TYPE_WP)

/* All addresses and sizes are multiples of 4096 bytes. */
struct vm_memory_region {
	uint32_t type;
	uint32_t prot;
	uint64_t gpa;			/* in the target VM */
	uint64_t service_vm_gpa;	/* what backs it, in the Service VM */
	uint64_t size;
};
ABI_SIZE(struct vm_memory_region, 32);
ABI_AT(struct vm_memory_region, prot, 4);
ABI_AT(struct vm_memory_region, gpa, 8);
ABI_AT(struct vm_memory_region, service_vm_gpa, 16);
ABI_AT(struct vm_memory_region, size, 24);

/* HC_VM_SET_MEMORY_REGIONS: mr_num regions, an array at regions_gpa, done in order. */
struct set_regions {
	uint16_t vmid;
	uint16_t reserved[3];
	uint32_t mr_num;
	uint32_t reserved1;
	uint64_t regions_gpa;
};
ABI_SIZE(struct set_regions, 24);
ABI_AT(struct set_regions, mr_num, 8);
ABI_AT(struct set_regions, regions_gpa, 16);

/* HC_VM_GPA2HPA. hpa is all ones where nothing is mapped. */
struct acrn_gpa2hpa {
	uint64_t gpa;
	uint64_t hpa;
};
ABI_SIZE(struct acrn_gpa2hpa, 16);
ABI_AT(struct acrn_gpa2hpa, hpa, 8);

#define HPA_INVALID	0xffffffffffffffffull

/* HC_VM_WRITE_PROTECT_PAGE: set 1 protects, 0 lifts. */
struct wp_data {
	uint8_t set;
	uint8_t reserved[7];
	uint64_t gpa;
};
ABI_SIZE(struct wp_data, 16);
ABI_AT(struct wp_data, gpa, 8);
