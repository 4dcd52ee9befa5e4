/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The PCI transport of virtio 1.2 (4.1), modern devices only: ids 0x1AF4:0x1040 + type, registers in a memory BAR, MSI-X.
 * These are the lines for devices.c, one for each device type.
 */
#pragma once

#include "pci/pci.h"

extern const struct pci_dev_ops virtio_pci_blk;		/* "virtio-blk" */
extern const struct pci_dev_ops virtio_pci_net;		/* "virtio-net" */
extern const struct pci_dev_ops virtio_pci_console;	/* "virtio-console" */
extern const struct pci_dev_ops virtio_pci_rnd;		/* "virtio-rnd" */
