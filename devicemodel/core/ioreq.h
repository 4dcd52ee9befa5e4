/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop that answers the guest's port, memory and PCI configuration accesses. */
#pragma once

#include <stdint.h>

struct vm;

/* Configuration cycles are answered above this layer, by pci/bus.c. Device lock held. */
struct ioreq_pci_ops {
	uint32_t (*read)(struct vm *vm, uint64_t address, unsigned int size);
	void (*write)(struct vm *vm, uint64_t address, unsigned int size, uint32_t value);
};

/* bus << 20 | device << 15 | function << 12 | register: the address of a cycle, as in an ECAM window. */
#define IOREQ_PCI_ADDRESS(bus, dev, func, reg) 	((uint64_t)(bus) << 20 | (dev) << 15 | (func) << 12 | (reg))

/* Allocate the page shared with HSM and hypervisor (before vm_create()), free it (after vm_destroy()). */
int ioreq_page_alloc(struct vm *vm);
void ioreq_page_free(struct vm *vm);

/* Become the VM's default IOREQ client; 0 or -errno with a message. */
int ioreq_open(struct vm *vm);
void ioreq_close(struct vm *vm);

/*
 * Answer requests in the calling thread until a stop is requested (vm_stop_reason() says why).
 * 0, or -errno with a message when the HSM fails.
 */
int ioreq_loop(struct vm *vm);

/*
 * Answer the requests of all slots in @ready that are ours; returns those answered as a bit mask.
 * For ioreq_loop() and tests.
 */
uint32_t ioreq_serve(struct vm *vm, uint32_t ready);
