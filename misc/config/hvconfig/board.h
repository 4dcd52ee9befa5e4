/* SPDX-License-Identifier: BSD-3-Clause */
/* What board_inspector wrote about a board. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "report.h"
#include "setup.h"

#define BOARD_MAX_THREADS	256u
#define BOARD_MAX_RAM		512u
#define BOARD_MAX_PCI		1024u

struct board_thread {
	uint32_t apic_id;
	bool has_apic_id;
};

struct board_ram {
	uint64_t start, size;
};

struct board_function {
	uint16_t bdf;
	int group;		/* IOMMU group, -1: none */
	bool is_bridge, can_reset;
};

struct board {
	char name[32];
	struct board_thread thread[BOARD_MAX_THREADS];	/* in the order of CPU numbers: pCPU n is thread[n] */
	struct board_ram ram[BOARD_MAX_RAM];
	struct board_function pci[BOARD_MAX_PCI];	/* segment 0 */
	unsigned int nr_threads, nr_ram, nr_pci;
	bool has_vmx, has_x2apic, has_iommu;
};

/* The board (free()); NULL with every error reported, errno set when it cannot be read. */
struct board *board_load(struct report *r);

/*
 * Sets the VM's memory_hpa to the highest place that is free: boot loaders put modules low. The same each time, if VMs are placed in order.
 * False: no room.
 */
bool board_place_memory(const struct board *b, struct scenario *s, unsigned int vm_id);

/* Bytes of RAM. */
uint64_t board_ram_size(const struct board *b);
bool board_is_ram(uint64_t hpa, uint64_t size, void *board);
