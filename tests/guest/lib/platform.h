/* SPDX-License-Identifier: BSD-3-Clause */
/* What the guest program runs on: the bare machine, or a VM of this hypervisor. */
#pragma once

#include "lib/types.h"

#define PLATFORM_MAX_RANGES	32u

struct ram_range {
	uint64_t base, size;
};

/* RAM the memory map offers. */
extern struct ram_range platform_ram[PLATFORM_MAX_RANGES];
extern unsigned int platform_nr_ram;

/* Reads the multiboot information (copied: low memory is free afterwards). */
void platform_init(uint32_t magic, const void *info);
bool platform_is_vm(void);
bool platform_is_service(void);
/* True when a hypervisor's CPUID bit is set, ours or not. */
bool platform_has_hypervisor(void);
/* The command line: the program's arguments, without the file's name. */
const char *platform_cmdline(void);
