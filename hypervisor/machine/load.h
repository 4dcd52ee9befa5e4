/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loading a kernel into the memory of a pre-launched or the Service VM and
 * giving vCPU 0 its first registers. Boot CPU or vCPU thread; the VM is CREATED.
 */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"
#include "mm/e820.h"

struct vm;
struct acrn_regs;

/* The boot modules' bytes; not changed, so that a VM can be loaded again. */
struct load_image {
	const void *kernel, *ramdisk;	/* ramdisk NULL: none */
	uint64_t kernel_size, ramdisk_size;
	const char *cmdline;
	uint8_t type;			/* enum scenario_kernel_type */
};

/* What a loader works with; the maps are guest-physical. */
struct load_job {
	struct vm *vm;
	const struct load_image *image;
	struct e820_map *e820;		/* what the guest is told */
	struct e820_map *free;		/* the same less what is placed already */
	uint64_t rsdp;			/* the guest's ACPI root pointer */
	uint64_t ramdisk;		/* where it was placed, 0 = none */
};

/* 0; -ENOEXEC (image not understood, after a message that says why), -ENOMEM, -EFAULT. */
int load_kernel(struct vm *vm, const struct load_image *image) __must_check;

/* By format; regs are filled. */
int load_bzimage(struct load_job *job, struct acrn_regs *regs) __must_check;
int load_elf(struct load_job *job, struct acrn_regs *regs) __must_check;

/* Takes memory for the loader: highest below limit. Guest-physical address or 0 (after a message). */
uint64_t load_place(struct load_job *job, uint64_t size, uint64_t align, uint64_t limit, const char *what);
/* Takes exactly this range. 0 or -ENOMEM. */
int load_claim(struct load_job *job, uint64_t base, uint64_t size) __must_check;
/* Places the ramdisk below `limit`; 0 (also without one), -ENOMEM, -EFAULT. */
int load_ramdisk(struct load_job *job, uint64_t limit) __must_check;
/* Flat 32-bit protected mode without paging, entry at `rip`; GDT at `gdt` (guest-physical, 32 bytes). 0 or -EFAULT. */
int load_flat_regs(struct load_job *job, struct acrn_regs *regs, uint64_t rip, uint64_t gdt) __must_check;

/* machine/guest_acpi.c, service_acpi.c: tables in guest memory; the RSDP's address or 0 (after a message). */
uint64_t guest_acpi_build(struct load_job *job);
uint64_t service_acpi_build(struct load_job *job);
