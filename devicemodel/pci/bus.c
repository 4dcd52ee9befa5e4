/* SPDX-License-Identifier: BSD-3-Clause */
/* Bus 0 and its windows. Only bus 0 exists; every other bus is empty. */
#include "pci/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ioreq.h"
#include "core/irq.h"
#include "core/layout.h"
#include "core/log.h"
#include "core/vm.h"
#include "pci/cfg.h"
#include "pci/msix.h"

struct window {
	uint64_t next, end;
};

struct pci_bus {
	struct pci_dev *dev[PCI_NR_SLOTS][PCI_NR_FUNCS];
	struct pci_dev *order[PCI_NR_SLOTS * PCI_NR_FUNCS];
	unsigned int nr_devs;
	struct window io, mem32, mem64;
	struct bus_range ecam;
};

int pci_window_alloc(struct vm *vm, enum pci_bar_type type, uint64_t size, uint64_t *base)
{
	struct pci_bus *bus = vm->pci;
	struct window *w = type == PCI_BAR_IO ? &bus->io : type == PCI_BAR_MEM32 ? &bus->mem32 : &bus->mem64;
	uint64_t at = (w->next + size - 1) & ~(size - 1);

	if (at > w->end || size > w->end - at)
		return -ENOSPC;
	w->next = at + size;
	*base = at;
	return 0;
}

struct pci_dev *pci_bus_get(struct vm *vm, unsigned int slot, unsigned int func)
{
	return slot < PCI_NR_SLOTS && func < PCI_NR_FUNCS ? vm->pci->dev[slot][func] : NULL;
}

uint32_t pci_bus_cfg_read(struct vm *vm, const struct pci_address *at, unsigned int size)
{
	struct pci_dev *pdev = at->bus == 0 ? pci_bus_get(vm, at->slot, at->func) : NULL;

	return pdev ? pci_cfg_read(pdev, at->reg, size) : UINT32_MAX;
}

void pci_bus_cfg_write(struct vm *vm, const struct pci_address *at, unsigned int size, uint32_t value)
{
	struct pci_dev *pdev = at->bus == 0 ? pci_bus_get(vm, at->slot, at->func) : NULL;

	if (pdev)
		pci_cfg_write(pdev, at->reg, size, value);
}

/* Take an ECAM-style address apart (core/ioreq.h). */
static struct pci_address split(uint64_t address)
{
	return (struct pci_address){
		.bus = address >> 20 & 0xFF,
		.slot = address >> 15 & 0x1F,
		.func = address >> 12 & 7,
		.reg = address & 0xFFF,
	};
}

static uint32_t cycle_read(struct vm *vm, uint64_t address, unsigned int size)
{
	struct pci_address at = split(address);

	return pci_bus_cfg_read(vm, &at, size);
}

static void cycle_write(struct vm *vm, uint64_t address, unsigned int size, uint32_t value)
{
	struct pci_address at = split(address);

	pci_bus_cfg_write(vm, &at, size, value);
}

static const struct ioreq_pci_ops cycle_ops = { .read = cycle_read, .write = cycle_write };

/* Configuration space has no 8-byte accesses. */
static uint64_t ecam_read(void *dev, uint64_t offset, unsigned int size)
{
	return size > 4 ? UINT64_MAX : cycle_read(dev, offset, size);
}

static void ecam_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	if (size <= 4)
		cycle_write(dev, offset, size, value);
}

static const struct bus_ops ecam_ops = { .read = ecam_read, .write = ecam_write };

int pci_bus_open(struct vm *vm)
{
	struct pci_bus *bus = calloc(1, sizeof(*bus));
	int err;

	if (!bus)
		return -ENOMEM;
	bus->io = (struct window){ LAYOUT_PCIIO_BASE, LAYOUT_PCIIO_END };
	bus->mem32 = (struct window){ LAYOUT_PCI32_BASE, LAYOUT_PCI32_END };
	bus->mem64 = (struct window){ LAYOUT_PCI64_BASE, LAYOUT_PCI64_END };
	bus->ecam = (struct bus_range){
		.name = "ECAM",
		.space = BUS_MMIO,
		.base = LAYOUT_ECAM_BASE,
		.size = LAYOUT_ECAM_SIZE,
		.ops = &ecam_ops,
		.dev = vm,
	};
	err = bus_register(&vm->bus, &bus->ecam);
	if (err) {
		free(bus);
		return err;
	}
	vm->pci = bus;
	vm->pci_ops = &cycle_ops;
	return 0;
}

static void free_dev(struct pci_dev *pdev)
{
	pci_msix_fini(pdev);
	pthread_mutex_destroy(&pdev->msix.lock);
	free(pdev);
}

