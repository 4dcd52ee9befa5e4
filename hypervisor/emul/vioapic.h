/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtual I/O APIC (82093AA with 24 pins, or as many pins and at the address
 * of each physical one for the Service VM). Locked; any CPU.
 *
 * A line's level says whether its device asserts it. The polarity bit of an
 * entry is kept for the guest to read and for assign/intx.c, but it does not
 * invert: a virtual wire that nobody drives must not look asserted.
 * Edges on a masked pin are lost, as in the 82093AA.
 */
#pragma once

#include "lib/types.h"

struct vm;

struct vioapic_layout {
	uint64_t base;		/* guest physical, 4 KiB page */
	uint32_t gsi_base;
	uint32_t nr_pins;	/* 1..120 */
	uint32_t id;
};

/*
 * Told when a pin's redirection entry changed (masked, trigger, vector, dest) and
 * when the guest ended a level interrupt of it: assign/intx.c moves physical
 * I/O APIC pins along. Called with the device's lock dropped, vCPU thread.
 */
struct vioapic_ops {
	void (*rte_changed)(struct vm *vm, uint32_t gsi, uint64_t rte);
	void (*eoi)(struct vm *vm, uint32_t gsi);
};

#define VIOAPIC_MAX_UNITS	8u
#define VIOAPIC_MAX_PINS	120u

/*
 * Builds `nr` of them, registers their MMIO and the vm->hooks.eoi hook. `ops` may be NULL. Before the VM runs.
 * 0, -ENOMEM, -EEXIST (something else is at its address), -EINVAL (layout: none, too many, no or too many pins).
 */
int vioapic_create(struct vm *vm, const struct vioapic_layout *layout, uint32_t nr,
		   const struct vioapic_ops *ops) __must_check;
void vioapic_destroy(struct vm *vm);
/* All entries masked; lines stay as their devices drive them. No vCPU runs, or a vCPU thread. */
void vioapic_reset(struct vm *vm);

/* Level of an input. -EINVAL: no such GSI. Any CPU. */
int vioapic_set_line(struct vm *vm, uint32_t gsi, bool level);
/* EOI broadcast of a level-triggered vector. vCPU thread. */
void vioapic_eoi(struct vm *vm, uint8_t vector);
/* One more than the highest GSI. */
uint32_t vioapic_nr_gsi(const struct vm *vm);
/* One redirection entry, for the shell; false: no such GSI. */
bool vioapic_rte(const struct vm *vm, uint32_t gsi, uint64_t *rte);
