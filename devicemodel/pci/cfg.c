/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration space of type 0: bytes, writable masks, and the address registers. */
#include "pci/cfg.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/vm.h"
#include "pci/msix.h"

#define BAR_MEM_MIN	4096u
#define BAR_IO_MIN	4u

#define BAR_REG(i)	(PCI_REG_BAR0 + 4 * (i))

void pci_cfg_set8(struct pci_dev *pdev, unsigned int reg, uint8_t value)
{
	pdev->cfg[reg] = value;
}

void pci_cfg_set16(struct pci_dev *pdev, unsigned int reg, uint16_t value)
{
	memcpy(&pdev->cfg[reg], &value, sizeof(value));
}

void pci_cfg_set32(struct pci_dev *pdev, unsigned int reg, uint32_t value)
{
	memcpy(&pdev->cfg[reg], &value, sizeof(value));
}

uint8_t pci_cfg_get8(const struct pci_dev *pdev, unsigned int reg)
{
	return pdev->cfg[reg];
}

uint16_t pci_cfg_get16(const struct pci_dev *pdev, unsigned int reg)
{
	uint16_t value;

	memcpy(&value, &pdev->cfg[reg], sizeof(value));
	return value;
}

uint32_t pci_cfg_get32(const struct pci_dev *pdev, unsigned int reg)
{
	uint32_t value;

	memcpy(&value, &pdev->cfg[reg], sizeof(value));
	return value;
}

void pci_cfg_allow32(struct pci_dev *pdev, unsigned int reg, uint32_t mask)
{
	uint32_t old;

	memcpy(&old, &pdev->writable[reg], sizeof(old));
	mask |= old;
	memcpy(&pdev->writable[reg], &mask, sizeof(mask));
}

uint64_t pci_bar_base(const struct pci_dev *pdev, unsigned int bar)
{
	return pdev->bar[bar].range.base;
}

static uint64_t bar_access_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pci_bar *bar = dev;
	struct pci_dev *pdev = bar->pdev;
	unsigned int index = bar - pdev->bar;

	if (pdev->msix.nr_vectors && index == pdev->msix.bar)
		return pci_msix_read(pdev, offset, size);
	return pdev->ops->bar_read ? pdev->ops->bar_read(pdev, index, offset, size) : UINT64_MAX;
}

static void bar_access_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pci_bar *bar = dev;
	struct pci_dev *pdev = bar->pdev;
	unsigned int index = bar - pdev->bar;

	if (pdev->msix.nr_vectors && index == pdev->msix.bar)
		pci_msix_write(pdev, offset, size, value);
	else if (pdev->ops->bar_write)
		pdev->ops->bar_write(pdev, index, offset, size, value);
}

static const struct bus_ops bar_bus_ops = { .read = bar_access_read, .write = bar_access_write };

static void write_bar_reg(struct pci_dev *pdev, unsigned int bar, uint64_t base)
{
	const struct pci_bar *b = &pdev->bar[bar];

	switch (b->type) {
	case PCI_BAR_IO:
		pci_cfg_set32(pdev, BAR_REG(bar), (uint32_t)base | 1);
		break;
	case PCI_BAR_MEM64:
		pci_cfg_set32(pdev, BAR_REG(bar), (uint32_t)base | 4);
		pci_cfg_set32(pdev, BAR_REG(bar + 1), base >> 32);
		break;
	default:
		pci_cfg_set32(pdev, BAR_REG(bar), base);
		break;
	}
}

int pci_bar_alloc(struct pci_dev *pdev, unsigned int bar, enum pci_bar_type type, uint64_t size)
{
	uint64_t min = type == PCI_BAR_IO ? BAR_IO_MIN : BAR_MEM_MIN;
	uint64_t max = type == PCI_BAR_IO ? 256 : type == PCI_BAR_MEM32 ? 1ULL << 29 : 1ULL << 36;
	unsigned int last = bar + (type == PCI_BAR_MEM64);
	struct pci_bar *b = &pdev->bar[bar];
	uint64_t rounded = min, base, mask;
	int err;

	if (type == PCI_BAR_NONE || last >= PCI_NR_BARS || b->type || pdev->bar[last].type ||
	    size == 0 || size > max || (bar > 0 && pdev->bar[bar - 1].type == PCI_BAR_MEM64))
		return -EINVAL;
	while (rounded < size)
		rounded <<= 1;
	err = pci_window_alloc(pdev->vm, type, rounded, &base);
	if (err) {
		log_error("%s: no room for a BAR of 0x%llx bytes", pdev->ops->name, (unsigned long long)rounded);
		return err;
	}
	mask = ~(rounded - 1);
	b->type = type;
	b->size = rounded;
	b->initial_base = base;
	b->pdev = pdev;
	b->range = (struct bus_range){
		.name = pdev->ops->name,
		.space = type == PCI_BAR_IO ? BUS_PIO : BUS_MMIO,
		.base = base,
		.size = rounded,
		.ops = &bar_bus_ops,
		.dev = b,
	};
	write_bar_reg(pdev, bar, base);
	pci_cfg_allow32(pdev, BAR_REG(bar), mask);
	if (type == PCI_BAR_MEM64)
		pci_cfg_allow32(pdev, BAR_REG(bar + 1), mask >> 32);
	return 0;
}

