/* SPDX-License-Identifier: BSD-3-Clause */
/* A part of a VM: machine.c builds them in order and unwinds them backwards. */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

struct vm;
struct machine_request;

/* Kinds of VM that have the part. */
#define FOR_PRE		(1u << 0)
#define FOR_SERVICE	(1u << 1)
#define FOR_POST	(1u << 2)
#define FOR_ALL		(FOR_PRE | FOR_SERVICE | FOR_POST)

struct machine_part {
	const char *name;
	uint32_t kinds;
	int (*create)(struct vm *vm, const struct machine_request *req);
	void (*destroy)(struct vm *vm);
	void (*reset)(struct vm *vm);		/* NULL: nothing to do at reset */
};

/* machine/memory.c: guest-physical layout of each kind. */
int memory_create(struct vm *vm, const struct machine_request *req) __must_check;
void memory_destroy(struct vm *vm);

/* machine/dma.c: what the Service VM's devices reach. vm->dma stays NULL without an IOMMU, or when that fails. Returns 0. */
int dma_create(struct vm *vm, const struct machine_request *req) __must_check;
void dma_destroy(struct vm *vm);

/* machine/devices.c: interrupt controllers, UARTs, clock, power, PCI. */
extern const struct machine_part machine_devices[];
extern const unsigned int machine_nr_devices;

/* What other VMs interrupt this one by, doorbells and serial lines: only while it has vCPUs. Afterwards nobody does, nor is about to. */
void machine_link(struct vm *vm);
void machine_unlink(struct vm *vm);

/* Where a VM's ISA interrupt line 0..15 enters the vIOAPIC (identity but for what the machine's MADT overrides). */
uint32_t machine_gsi_of_irq(const struct vm *vm, uint32_t irq);