void pci_bus_close(struct vm *vm)
{
	struct pci_bus *bus = vm->pci;

	if (!bus)
		return;
	while (bus->nr_devs) {
		struct pci_dev *pdev = bus->order[--bus->nr_devs];

		pci_cfg_unmap_bars(pdev);
		if (pdev->ops->fini)
			pdev->ops->fini(pdev);
		bus->dev[pdev->slot][pdev->func] = NULL;
		free_dev(pdev);
	}
	bus_unregister(&vm->bus, &bus->ecam);
	free(bus);
	vm->pci = NULL;
	vm->pci_ops = NULL;
}

/* What every device starts with: type 0 header, memory and ports decoded, as firmware leaves it. */
static void init_header(struct pci_dev *pdev)
{
	pci_cfg_set16(pdev, PCI_REG_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	pci_cfg_allow32(pdev, PCI_REG_COMMAND,
			PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF);
	pci_cfg_allow32(pdev, 0x0C, 0xFF);	/* cache line size */
	pdev->cap_end = 0x40;
}

/* Function 0 of a slot with more functions says so in its header type. */
static void mark_multifunction(struct pci_bus *bus, unsigned int slot)
{
	bool multi = false;

	for (unsigned int func = 1; func < PCI_NR_FUNCS; func++)
		multi = multi || bus->dev[slot][func];
	if (multi && bus->dev[slot][0]) {
		bus->dev[slot][0]->cfg[PCI_REG_HEADER] |= PCI_HEADER_MULTI;
		bus->dev[slot][0]->initial[PCI_REG_HEADER] |= PCI_HEADER_MULTI;
	}
}

int pci_bus_add(struct vm *vm, const struct pci_dev_ops *ops, uint8_t slot, uint8_t func, const char *opts)
{
	struct pci_bus *bus = vm->pci;
	struct pci_dev *pdev;
	int err;

	if (slot >= PCI_NR_SLOTS || func >= PCI_NR_FUNCS)
		return -EINVAL;
	if (bus->dev[slot][func]) {
		log_error("PCI slot %u:%u is used twice, by %s and %s", slot, func,
			  bus->dev[slot][func]->ops->name, ops->name);
		return -EEXIST;
	}
	pdev = calloc(1, sizeof(*pdev));
	if (!pdev)
		return -ENOMEM;
	pdev->vm = vm;
	pdev->ops = ops;
	pdev->slot = slot;
	pdev->func = func;
	pthread_mutex_init(&pdev->msix.lock, NULL);
	init_header(pdev);
	err = ops->init(vm, pdev, opts);
	if (err) {
		free_dev(pdev);
		return err;
	}
	memcpy(pdev->initial, pdev->cfg, sizeof(pdev->initial));
	bus->dev[slot][func] = pdev;
	bus->order[bus->nr_devs++] = pdev;
	mark_multifunction(bus, slot);
	pci_cfg_sync_bars(pdev);
	return 0;
}

void pci_bus_reset(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->pci->nr_devs; i++) {
		struct pci_dev *pdev = vm->pci->order[i];

		pci_intx_set(pdev, false);
		pci_msix_reset(pdev);
		memcpy(pdev->cfg, pdev->initial, sizeof(pdev->cfg));
		pci_cfg_sync_bars(pdev);
		if (pdev->ops->reset)
			pdev->ops->reset(pdev);
	}
}

unsigned int pci_intx_gsi(unsigned int slot)
{
	return LAYOUT_GSI_PCI_FIRST + slot % LAYOUT_GSI_PCI_COUNT;
}

void pci_intx_init(struct pci_dev *pdev)
{
	pci_cfg_set8(pdev, PCI_REG_INTR_PIN, 1);
	pci_cfg_set8(pdev, PCI_REG_INTR_LINE, pci_intx_gsi(pdev->slot));
	pci_cfg_allow32(pdev, PCI_REG_INTR_LINE, 0xFF);
}

void pci_intx_update(struct pci_dev *pdev)
{
	bool want = pdev->intx_level && !pci_msix_enabled(pdev) &&
		    !(pci_cfg_get16(pdev, PCI_REG_COMMAND) & PCI_COMMAND_INTX_OFF);

	if (want == pdev->intx_driven)
		return;
	pdev->intx_driven = want;
	irq_line_set(pdev->vm, pci_intx_gsi(pdev->slot), want);
}

void pci_intx_set(struct pci_dev *pdev, bool level)
{
	uint16_t status = pci_cfg_get16(pdev, PCI_REG_STATUS);

	pdev->intx_level = level;
	pci_cfg_set16(pdev, PCI_REG_STATUS, level ? status | PCI_STATUS_INTX : status & ~PCI_STATUS_INTX);
	pci_intx_update(pdev);
}