static void map_bar(struct pci_dev *pdev, unsigned int bar)
{
	struct pci_bar *b = &pdev->bar[bar];

	/* A place where something else sits already decodes to that; the guest has itself to blame. */
	if (bus_register(&pdev->vm->bus, &b->range))
		return;
	b->mapped = true;
	if (pdev->ops->bar_map)
		pdev->ops->bar_map(pdev, bar, true);
}

static void unmap_bar(struct pci_dev *pdev, unsigned int bar)
{
	struct pci_bar *b = &pdev->bar[bar];

	if (!b->mapped)
		return;
	if (pdev->ops->bar_map)
		pdev->ops->bar_map(pdev, bar, false);
	bus_unregister(&pdev->vm->bus, &b->range);
	b->mapped = false;
}

void pci_cfg_sync_bars(struct pci_dev *pdev)
{
	uint16_t command = pci_cfg_get16(pdev, PCI_REG_COMMAND);

	/* Two rounds, so that BARs which swap places do not meet. */
	for (int mapping = 0; mapping < 2; mapping++) {
		for (unsigned int i = 0; i < PCI_NR_BARS; i++) {
			struct pci_bar *b = &pdev->bar[i];
			uint64_t base;
			bool on;

			if (b->type == PCI_BAR_NONE)
				continue;
			base = pci_cfg_get32(pdev, BAR_REG(i)) & (b->type == PCI_BAR_IO ? ~3u : ~15u);
			if (b->type == PCI_BAR_MEM64)
				base |= (uint64_t)pci_cfg_get32(pdev, BAR_REG(i + 1)) << 32;
			on = command & (b->type == PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
			if (!mapping && b->mapped && (!on || base != b->range.base))
				unmap_bar(pdev, i);
			if (mapping && !b->mapped) {
				b->range.base = base;
				if (on && base)
					map_bar(pdev, i);
			}
		}
	}
}

void pci_cfg_unmap_bars(struct pci_dev *pdev)
{
	for (unsigned int i = 0; i < PCI_NR_BARS; i++)
		unmap_bar(pdev, i);
}

int pci_cap_add(struct pci_dev *pdev, uint8_t id, const void *body, unsigned int len)
{
	unsigned int at = (pdev->cap_end + 3u) & ~3u;

	if (len < 2 || at + len > PCI_CFG_SIZE)
		return -ENOSPC;
	pdev->cfg[at] = id;
	pdev->cfg[at + 1] = 0;
	if (len > 2)
		memcpy(&pdev->cfg[at + 2], body, len - 2);
	pdev->cfg[pdev->last_cap ? pdev->last_cap + 1 : PCI_REG_CAP_PTR] = at;
	pdev->last_cap = at;
	pdev->cap_end = at + len > 255 ? 255 : at + len;
	pci_cfg_set16(pdev, PCI_REG_STATUS, pci_cfg_get16(pdev, PCI_REG_STATUS) | PCI_STATUS_CAPS);
	return at;
}

uint32_t pci_cfg_read(struct pci_dev *pdev, unsigned int reg, unsigned int size)
{
	uint32_t value = 0;

	if (reg >= PCI_CFG_SIZE || size > PCI_CFG_SIZE - reg)
		return UINT32_MAX;
	if (pdev->ops->cfg_read)
		pdev->ops->cfg_read(pdev, reg, size);
	memcpy(&value, &pdev->cfg[reg], size);
	return value;
}

static bool touches(unsigned int reg, unsigned int size, unsigned int start, unsigned int len)
{
	return reg < start + len && start < reg + size;
}

void pci_cfg_write(struct pci_dev *pdev, unsigned int reg, unsigned int size, uint32_t value)
{
	if (reg >= PCI_CFG_SIZE || size > PCI_CFG_SIZE - reg)
		return;
	for (unsigned int i = 0; i < size; i++, value >>= 8) {
		uint8_t mask = pdev->writable[reg + i];

		pdev->cfg[reg + i] = (pdev->cfg[reg + i] & ~mask) | (value & mask);
	}
	if (touches(reg, size, PCI_REG_COMMAND, 2)) {
		pci_cfg_sync_bars(pdev);
		pci_intx_update(pdev);
	} else if (touches(reg, size, PCI_REG_BAR0, 4 * PCI_NR_BARS)) {
		pci_cfg_sync_bars(pdev);
	}
	if (pdev->msix.nr_vectors && touches(reg, size, pdev->msix.cap, 4))
		pci_msix_control(pdev);
	if (pdev->ops->cfg_write)
		pdev->ops->cfg_write(pdev, reg, size);
}
