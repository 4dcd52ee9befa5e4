/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ISA bridge: a PCI function that tells the guest there is an ISA bus. The devices behind it
 * (UARTs, RTC, PIT ...) decode fixed ports and live in platform/.
 */
#include "pci/lpc.h"

static int lpc_init(struct vm *vm, struct pci_dev *pdev, const char *opts)
{
	(void)vm, (void)opts;
	pci_cfg_set16(pdev, PCI_REG_VENDOR, 0x8086);
	pci_cfg_set16(pdev, PCI_REG_DEVICE, 0x7000);	/* PIIX3 */
	pci_cfg_set8(pdev, PCI_REG_CLASS, 0x06);
	pci_cfg_set8(pdev, PCI_REG_SUBCLASS, 0x01);
	return 0;
}

const struct pci_dev_ops lpc_ops = { .name = "lpc", .init = lpc_init };
