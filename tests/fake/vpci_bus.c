/* SPDX-License-Identifier: BSD-3-Clause */
/* A fake machine for emul/vpci/, see vpci_bus.h. */
#include "vpci_bus.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/percpu.h"
#include "hw/acpi.h"
#include "hw/pci.h"
#include "irq/vector.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "mm/e820.h"
#include "mm/hostmap.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "vm/vlapic.h"

#define LIMIT_4G	(1ul << 32)
#define NR_CHANGES	2048u

struct fake_bus fake_bus;
struct acpi_info acpi;
struct e820_map e820_firmware;

static struct { void (*fn)(void *arg, uint8_t vector); void *arg; } handlers[256];
/* Pages whose mapping has changed since the start. */
static struct { uint64_t page; bool mapped; } changes[NR_CHANGES];
static unsigned int nr_changes;

void bus_reset(void)
{
	memset(&fake_bus, 0, sizeof(fake_bus));
	memset(&acpi, 0, sizeof(acpi));
	memset(&e820_firmware, 0, sizeof(e820_firmware));
	memset(handlers, 0, sizeof(handlers));
	memset(percpu_area, 0, sizeof(percpu_area));
	nr_changes = 0;
	fake_bus.max_vectors = VEC_DYNAMIC_LAST - VEC_DYNAMIC_FIRST + 1;
}

struct bus_function *bus_add(uint16_t bdf, uint32_t id)
{
	struct bus_function *f = &fake_bus.function[fake_bus.nr++];

	f->bdf = bdf;
	bus_set(f, 0, id, 0);
	bus_set(f, 4, 0, 0x0407);
	return f;
}

void bus_set(struct bus_function *f, uint32_t reg, uint32_t value, uint32_t writable)
{
	memcpy(f->config + reg, &value, 4);
	memcpy(f->writable + reg, &writable, 4);
}

uint32_t bus_get(const struct bus_function *f, uint32_t reg)
{
	uint32_t v;

	memcpy(&v, f->config + reg, 4);
	return v;
}

struct bus_function *bus_add_nic(uint16_t bdf, uint64_t bar, uint32_t nr, uint32_t offset)
{
	struct bus_function *f = bus_add(bdf, 0x10d38086);
	bool wide = bar >= LIMIT_4G;

	bus_set(f, 0x04, 1u << 20 | 2, 0x0407);
	bus_set(f, 0x10, (uint32_t)bar | (wide ? 4 : 0), 0xffffe000);
	bus_set(f, 0x14, (uint32_t)(bar >> 32), wide ? ~0u : 0);
	bus_set(f, 0x34, 0x40, 0);
	bus_set(f, 0x40, 0x00035001, 0);		/* power management */
	bus_set(f, 0x44, 0, 0xff);
	bus_set(f, 0x50, 0x01867005, 0x00710000);	/* 64-bit, mask, 8 messages */
	bus_set(f, 0x54, 0, ~3u);
	bus_set(f, 0x58, 0, ~0u);
	bus_set(f, 0x5c, 0, 0xffff);
	bus_set(f, 0x60, 0, 0xff);
	bus_set(f, 0x70, 0x00000011 | (nr - 1) << 16, 0xc0000000);
	bus_set(f, 0x74, offset, 0);
	bus_set(f, 0x78, offset + 0x800, 0);
	return f;
}

static struct bus_function *find(uint16_t bdf)
{
	unsigned int i;

	for (i = 0; i < fake_bus.nr; i++)
		if (fake_bus.function[i].bdf == bdf)
			return &fake_bus.function[i];
	return NULL;
}

static void check(uint32_t reg, uint32_t size)
{
	if ((size != 1 && size != 2 && size != 4) || reg % size || reg + size > 4096)
		abort();
}

uint32_t pci_read(uint16_t bdf, uint32_t reg, uint32_t size)
{
	struct bus_function *f = find(bdf);
	uint32_t v = ~0u;

	check(reg, size);
	if (!f)
		return size == 4 ? v : (1u << 8 * size) - 1;
	if (size < 4)
		v = 0;
	memcpy(&v, f->config + reg, size);
	return v;
}

void pci_write(uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value)
{
	struct bus_function *f = find(bdf);
	uint32_t i;

	check(reg, size);
	if (fake_bus.nr_writes == ARRAY_SIZE(fake_bus.log))
		abort();
	fake_bus.log[fake_bus.nr_writes++] = (struct bus_write){ bdf, reg, size, value };
	for (i = 0; f && i < size; i++, value >>= 8) {
		uint8_t w = f->writable[reg + i];

		f->config[reg + i] = (uint8_t)((f->config[reg + i] & ~w) | (value & w));
	}
}

