/* SPDX-License-Identifier: BSD-3-Clause */
/* A scenario that uses every part of the module, for the reader's tests to spoil. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "config/scenario.h"

enum { SAMPLE_RT, SAMPLE_SAFETY, SAMPLE_SERVICE, SAMPLE_USER, SAMPLE_NR_VMS };

#define SAMPLE_SIZE (sizeof(struct scenario) + SAMPLE_NR_VMS * sizeof(struct scenario_vm))

static inline void sample_seal(struct scenario *s)
{
	s->crc32 = scenario_crc(s);
}

static inline void sample_pre_launched(struct scenario *s)
{
	s->vms[SAMPLE_RT] = (struct scenario_vm){
		.name = "rt", .load_order = SCENARIO_PRE_LAUNCHED, .severity = SCENARIO_SEVERITY_RT,
		.crash_policy = SCENARIO_CRASH_RESTART, .restart_max = 2, .options = SCENARIO_OPT_KVM_LEAF,
		.guest_flags = SCENARIO_FLAG_LAPIC_PT | SCENARIO_FLAG_RT, .memory_size = 256 << 20, .memory_hpa = 0x20000000,
		.cpu_affinity = 1 << 3, .console = 0,
		.vuarts = { { .type = SCENARIO_VUART_CONSOLE, .io_base = 0x3f8, .irq = 4 },
			    { .type = SCENARIO_VUART_INTER_VM, .io_base = 0x2f8, .irq = 3, .peer_vm = SAMPLE_SERVICE, .peer_vuart = 2 } },
		.nr_pci_devs = 2, .pci_devs = { 0x00fa, 0x0100 },
		.nr_io_ranges = 2, .io_ranges = { { 0x60, 1 }, { 0x64, 1 } },
		.kernel = { .type = SCENARIO_KERNEL_ELF_PVH, .tag = "RT_vmlinux", .ramdisk_tag = "RT_initrd", .bootargs = "console=ttyS0" },
	};
	s->vms[SAMPLE_SAFETY] = (struct scenario_vm){
		.name = "safety", .load_order = SCENARIO_PRE_LAUNCHED, .severity = SCENARIO_SEVERITY_SAFETY,
		.memory_size = 64 << 20, .memory_hpa = 0x30000000, .cpu_affinity = 1 << 2, .console = SCENARIO_NO_CONSOLE,
		.priority = 9, .weight = 7, .budget_us = 100, .period_us = 1000,
		.kernel = { .type = SCENARIO_KERNEL_BZIMAGE, .tag = "Safety_bzImage", .acpi_tag = "ACPI_VM1", .load_addr = 0x1000000,
			    .entry_addr = 0x1000200 },
	};
}

/* A right scenario on the heap (free()), of SAMPLE_SIZE bytes. */
static inline struct scenario *sample_scenario(void)
{
	struct scenario *s = calloc(1, SAMPLE_SIZE);

	*s = (struct scenario){
		.magic = SCENARIO_MAGIC, .version = SCENARIO_VERSION, .total_size = SAMPLE_SIZE,
		.header_size = sizeof(struct scenario), .vm_size = sizeof(struct scenario_vm), .nr_vms = SAMPLE_NR_VMS,
		.nr_ivshmem = 2, .name = "sample", .pcpu_policy = { [2] = SCENARIO_POLICY_SPORADIC, [3] = SCENARIO_POLICY_NOOP },
		.ivshmem = { { .name = "shm0", .size = 1 << 20, .vm_mask = 5, .writer_mask = 1 },
			     { .name = "shm1", .size = 4096, .vm_mask = 8 } },
	};
	sample_pre_launched(s);
	s->vms[SAMPLE_SERVICE] = (struct scenario_vm){
		.name = "service", .load_order = SCENARIO_SERVICE, .severity = SCENARIO_SEVERITY_SERVICE,
		.crash_policy = SCENARIO_CRASH_NOTIFY, .cpu_affinity = 3, .console = 0,
		.vuarts = { { .type = SCENARIO_VUART_CONSOLE, .io_base = 0x3f8, .irq = 4 },
			    [2] = { .type = SCENARIO_VUART_INTER_VM, .io_base = 0x2f8, .irq = 3, .peer_vm = SAMPLE_RT, .peer_vuart = 1 } },
		.kernel = { .tag = "Linux_bzImage", .ramdisk_tag = "Linux_initrd", .bootargs = "console=ttyS0 root=/dev/<x>&y" },
	};
	s->vms[SAMPLE_USER] = (struct scenario_vm){
		.name = "user", .load_order = SCENARIO_POST_LAUNCHED, .severity = SCENARIO_SEVERITY_STANDARD,
		.options = SCENARIO_OPT_TESTDEV, .cpu_affinity = 3, .console = SCENARIO_NO_CONSOLE,
	};
	sample_seal(s);
	return s;
}
