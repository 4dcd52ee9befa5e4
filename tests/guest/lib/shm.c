/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/shm.h"

#include "lib/cpu.h"
#include "lib/paging.h"
#include "lib/util.h"
#include "x86/insn.h"

#define PCI_ADDRESS	0xcf8u
#define PCI_DATA	0xcfcu
#define ID		0x11101af4u
#define WINDOW_FIRST	256u	/* pages of the paging window */
/* Where nobody has set the BARs: holes of the machine that system tests run on. */
#define OWN_MMIO	0xd0000000u
#define OWN_MEMORY	0x800000000ul
#define OWN_PORTS	0xc000u

uint32_t pci_cfg_read(uint32_t bdf, uint32_t reg)
{
	outl(PCI_ADDRESS, 1u << 31 | bdf << 8 | reg);
	return inl(PCI_DATA);
}

void pci_cfg_write(uint32_t bdf, uint32_t reg, uint32_t value)
{
	outl(PCI_ADDRESS, 1u << 31 | bdf << 8 | reg);
	outl(PCI_DATA, value);
}

static bool find(unsigned int n, uint32_t *bdf)
{
	for (*bdf = 0; *bdf < 0x100; *bdf += 8)
		if (pci_cfg_read(*bdf, 0) == ID && !n--)
			return true;
	return false;
}

uint64_t shm_bar2(const struct shm *s)
{
	return (uint64_t)pci_cfg_read(s->bdf, SHM_BAR(3)) << 32 | (pci_cfg_read(s->bdf, SHM_BAR(2)) & ~0xfu);
}

static void set_bar2(const struct shm *s, uint64_t v)
{
	pci_cfg_write(s->bdf, SHM_BAR(2), (uint32_t)v);
	pci_cfg_write(s->bdf, SHM_BAR(3), (uint32_t)(v >> 32));
}

static void size_bar2(struct shm *s)
{
	s->base = shm_bar2(s);
	set_bar2(s, ~0ul);
	s->size = -shm_bar2(s);
	if (!s->base)
		s->base = OWN_MEMORY + ((uint64_t)s->number << 30);
	set_bar2(s, s->base);
}

static uint32_t bar(const struct shm *s, unsigned int n, uint32_t otherwise)
{
	if (!(pci_cfg_read(s->bdf, SHM_BAR(n)) & ~1u))
		pci_cfg_write(s->bdf, SHM_BAR(n), otherwise);
	return pci_cfg_read(s->bdf, SHM_BAR(n)) & ~1u;
}

void shm_map(struct shm *s)
{
	unsigned int i, first = WINDOW_FIRST + s->number * SHM_PAGES;

	s->base = shm_bar2(s);
	for (i = 0; i < SHM_PAGES; i++)
		paging_set(first + i, (s->base + i * PAGE_SIZE) | PTE_P | PTE_W);
	s->memory = (volatile uint8_t *)PAGING_WINDOW + first * PAGE_SIZE;
}

bool shm_open(unsigned int n, struct shm *s)
{
	s->number = n;
	if (!find(n, &s->bdf))
		return false;
	pci_cfg_write(s->bdf, SHM_COMMAND, 0);
	size_bar2(s);
	s->regs = bar(s, 0, OWN_MMIO + 2 * n * (uint32_t)PAGE_SIZE);
	s->table = bar(s, 1, s->regs + (uint32_t)PAGE_SIZE);
	s->ports = (uint16_t)bar(s, 4, OWN_PORTS + 16 * n);
	pci_cfg_write(s->bdf, SHM_COMMAND, SHM_DECODE);
	shm_map(s);
	return true;
}

uint32_t shm_read(const struct shm *s, uint32_t reg)
{
	return mmio_read32((void *)(uint64_t)(s->regs + reg));
}

void shm_write(const struct shm *s, uint32_t reg, uint32_t value)
{
	mmio_write32((void *)(uint64_t)(s->regs + reg), value);
}

void shm_ring_port(const struct shm *s, uint32_t peer, uint32_t vector)
{
	outl((uint16_t)(s->ports + SHM_DOORBELL), peer << 16 | vector);
}

static void entry_write(const struct shm *s, unsigned int i, uint32_t field, uint32_t value)
{
	mmio_write32((void *)(uint64_t)(s->table + 16 * i + field), value);
}

void shm_mask(const struct shm *s, unsigned int i, bool masked)
{
	entry_write(s, i, 12, masked);
}

void shm_take(const struct shm *s, unsigned int i, uint8_t vector)
{
	shm_mask(s, i, true);
	entry_write(s, i, 0, 0xfee00000u | this_cpu()->apic_id << 12);
	entry_write(s, i, 4, 0);
	entry_write(s, i, 8, vector);
	shm_mask(s, i, false);
	pci_cfg_write(s->bdf, SHM_CAP, SHM_ENABLE);
}

uint32_t shm_pending(const struct shm *s)
{
	return mmio_read32((void *)(uint64_t)(s->table + SHM_PBA));
}
