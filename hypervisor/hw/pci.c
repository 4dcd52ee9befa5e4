/* SPDX-License-Identifier: BSD-3-Clause */
/* Physical PCI configuration access. */
#include "hw/pci.h"

#include "hw/acpi.h"
#include "lib/spinlock.h"
#include "lib/util.h"
#include "mm/hostmap.h"
#include "x86/insn.h"

#define PCI_ADDRESS_PORT	0xcf8
#define PCI_DATA_PORT		0xcfc
#define PCI_ADDRESS_ENABLE	(1u << 31)

/* Configuration header (PCI 3.0, 6.1; PCI-to-PCI bridge 1.2, 3.2). */
#define PCI_VENDOR		0x00u
#define PCI_HEADER_TYPE		0x0eu
#define PCI_SECONDARY_BUS	0x19u
#define PCI_HEADER_MULTI	0x80u
#define PCI_HEADER_TYPE_MASK	0x7fu
#define PCI_HEADER_BRIDGE	1u
#define PCI_VENDOR_NONE		0xffffu

static struct {
	struct spinlock lock;
	uint8_t *ecam[256];	/* [lock] configuration space of each bus used so far */
} pci;

/* The register's address in ECAM, or NULL: use the ports. Buses are mapped when first used. Lock held. */
static uint8_t *ecam_reg(uint16_t bdf, uint32_t reg)
{
	uint32_t bus = bdf >> 8;

	if (!acpi.ecam_base || bus < acpi.ecam_start_bus || bus > acpi.ecam_end_bus)
		return NULL;
	/* The base address belongs to bus 0, also where the range begins later (PCI Firmware 3.2, table 4-3). */
	if (!pci.ecam[bus])
		pci.ecam[bus] = hostmap_device(hpa(acpi.ecam_base + ((uint64_t)bus << 20)), 1ul << 20);
	/* In a bus: device << 15 | function << 12 | register. */
	return pci.ecam[bus] ? pci.ecam[bus] + ((bdf & 0xffu) << 12) + reg : NULL;
}

static uint32_t ecam_read(const uint8_t *p, uint32_t size)
{
	switch (size) {
	case 1:
		return mmio_read8(p);
	case 2:
		return mmio_read16(p);
	default:
		return mmio_read32(p);
	}
}

static void ecam_write(uint8_t *p, uint32_t size, uint32_t value)
{
	switch (size) {
	case 1:
		mmio_write8(p, (uint8_t)value);
		break;
	case 2:
		mmio_write16(p, (uint16_t)value);
		break;
	default:
		mmio_write32(p, value);
	}
}

/* Selects the register and returns the port where its bytes are. Lock held. */
static uint16_t port_select(uint16_t bdf, uint32_t reg)
{
	outl(PCI_ADDRESS_PORT, PCI_ADDRESS_ENABLE | (uint32_t)bdf << 8 | (reg & 0xfcu));
	return (uint16_t)(PCI_DATA_PORT + (reg & 3));
}

static uint32_t port_read(uint16_t bdf, uint32_t reg, uint32_t size)
{
	uint16_t port = port_select(bdf, reg);

	switch (size) {
	case 1:
		return inb(port);
	case 2:
		return inw(port);
	default:
		return inl(port);
	}
}

static void port_write(uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value)
{
	uint16_t port = port_select(bdf, reg);

	switch (size) {
	case 1:
		outb(port, (uint8_t)value);
		break;
	case 2:
		outw(port, (uint16_t)value);
		break;
	default:
		outl(port, value);
	}
}

static bool access_ok(uint32_t reg, uint32_t size)
{
	return (size == 1 || size == 2 || size == 4) && IS_ALIGNED(reg, size) && reg < 4096;
}

/* All ones where there is no such function or register, as the bus itself answers. */
uint32_t pci_read(uint16_t bdf, uint32_t reg, uint32_t size)
{
	uint32_t v = ~0u;
	uint8_t *p;

	if (access_ok(reg, size)) {
		spin_lock(&pci.lock);
		p = ecam_reg(bdf, reg);
		if (p)
			v = ecam_read(p, size);
		else if (reg < 256)
			v = port_read(bdf, reg, size);
		spin_unlock(&pci.lock);
	}
	return size < 4 ? v & ((1u << size * 8) - 1) : v;
}

/* Dropped where there is no such function or register. */
void pci_write(uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value)
{
	uint8_t *p;

	if (!access_ok(reg, size))
		return;
	spin_lock(&pci.lock);
	p = ecam_reg(bdf, reg);
	if (p)
		ecam_write(p, size, value);
	else if (reg < 256)
		port_write(bdf, reg, size, value);
	spin_unlock(&pci.lock);
}

/* Reports one function; a bridge adds the bus behind it. */
static void scan_function(uint16_t bdf, uint64_t *todo, void (*fn)(uint16_t bdf, void *arg), void *arg)
{
	uint32_t secondary;

	fn(bdf, arg);
	if ((pci_read(bdf, PCI_HEADER_TYPE, 1) & PCI_HEADER_TYPE_MASK) != PCI_HEADER_BRIDGE)
		return;
	secondary = pci_read(bdf, PCI_SECONDARY_BUS, 1);
	/* Numbers grow downstream: what does not is not configured, and following it could go in circles. */
	if (secondary > (uint32_t)(bdf >> 8))
		todo[secondary >> 6] |= 1ul << (secondary & 63);
}

static void scan_bus(uint32_t bus, uint64_t *todo, void (*fn)(uint16_t bdf, void *arg), void *arg)
{
	for (uint32_t d = 0; d < 32; d++) {
		uint32_t nr_functions = 1;

		for (uint32_t f = 0; f < nr_functions; f++) {
			uint16_t bdf = PCI_BDF(bus, d, f);

			if (pci_read(bdf, PCI_VENDOR, 2) == PCI_VENDOR_NONE)
				continue;
			if (f == 0 && (pci_read(bdf, PCI_HEADER_TYPE, 1) & PCI_HEADER_MULTI))
				nr_functions = 8;
			scan_function(bdf, todo, fn, arg);
		}
	}
}

/* See the header. */
void pci_scan(void (*fn)(uint16_t bdf, void *arg), void *arg)
{
	uint64_t todo[4] = { 1 };	/* a bit a bus: 0, then what bridges lead to */

	for (uint32_t bus = 0; bus < 256; bus++)
		if (todo[bus >> 6] & 1ul << (bus & 63))
			scan_bus(bus, todo, fn, arg);
}
