/* SPDX-License-Identifier: BSD-3-Clause */
/* RAM with a hole for what a PC keeps below 1 MB, the ECAM window, and RAM above 4 GB. */
#include "boot/e820.h"

#include "core/layout.h"
#include "core/mem.h"

#define LOW_RAM_END	0xA0000u	/* where the video memory of a PC begins */
#define BIOS_BASE	0xF0000u	/* holds the ACPI tables */
#define MB		0x100000u

unsigned int e820_build(const struct mem *mem, struct e820_entry *map)
{
	unsigned int n = 0;

	map[n++] = (struct e820_entry){ 0, LOW_RAM_END, E820_RAM };
	map[n++] = (struct e820_entry){ BIOS_BASE, MB - BIOS_BASE, E820_RESERVED };
	map[n++] = (struct e820_entry){ MB, mem->lowmem_size - MB, E820_RAM };
	map[n++] = (struct e820_entry){ LAYOUT_ECAM_BASE, LAYOUT_ECAM_SIZE, E820_RESERVED };
	if (mem->highmem_size)
		map[n++] = (struct e820_entry){ LAYOUT_HIGHMEM_BASE, mem->highmem_size, E820_RAM };
	return n;
}
