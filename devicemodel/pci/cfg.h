/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration cycles of one device, for pci/bus.c. Device lock held throughout. */
#pragma once

#include <stdint.h>

#include "pci/pci.h"

/* Guest reads and writes; @size 1, 2 or 4. Past the 256 bytes: ones, nothing. */
uint32_t pci_cfg_read(struct pci_dev *pdev, unsigned int reg, unsigned int size);
void pci_cfg_write(struct pci_dev *pdev, unsigned int reg, unsigned int size, uint32_t value);

/* Make the bus agree with the BAR and command registers; take all BARs off the bus. */
void pci_cfg_sync_bars(struct pci_dev *pdev);
void pci_cfg_unmap_bars(struct pci_dev *pdev);

/* Carve @size bytes, naturally aligned, from the window for @type (pci/bus.c). -ENOSPC. */
int pci_window_alloc(struct vm *vm, enum pci_bar_type type, uint64_t size, uint64_t *base);

/* Drive the INTx line as the device's level and the disable bit say (pci/bus.c). */
void pci_intx_update(struct pci_dev *pdev);
