/* SPDX-License-Identifier: BSD-3-Clause */
/* Fill the memory of a new or reset VM and say where its first CPU starts. */
#pragma once

#include <stdint.h>

struct acrn_vcpu_regs;
struct boot_file;
struct vm;

/*
 * Pages at the top of low memory that the loaders use; kernels and ramdisks stay below BOOT_AREA_SIZE.
 *   lowmem - 4K   zero page, multiboot info or PVH start info
 *   lowmem - 8K   command line
 *   lowmem - 12K  GDT
 */
#define BOOT_AREA_SIZE		0x3000u
#define BOOT_INFO(lowmem)	((lowmem) - 0x1000u)
#define BOOT_CMDLINE(lowmem)	((lowmem) - 0x2000u)
#define BOOT_GDT(lowmem)	((lowmem) - 0x3000u)
#define BOOT_CMDLINE_MAX	0x1000u		/* with the terminating 0 */

/* What a loader tells the next step. */
struct boot_entry {
	uint32_t eip, eax, ebx, esi;	/* 32-bit protected mode, flat segments, paging off */
};

/*
 * Write ACPI tables and the configured kernel into guest memory and fill @regs for vCPU 0.
 * VM not running. -errno with a message.
 */
int boot_load(struct vm *vm, struct acrn_vcpu_regs *regs);

/* Place the configured ramdisk, if any, as high as it may be below @limit. *@size is 0 without one. */
int boot_load_ramdisk(struct vm *vm, uint64_t limit, uint64_t *gpa, uint64_t *size);

/* Write the configured command line to BOOT_CMDLINE; @max is the longest the kernel takes, without the 0. */
int boot_write_cmdline(struct vm *vm, uint32_t max);
