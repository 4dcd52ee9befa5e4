/* SPDX-License-Identifier: BSD-3-Clause */
/* MSI-X (PCI 3.0, 6.8.2): table and pending bits in a BAR of their own. For pci/ only. */
#pragma once

#include <stdint.h>

#include "pci/pci.h"

/* Guest accesses to the BAR that holds table and pending bits. Device lock held. */
uint64_t pci_msix_read(struct pci_dev *pdev, uint64_t offset, unsigned int size);
void pci_msix_write(struct pci_dev *pdev, uint64_t offset, unsigned int size, uint64_t value);

/* The control word in config space was written: take it over, send what was pending. */
void pci_msix_control(struct pci_dev *pdev);

/* All vectors masked, nothing pending, off. */
void pci_msix_reset(struct pci_dev *pdev);

/* Free the table. */
void pci_msix_fini(struct pci_dev *pdev);
