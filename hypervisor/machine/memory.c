/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What guest-physical addresses a VM starts with (doc/memory-map.md):
 * pre-launched: its RAM from 0; Service VM: the machine one to one, less what
 * is ours or another VM's; post-launched: nothing until its creator adds it.
 */
#include "hw/acpi.h"
#include "hw/vtd.h"
#include "irq/ioapic.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/machine.h"
#include "machine/parts.h"
#include "mm/e820.h"
#include "mm/frame.h"
#include "vm/gpa.h"
#include "vm/vm.h"
#include "x86/apicreg.h"

#define RWX		(PG_R | PG_W | PG_X)
#define LIMIT_4G	(1ul << 32)
#define IO_BITMAP_PAGES	2u

static int map_prelaunched(struct vm *vm, const struct machine_request *req)
{
	vm->ram_hpa = req->ram.v;
	vm->ram_size = vm->cfg->memory_size;
	return gpa_map(vm, gpa(0), req->ram, vm->ram_size, RWX | PG_WB);
}

/* Everything below 4 GiB starts as device memory; what the firmware calls memory is taken out again. */
static int map_devices(struct vm *vm)
{
	uint32_t i;
	int err = gpa_map(vm, gpa(0), hpa(0), LIMIT_4G, RWX | PG_UC);

	for (i = 0; i < e820_firmware.nr && !err; i++) {
		const struct e820_entry *e = &e820_firmware.entry[i];
		uint64_t start = ALIGN_DOWN(e->base, PAGE_SIZE), end = ALIGN_UP(e->base + e->size, PAGE_SIZE);

		if (e->type == E820_RAM && start < LIMIT_4G)
			err = gpa_unmap(vm, gpa(start), MIN(end, LIMIT_4G) - start);
	}
	return err;
}

static int map_ram(struct vm *vm)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < host_e820.nr && !err; i++) {
		const struct e820_entry *e = &host_e820.entry[i];
		uint64_t start = ALIGN_UP(e->base, PAGE_SIZE), end = ALIGN_DOWN(e->base + e->size, PAGE_SIZE);

		if (e->type == E820_ACPI || e->type == E820_NVS) {
			start = ALIGN_DOWN(e->base, PAGE_SIZE);
			end = ALIGN_UP(e->base + e->size, PAGE_SIZE);
		} else if (e->type != E820_RAM) {
			continue;
		}
		if (end > start)
			err = gpa_map(vm, gpa(start), hpa(start), end - start, RWX | PG_WB);
	}
	return err;
}

/* Interrupt controllers are emulated: their pages must exit. */
static int unmap_apics(struct vm *vm)
{
	uint32_t i;
	int err = gpa_unmap(vm, gpa(ALIGN_DOWN(acpi.lapic_base, PAGE_SIZE)), PAGE_SIZE);

	if (!err && acpi.lapic_base != APIC_BASE_DEFAULT)
		err = gpa_unmap(vm, gpa(APIC_BASE_DEFAULT), PAGE_SIZE);
	for (i = 0; i < ioapic_count() && !err; i++) {
		uint64_t base;

		ioapic_info(i, &base, &(uint32_t){ 0 }, &(uint32_t){ 0 }, &(uint32_t){ 0 });
		err = gpa_unmap(vm, gpa(ALIGN_DOWN(base, PAGE_SIZE)), PAGE_SIZE);
	}
	return err;
}

/* Used or not: an IOMMU is nobody's but ours. */
static int unmap_iommus(struct vm *vm)
{
	int err = 0;

	for (uint32_t i = 0; i < acpi.dmar.nr_units && !err; i++) {
		uint64_t base, size;

		vtd_registers(i, &base, &size);
		err = gpa_unmap(vm, gpa(base), size);
	}
	return err;
}

static bool iommu_in(uint64_t page)
{
	for (uint32_t i = 0; i < acpi.dmar.nr_units; i++) {
		uint64_t base, size;

		vtd_registers(i, &base, &size);
		if (ranges_overlap(page, SIZE_2M, base, size))
			return true;
	}
	return false;
}

/* Device memory above 4 GiB is mapped when it is first used: its extent is known to no table. */
static bool service_touch(struct vm *vm, uint64_t at)
{
	uint64_t page = ALIGN_DOWN(at, SIZE_2M);
	uint32_t i;

	if (at < LIMIT_4G || iommu_in(page))
		return false;
	for (i = 0; i < e820_firmware.nr; i++) {
		const struct e820_entry *e = &e820_firmware.entry[i];

		if (e->type == E820_RAM && ranges_overlap(page, SIZE_2M, e->base, e->size))
			return false;
	}
	return !gpa_map(vm, gpa(page), hpa(page), SIZE_2M, PG_R | PG_W | PG_UC);
}

static int map_service(struct vm *vm)
{
	int err = map_devices(vm);

	if (!err)
		err = map_ram(vm);
	if (!err)
		err = unmap_apics(vm);
	if (!err)
		err = unmap_iommus(vm);
	vm->hooks.touch = service_touch;
	return err;
}

int memory_create(struct vm *vm, const struct machine_request *req)
{
	int err;

	vm->io_bitmaps = frame_get(IO_BITMAP_PAGES);
	if (!vm->io_bitmaps)
		return ERR(-ENOMEM);
	/* The Service VM has every port that no device of ours answers. */
	if (vm->load_order != SCENARIO_SERVICE)
		memset(vm->io_bitmaps, 0xff, IO_BITMAP_PAGES * PAGE_SIZE);
	err = gpa_create(vm);
	if (err)
		goto undo_bitmaps;
	if (vm->load_order == SCENARIO_PRE_LAUNCHED)
		err = map_prelaunched(vm, req);
	else if (vm->load_order == SCENARIO_SERVICE)
		err = map_service(vm);
	if (!err)
		return 0;
	gpa_destroy(vm);
undo_bitmaps:
	frame_put(vm->io_bitmaps, IO_BITMAP_PAGES);
	return err;
}

void memory_destroy(struct vm *vm)
{
	gpa_destroy(vm);
	frame_put(vm->io_bitmaps, IO_BITMAP_PAGES);
}
