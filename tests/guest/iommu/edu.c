/* SPDX-License-Identifier: BSD-3-Clause */
/* Driver of QEMU's edu device: PCI 1234:11e8, BAR 0 of 1 MiB, a 4 KiB buffer with a DMA engine, MSI. */
#include "hw/pci.h"
#include "iommu.h"
#include "lib/clock.h"
#include "x86/insn.h"

#define EDU_ID		0x11e81234u
#define EDU_IRQ_RAISE	0x60u
#define EDU_IRQ_ACK	0x64u
#define EDU_DMA_FROM	0x80u
#define EDU_DMA_TO	0x88u
#define EDU_DMA_COUNT	0x90u
#define EDU_DMA_COMMAND	0x98u
#define EDU_DMA_START	1u
#define EDU_DMA_TO_RAM	2u
#define EDU_BUFFER	0x40000u
#define DMA_LIMIT_US	3000000u

#define PCI_COMMAND	0x04u
#define PCI_BAR0	0x10u
#define PCI_CAPS	0x34u
#define PCI_MEMORY_MASTER 6u
#define CAP_MSI		5u

static struct {
	uint16_t bdf;
	uint8_t *bar;
	uint32_t msi;		/* its capability */
} edu;

static void look(uint16_t bdf, void *arg)
{
	if (pci_read(bdf, 0, 4) == EDU_ID) {
		edu.bdf = bdf;
		*(bool *)arg = true;
	}
}

bool edu_find(void)
{
	bool found = false;
	uint32_t cap;

	pci_scan(look, &found);
	if (!found)
		return false;
	edu.bar = (uint8_t *)(uint64_t)(pci_read(edu.bdf, PCI_BAR0, 4) & ~0xfu);
	pci_write(edu.bdf, PCI_COMMAND, 2, pci_read(edu.bdf, PCI_COMMAND, 2) | PCI_MEMORY_MASTER);
	for (cap = pci_read(edu.bdf, PCI_CAPS, 1); cap && !edu.msi; cap = pci_read(edu.bdf, cap + 1, 1))
		if (pci_read(edu.bdf, cap, 1) == CAP_MSI)
			edu.msi = cap;
	return edu.bar && edu.msi;
}

uint16_t edu_bdf(void)
{
	return edu.bdf;
}

static bool transfer(uint64_t from, uint64_t to, uint32_t size, uint32_t direction)
{
	uint64_t end = rdtsc() + clock_from_us(DMA_LIMIT_US);

	mmio_write64(edu.bar + EDU_DMA_FROM, from);
	mmio_write64(edu.bar + EDU_DMA_TO, to);
	mmio_write64(edu.bar + EDU_DMA_COUNT, size);
	mmio_write64(edu.bar + EDU_DMA_COMMAND, EDU_DMA_START | direction);
	while (mmio_read64(edu.bar + EDU_DMA_COMMAND) & EDU_DMA_START) {
		if (rdtsc() > end)
			return false;
		cpu_pause();
	}
	return true;
}

bool edu_read(uint64_t addr, uint32_t size)
{
	return transfer(addr, EDU_BUFFER, size, 0);
}

bool edu_write(uint64_t addr, uint32_t size)
{
	return transfer(EDU_BUFFER, addr, size, EDU_DMA_TO_RAM);
}

void edu_msi(uint64_t addr, uint16_t data)
{
	pci_write(edu.bdf, edu.msi + 2, 2, 0);
	pci_write(edu.bdf, edu.msi + 4, 4, (uint32_t)addr);
	pci_write(edu.bdf, edu.msi + 8, 4, (uint32_t)(addr >> 32));
	pci_write(edu.bdf, edu.msi + 12, 2, data);
	pci_write(edu.bdf, edu.msi + 2, 2, 1);
}

void edu_raise(void)
{
	mmio_write32(edu.bar + EDU_IRQ_RAISE, 1);
	mmio_write32(edu.bar + EDU_IRQ_ACK, 1);
}
