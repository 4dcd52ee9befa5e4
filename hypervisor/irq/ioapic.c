/* SPDX-License-Identifier: BSD-3-Clause */
/* Physical I/O APICs. Each pin's entry is kept in memory too, so masking writes without reading the slow device. */
#include "irq/ioapic.h"

#include "hw/acpi.h"
#include "hw/vtd.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "log/log.h"
#include "mm/hostmap.h"
#include "x86/apicreg.h"
#include "x86/insn.h"
#include "x86/vtd_reg.h"

#define MAX_IOAPICS	ARRAY_SIZE(acpi.ioapic)
#define MAX_PINS	240u

#define PIC_MASTER_DATA	0x21
#define PIC_SLAVE_DATA	0xa1

struct ioapic {
	struct spinlock lock;
	uint8_t *regs;		/* (o) NULL: could not be mapped */
	uint64_t base;		/* (o) host physical */
	uint32_t id;		/* (o) */
	uint32_t gsi_base;	/* (o) */
	uint32_t nr_pins;	/* (o) */
	uint64_t rte[MAX_PINS];	/* [lock] what the device holds */
};

static struct ioapic ioapics[MAX_IOAPICS];
static uint32_t nr_ioapics;

/* Index register, then window: both under the lock. */
static uint32_t ioapic_read(struct ioapic *io, uint32_t reg)
{
	mmio_write32(io->regs + IOAPIC_REGSEL, reg);
	return mmio_read32(io->regs + IOAPIC_WIN);
}

static void ioapic_write(struct ioapic *io, uint32_t reg, uint32_t v)
{
	mmio_write32(io->regs + IOAPIC_REGSEL, reg);
	mmio_write32(io->regs + IOAPIC_WIN, v);
}

/* Writes a pin's entry, `lock` held. */
static void rte_write(struct ioapic *io, uint32_t pin, uint64_t rte)
{
	uint64_t old = io->rte[pin];

	io->rte[pin] = rte;
	if (old >> 32 != rte >> 32) {
		/* Never a mix of old and new halves on a live pin. */
		ioapic_write(io, IOAPIC_REG_RTE_LOW(pin), (uint32_t)(old | IOAPIC_RTE_MASKED));
		ioapic_write(io, IOAPIC_REG_RTE_HIGH(pin), (uint32_t)(rte >> 32));
	}
	ioapic_write(io, IOAPIC_REG_RTE_LOW(pin), (uint32_t)rte);
}

static void ioapic_setup(struct ioapic *io)
{
	io->nr_pins = IOAPIC_VERSION_MAX_RTE(ioapic_read(io, IOAPIC_REG_VERSION)) + 1;
	if (io->nr_pins > MAX_PINS) {
		log_warn("ioapic %u: claims %u pins, using %u", io->id, io->nr_pins, MAX_PINS);
		io->nr_pins = MAX_PINS;
	}
	for (uint32_t pin = 0; pin < io->nr_pins; pin++) {
		io->rte[pin] = IOAPIC_RTE_MASKED;
		ioapic_write(io, IOAPIC_REG_RTE_LOW(pin), (uint32_t)IOAPIC_RTE_MASKED);
		ioapic_write(io, IOAPIC_REG_RTE_HIGH(pin), 0);
	}
	log_info("ioapic %u: 0x%lx, GSI %u..%u", io->id, io->base, io->gsi_base, io->gsi_base + io->nr_pins - 1);
}

/* See the header. */
void ioapic_init(void)
{
	/* The 8259s stay silent: no guest owns them and no local APIC listens. */
	outb(PIC_MASTER_DATA, 0xff);
	outb(PIC_SLAVE_DATA, 0xff);

	nr_ioapics = 0;
	for (uint32_t i = 0; i < acpi.nr_ioapics && i < MAX_IOAPICS; i++) {
		struct ioapic *io = &ioapics[nr_ioapics];

		io->base = acpi.ioapic[i].base;
		io->id = acpi.ioapic[i].id;
		io->gsi_base = acpi.ioapic[i].gsi_base;
		io->regs = hostmap_device(hpa(io->base), IOAPIC_WINDOW_SIZE);
		if (!io->regs) {
			log_err("ioapic %u: cannot map 0x%lx, its interrupts are lost", io->id, io->base);
			continue;
		}
		ioapic_setup(io);
		nr_ioapics++;
	}
}

