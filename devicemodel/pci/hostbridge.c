/* SPDX-License-Identifier: BSD-3-Clause */
/* The host bridge at 0:0: identity only. */
#include "pci/hostbridge.h"

static void identify(struct pci_dev *pdev, uint16_t vendor, uint16_t device)
{
	pci_cfg_set16(pdev, PCI_REG_VENDOR, vendor);
	pci_cfg_set16(pdev, PCI_REG_DEVICE, device);
	pci_cfg_set8(pdev, PCI_REG_CLASS, 0x06);
	pci_cfg_set8(pdev, PCI_REG_SUBCLASS, 0x00);
}

static int hostbridge_init(struct vm *vm, struct pci_dev *pdev, const char *opts)
{
	(void)vm, (void)opts;
	identify(pdev, 0x8086, 0x1237);		/* 440FX */
	pci_cfg_set8(pdev, PCI_REG_REVISION, 2);
	return 0;
}

static int amd_hostbridge_init(struct vm *vm, struct pci_dev *pdev, const char *opts)
{
	(void)vm, (void)opts;
	identify(pdev, 0x1022, 0x7432);
	return 0;
}

const struct pci_dev_ops hostbridge_ops = { .name = "hostbridge", .init = hostbridge_init };
const struct pci_dev_ops amd_hostbridge_ops = { .name = "amd_hostbridge", .init = amd_hostbridge_init };
