/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the Service VM's devices reach by DMA: its RAM, at the addresses its
 * drivers know, and what the firmware says a device goes on using. Not device
 * memory, so neither other devices nor the interrupt controllers.
 */
#include "hw/acpi.h"
#include "hw/pci.h"
#include "hw/vtd.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/parts.h"
#include "mm/e820.h"
#include "mm/frame.h"
#include "vm/vm.h"

static int map_ram(struct vtd_domain *d)
{
	int err = 0;

	for (uint32_t i = 0; i < host_e820.nr && !err; i++) {
		const struct e820_entry *e = &host_e820.entry[i];
		uint64_t start = ALIGN_UP(e->base, PAGE_SIZE), end = ALIGN_DOWN(e->base + e->size, PAGE_SIZE);

		if (e->type == E820_RAM && end > start)
			err = vtd_map(d, start, hpa(start), end - start, PG_R | PG_W);
	}
	return err;
}

/* True when the firmware calls any of it RAM: it may be ours or another VM's by now. */
static bool touches_ram(uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < e820_firmware.nr; i++) {
		const struct e820_entry *e = &e820_firmware.entry[i];

		if (e->type == E820_RAM && ranges_overlap(base, size, e->base, e->size))
			return true;
	}
	return false;
}

static int map_reserved(struct vtd_domain *d)
{
	int err = 0;

	for (uint32_t i = 0; i < acpi.dmar.nr_rmrrs && !err; i++) {
		uint64_t base = acpi.dmar.rmrr[i].base, size = acpi.dmar.rmrr[i].size;

		if (touches_ram(base, size))
			log_warn("iommu: the firmware reserves 0x%lx, %lu KiB for a device, but calls it RAM: not mapped", base,
				 size >> 10);
		else
			err = vtd_map(d, base, hpa(base), size, PG_R | PG_W);
	}
	return err;
}

struct attach {
	struct vtd_domain *domain;
	int err;
};

static void attach(uint16_t bdf, void *arg)
{
	struct attach *a = arg;

	if (!a->err)
		a->err = vtd_attach(a->domain, bdf);
}

/* Every function there is: none can be given to another VM yet. */
static int fill(struct vtd_domain *d)
{
	struct attach a = { .domain = d };
	int err = map_ram(d);

	if (!err)
		err = map_reserved(d);
	if (err)
		return err;
	pci_scan(attach, &a);
	return a.err;
}

static int create(struct vm *vm)
{
	struct vtd_domain *d = frame_get(1);
	int err;

	if (!d)
		return ERR(-ENOMEM);
	err = vtd_domain_create(d);
	if (err)
		goto undo_frame;
	err = fill(d);
	if (err)
		goto undo_domain;
	vm->dma = d;
	return 0;
undo_domain:
	vtd_domain_destroy(d);
undo_frame:
	frame_put(d, 1);
	return err;
}

/* See the header. */
int dma_create(struct vm *vm, const struct machine_request *req __unused)
{
	int err = vtd_ready() ? create(vm) : 0;

	if (err)
		log_err("iommu: no tables for the memory of vm %s (error %d)", vm->name, err);
	return 0;
}

/* See the header. */
void dma_destroy(struct vm *vm)
{
	if (!vm->dma)
		return;
	vtd_domain_destroy(vm->dma);
	frame_put(vm->dma, 1);
	vm->dma = NULL;
}
