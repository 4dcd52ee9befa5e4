/* SPDX-License-Identifier: BSD-3-Clause */
/* Bus 0: which device sits where, configuration cycles, and the address windows. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pci/pci.h"

struct pci_bus;

/* Make an empty bus for @vm (vm->pci) and its ECAM window. -errno. */
int pci_bus_open(struct vm *vm);

/* Tear down every device (last made first), then the bus. NULL bus is allowed. */
void pci_bus_close(struct vm *vm);

/* Put a device of kind @ops at slot:func. -EEXIST when taken, else the device's own error. */
int pci_bus_add(struct vm *vm, const struct pci_dev_ops *ops, uint8_t slot, uint8_t func, const char *opts);

/* Reset every device. Device lock held. */
void pci_bus_reset(struct vm *vm);

/* The device at slot:func, or NULL. */
struct pci_dev *pci_bus_get(struct vm *vm, unsigned int slot, unsigned int func);

/* The interrupt line that INTA# of slot @slot is wired to; the ACPI tables say the same. */
unsigned int pci_intx_gsi(unsigned int slot);

/* One configuration cycle. Absent devices and odd accesses read as ones. Device lock held. */
struct pci_address {
	unsigned int bus, slot, func, reg;
};
uint32_t pci_bus_cfg_read(struct vm *vm, const struct pci_address *at, unsigned int size);
void pci_bus_cfg_write(struct vm *vm, const struct pci_address *at, unsigned int size, uint32_t value);