static uint8_t *memory_at(uint64_t addr)
{
	if (addr - BUS_MMIO < BUS_MMIO_SIZE)
		return fake_bus.mmio + (addr - BUS_MMIO);
	if (addr - BUS_MMIO_HIGH < BUS_MMIO_SIZE)
		return fake_bus.mmio_high + (addr - BUS_MMIO_HIGH);
	return NULL;
}

uint32_t bus_mmio(uint64_t addr)
{
	uint32_t v;

	memcpy(&v, memory_at(addr), 4);
	return v;
}

void *hostmap_device(hpa_t start, uint64_t size)
{
	static uint8_t elsewhere[BUS_MMIO_SIZE];

	fake_bus.nr_hostmaps++;
	if (size > BUS_MMIO_SIZE)
		return NULL;
	return memory_at(start.v) && memory_at(start.v + size - 1) ? memory_at(start.v) : elsewhere;
}

/* Host vectors. */
int vector_get(void (*fn)(void *arg, uint8_t vector), void *arg)
{
	unsigned int i = VEC_DYNAMIC_FIRST;

	if (fake_bus.nr_vectors >= fake_bus.max_vectors)
		return -ENOSPC;
	while (handlers[i].fn)
		i++;
	handlers[i].fn = fn;
	handlers[i].arg = arg;
	fake_bus.nr_vectors++;
	return (int)i;
}

void vector_put(uint8_t vector)
{
	if (!handlers[vector].fn)
		abort();
	handlers[vector].fn = NULL;
	fake_bus.nr_vectors--;
}

void bus_fire(uint64_t addr, uint32_t data)
{
	if ((addr & 0xfff00fff) != 0xfee00000 || addr >> 32 || data > 0xff || !handlers[data].fn)
		return;
	handlers[data].fn(handlers[data].arg, (uint8_t)data);
}

/* The EPT. */
static bool is_mapped(uint64_t page)
{
	unsigned int i;

	for (i = nr_changes; i; i--)
		if (changes[i - 1].page == page)
			return changes[i - 1].mapped;
	return page < LIMIT_4G;
}

static void change(uint64_t page, bool mapped)
{
	unsigned int i;

	for (i = 0; i < nr_changes; i++) {
		if (changes[i].page == page) {
			changes[i].mapped = mapped;
			return;
		}
	}
	if (nr_changes == NR_CHANGES)
		abort();
	changes[nr_changes].page = page;
	changes[nr_changes++].mapped = mapped;
}

bool bus_page_exits(uint64_t page)
{
	return !is_mapped(page);
}

static bool is_ram(uint64_t at)
{
	uint32_t i;

	for (i = 0; i < e820_firmware.nr; i++)
		if (e820_firmware.entry[i].type == E820_RAM && at - e820_firmware.entry[i].base < e820_firmware.entry[i].size)
			return true;
	return false;
}

int pgtable_lookup(const struct pgtable *pt, uint64_t va, hpa_t *pa, uint32_t *attr, uint64_t *size)
{
	(void)pt;
	(void)size;
	if (!is_mapped(va))
		return -ENOENT;
	*pa = hpa(va);
	*attr = PG_R | PG_W | (is_ram(va) ? PG_WB : PG_UC);
	return 0;
}

int gpa_map(struct vm *vm, gpa_t at, hpa_t to, uint64_t size, uint32_t attr)
{
	uint64_t n;

	(void)vm;
	if (at.v != to.v || (attr & PG_TYPE_MASK) != PG_UC)
		abort();
	for (n = 0; n < size; n += PAGE_SIZE, fake_bus.nr_mapped++)
		change(at.v + n, true);
	return 0;
}

int gpa_unmap(struct vm *vm, gpa_t at, uint64_t size)
{
	uint64_t n;

	(void)vm;
	/* One that fails may have done a part: it has to be mapped again. */
	if (fake_bus.no_unmap) {
		fake_bus.nr_unmapped += (unsigned int)(size / PAGE_SIZE);
		return -ENOMEM;
	}
	for (n = 0; n < size; n += PAGE_SIZE, fake_bus.nr_unmapped++)
		change(at.v + n, false);
	return 0;
}

void vm_port_intercept(struct vm *vm, uint16_t port, uint32_t nr, bool exits)
{
	(void)vm;
	(void)port;
	(void)nr;
	(void)exits;
}

/* Physical destinations only, which is what the tests use. */
void vlapic_for_dest(struct vm *vm, uint32_t dest, bool logical, void (*fn)(struct vcpu *vcpu, void *arg), void *arg)
{
	uint16_t i;

	for (i = 0; i < vm->nr_vcpus; i++)
		if (!logical && (dest == 0xff || vm->vcpus[i]->vapic_id == dest))
			fn(vm->vcpus[i], arg);
}
