/* SPDX-License-Identifier: BSD-3-Clause */
/* Stand-ins for the virtio devices, so that the device table links: a PCI function with one BAR each. */
#include <errno.h>
#include <string.h>

#include "pci/pci.h"
#include "virtio/pci_modern.h"

static int init(struct vm *vm, struct pci_dev *pdev, const char *opts)
{
	(void)vm;
	if (strcmp(opts, "missing.img") == 0)
		return -ENOENT;
	pci_cfg_set16(pdev, PCI_REG_VENDOR, 0x1AF4);
	pci_cfg_set16(pdev, PCI_REG_DEVICE, 0x1042);
	return pci_msix_init(pdev, 1, 2);
}

const struct pci_dev_ops virtio_pci_blk = { .name = "virtio-blk", .init = init };
const struct pci_dev_ops virtio_pci_net = { .name = "virtio-net", .init = init };
const struct pci_dev_ops virtio_pci_console = { .name = "virtio-console", .init = init };
const struct pci_dev_ops virtio_pci_rnd = { .name = "virtio-rnd", .init = init };