/* One more than the highest GSI any I/O APIC has. */
uint32_t ioapic_nr_gsi(void)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < nr_ioapics; i++)
		if (ioapics[i].gsi_base + ioapics[i].nr_pins > end)
			end = ioapics[i].gsi_base + ioapics[i].nr_pins;
	return end;
}

static struct ioapic *ioapic_of(uint32_t gsi)
{
	for (uint32_t i = 0; i < nr_ioapics; i++)
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].nr_pins)
			return &ioapics[i];
	return NULL;
}

/* Where the interrupt goes: in the entry, or in the entry of the IOMMU's table that it names. */
static int rte_dest(const struct ioapic *io, uint8_t vector, uint32_t apic_id, bool level, uint64_t *dest)
{
	uint16_t bdf;
	int err;

	if (!vtd_ir_active()) {
		*dest = (uint64_t)apic_id << IOAPIC_RTE_DEST_SHIFT | IOAPIC_RTE_DM_FIXED;
		return 0;
	}
	err = vtd_ir_ioapic(io->id, &bdf);
	*dest = (uint64_t)vector << VTD_RTE_INDEX_SHIFT | VTD_RTE_REMAP;
	return err ? err : vtd_ir_set(vector, bdf, apic_id, level);
}

/* See the header. */
int ioapic_route(uint32_t gsi, uint8_t vector, uint32_t apic_id, bool level, bool active_low)
{
	struct ioapic *io = ioapic_of(gsi);
	uint64_t rte;

	/* Vectors below 16 are the CPU's own. */
	if (!io || vector < 16 || apic_id > vtd_ir_max_apic_id() || rte_dest(io, vector, apic_id, level, &rte))
		return -EINVAL;
	/* The vector stands in both: an EOI finds the pin by it. */
	rte |= IOAPIC_RTE_MASKED | vector;
	if (level)
		rte |= IOAPIC_RTE_LEVEL;
	if (active_low)
		rte |= IOAPIC_RTE_ACTIVE_LOW;
	spin_lock(&io->lock);
	rte_write(io, gsi - io->gsi_base, rte);
	spin_unlock(&io->lock);
	return 0;
}

static void mask_set(uint32_t gsi, bool masked)
{
	struct ioapic *io = ioapic_of(gsi);
	uint32_t pin;
	uint64_t rte;

	if (!io)
		return;
	pin = gsi - io->gsi_base;
	spin_lock(&io->lock);
	rte = io->rte[pin] & ~IOAPIC_RTE_MASKED;
	if (masked)
		rte |= IOAPIC_RTE_MASKED;
	if (rte != io->rte[pin])
		rte_write(io, pin, rte);
	spin_unlock(&io->lock);
}

/* Stops a pin; no such GSI: nothing happens. Any CPU, also from its interrupt's handler. */
void ioapic_mask(uint32_t gsi)
{
	mask_set(gsi, true);
}

/* Lets a pin through again, and a level still high at once. Any CPU. */
void ioapic_unmask(uint32_t gsi)
{
	mask_set(gsi, false);
}

/* See the header. */
bool ioapic_rte(uint32_t gsi, uint64_t *rte)
{
	struct ioapic *io = ioapic_of(gsi);

	if (io)
		*rte = READ_ONCE(io->rte[gsi - io->gsi_base]);
	return io;
}

/* See the header. */
uint32_t ioapic_count(void)
{
	return nr_ioapics;
}

/* `index` below ioapic_count(). */
void ioapic_info(uint32_t index, uint64_t *base, uint32_t *gsi_base, uint32_t *nr_pins, uint32_t *id)
{
	const struct ioapic *io = &ioapics[index];

	*base = io->base;
	*gsi_base = io->gsi_base;
	*nr_pins = io->nr_pins;
	*id = io->id;
}
