/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A fake machine for emul/vpci/: PCI functions as arrays, device memory, host
 * vectors, and an EPT that maps all below 4 GiB but what was unmapped. Real
 * devices with message interrupts are not in the emulator, so this is where
 * the translation is proven.
 */
#pragma once

#include "lib/types.h"
#include "vm/vm.h"

#define BUS_MMIO	0xd0000000ul	/* device memory below 4 GiB, BUS_MMIO_SIZE bytes */
#define BUS_MMIO_HIGH	0x800000000ul	/* and above */
#define BUS_MMIO_SIZE	0x10000ul

/* A function: its registers and which bits of them a write changes. */
struct bus_function {
	uint16_t bdf;
	uint8_t config[4096], writable[4096];
};

struct bus_write {
	uint16_t bdf;
	uint32_t reg, size, value;
};

struct fake_bus {
	struct bus_function function[8];
	unsigned int nr;
	struct bus_write log[128];	/* configuration writes, in order */
	unsigned int nr_writes;
	uint8_t mmio[BUS_MMIO_SIZE], mmio_high[BUS_MMIO_SIZE];
	unsigned int nr_vectors;	/* taken */
	unsigned int max_vectors;	/* vector_get() fails beyond */
	bool no_unmap;			/* gpa_unmap() fails */
	unsigned int nr_hostmaps;	/* calls of hostmap_device() */
	unsigned int nr_unmapped, nr_mapped;	/* pages */
};

extern struct fake_bus fake_bus;

void bus_reset(void);
struct bus_function *bus_add(uint16_t bdf, uint32_t id);
/* Writes a register as the device's maker does; `writable` bits can be changed later. */
void bus_set(struct bus_function *f, uint32_t reg, uint32_t value, uint32_t writable);
uint32_t bus_get(const struct bus_function *f, uint32_t reg);
/* The device's memory as it is. */
uint32_t bus_mmio(uint64_t addr);

/* A function with MSI (64-bit, mask register) at 0x50 and MSI-X (nr entries in BAR 0 + offset) at 0x70; BAR 0 of 8 KiB is at `bar`. */
struct bus_function *bus_add_nic(uint16_t bdf, uint64_t bar, uint32_t nr, uint32_t offset);

/* The device sends a message: runs the handler of the vector when the message is a host's. */
void bus_fire(uint64_t addr, uint32_t data);
/* True when the guest's access to the page exits. */
bool bus_page_exits(uint64_t page);
