/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/disk.h"

#include "lib/clock.h"
#include "x86/insn.h"

#define PCI_ADDRESS	0xcf8u
#define PCI_DATA	0xcfcu
#define IDE_BDF		(1u << 11 | 1u << 8)	/* 00:01.1 of the PIIX3 */
#define IDE_ID		0x70108086u
#define PCI_COMMAND	0x04u
#define PCI_BAR4	0x20u
#define COMMAND_IO_MASTER 5u

/* The first channel's task file (ATA-6, 7). */
#define ATA_COUNT	0x1f2u
#define ATA_LBA		0x1f3u
#define ATA_DRIVE	0x1f6u
#define ATA_COMMAND	0x1f7u
#define ATA_STATUS	0x1f7u
#define ATA_CONTROL	0x3f6u
#define ATA_BUSY	0x80u
#define ATA_ERROR	0x21u			/* DF, ERR */
#define ATA_READ_DMA	0xc8u
#define ATA_WRITE_DMA	0xcau
#define ATA_LBA_DRIVE0	0xe0u
#define ATA_NO_IRQ	2u

/* Bus-master registers (PIIX3 data sheet, 2.7). */
#define BM_COMMAND	0u
#define BM_STATUS	2u
#define BM_PRD		4u
#define BM_START	1u
#define BM_TO_MEMORY	8u
#define BM_ACTIVE	1u
#define BM_DONE_ERROR	6u
#define PRD_LAST	(1ul << 63)

#define SECTOR		512u
#define FIRST_SECTOR	64u
#define PATIENCE_US	200000u

static uint16_t bm;
static volatile uint64_t *descriptor;

static uint32_t pci_get(uint32_t reg)
{
	outl(PCI_ADDRESS, 1u << 31 | IDE_BDF | reg);
	return inl(PCI_DATA);
}

bool disk_init(void *prd)
{
	uint32_t bar;

	if (pci_get(0) != IDE_ID)
		return false;
	bar = pci_get(PCI_BAR4);
	bm = (uint16_t)(bar & 0xfff0);
	descriptor = prd;
	outl(PCI_ADDRESS, 1u << 31 | IDE_BDF | PCI_COMMAND);
	outl(PCI_DATA, (inl(PCI_DATA) & 0xffff) | COMMAND_IO_MASTER);
	return bm;
}

static bool wait_ready(void)
{
	uint64_t end = rdtsc() + clock_from_us(PATIENCE_US);

	while (inb(ATA_STATUS) & ATA_BUSY || inb((uint16_t)(bm + BM_STATUS)) & BM_ACTIVE)
		if (rdtsc() > end)
			return false;
	return !(inb(ATA_STATUS) & ATA_ERROR);
}

static bool transfer(uint64_t at, uint32_t size, bool to_memory)
{
	uint8_t direction = to_memory ? BM_TO_MEMORY : 0;
	bool ok;

	*descriptor = at | (uint64_t)(size & 0xffff) << 32 | PRD_LAST;
	outl((uint16_t)(bm + BM_PRD), (uint32_t)(uint64_t)descriptor);
	outb((uint16_t)(bm + BM_COMMAND), direction);
	outb((uint16_t)(bm + BM_STATUS), BM_DONE_ERROR);
	outb(ATA_CONTROL, ATA_NO_IRQ);
	outb(ATA_DRIVE, ATA_LBA_DRIVE0);
	outb(ATA_COUNT, (uint8_t)(size / SECTOR));
	outb(ATA_LBA, FIRST_SECTOR);
	outb(ATA_LBA + 1, 0);
	outb(ATA_LBA + 2, 0);
	outb(ATA_COMMAND, to_memory ? ATA_READ_DMA : ATA_WRITE_DMA);
	outb((uint16_t)(bm + BM_COMMAND), direction | BM_START);
	ok = wait_ready();
	outb((uint16_t)(bm + BM_COMMAND), direction);
	return ok;
}

bool disk_copy(uint64_t to, uint64_t from, uint32_t size)
{
	return transfer(from, size, false) && transfer(to, size, true);
}
