/* SPDX-License-Identifier: BSD-3-Clause */
/* All that a scenario file says: the hypervisor's module, and what boot loader and device model are to do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "public/scenario.h"

#define SETUP_PATH_SIZE		128u
#define SETUP_MAX_DEVICES	8u		/* disks, and network cards, of a VM */
#define SETUP_MAX_SERIALS	4u

struct setup_disk {
	char path[SETUP_PATH_SIZE];
	bool read_only;
	uint8_t slot;			/* of a device: PCI device number on bus 0; 0: not yet given */
};

struct setup_network {
	char tap[16], mac[18];
	uint8_t slot;
};

struct setup_ivshmem {
	uint8_t region;			/* index into the scenario's regions */
	uint8_t slot;
};

/* How acrn-dm runs a post-launched VM. */
struct setup_launch {
	bool present;
	uint64_t vcpu_affinity;
	char kernel_file[SETUP_PATH_SIZE], ramdisk_file[SETUP_PATH_SIZE], kernel_args[SCENARIO_BOOTARGS_SIZE];
	char serial[SETUP_MAX_SERIALS][SETUP_PATH_SIZE];	/* backend of com1.., "" not there */
	struct setup_disk disk[SETUP_MAX_DEVICES];
	struct setup_network network[SETUP_MAX_DEVICES];
	struct setup_ivshmem ivshmem[SCENARIO_MAX_IVSHMEM];
	unsigned int nr_disks, nr_networks, nr_ivshmem;
	char console[SETUP_PATH_SIZE];				/* backend, "" not there */
	uint8_t console_slot, random_slot;
	bool has_random;
};

struct setup_vm {
	struct setup_launch launch;
	char kernel[SETUP_PATH_SIZE], ramdisk[SETUP_PATH_SIZE], acpi[SETUP_PATH_SIZE];	/* files of the boot modules */
};

struct setup {
	struct scenario *s;
	char hypervisor[SETUP_PATH_SIZE], options[SCENARIO_BOOTARGS_SIZE];
	struct setup_vm vm[SCENARIO_MAX_VMS];
};

void setup_free(struct setup *setup);
