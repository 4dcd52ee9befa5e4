/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device of the Service VM that sends messages: the e1000 of tests/emulator (models_msi.hpp), which interrupts when it is
 * told to. Every interrupt that any processor takes is counted, so one too many is seen wherever it goes.
 */
#include "service/service.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/report.h"
#include "lib/shm.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "x86/insn.h"

#define E1000_ID	0x100e8086u
#define E1000_ICR	0xc0u	/* causes; reading takes them back */
#define E1000_ICS	0xc8u
#define E1000_IMS	0xd0u
#define E1000_IMC	0xd8u
#define CAUSE		4u	/* link status change: nothing else happens */

#define PCI_COMMAND	0x04u
#define PCI_BAR0	0x10u
#define PCI_CAPS	0x34u
#define COMMAND_MEMORY	2u
#define COMMAND_MASTER	4u
#define CAP_MSI		5u
/* The capability with 64-bit address and mask (PCI 3.0, 6.8.1). */
enum { MSI_ADDR = 4, MSI_UPPER = 8, MSI_DATA = 12, MSI_MASK = 16, MSI_PENDING = 20 };
#define MSI_ENABLE	(1u << 16)
#define MSI_64BIT_MASK	(3u << 23)
#define MSI_MULTIPLE	(7u << 17)

#define VECTOR		0x51u
#define OTHER		0xa2u
#define PIN_VECTOR	0x63u
#define FIRST_PIN	16u	/* one of the four that PCI's INTA# to INTD# come to */
#define NR_PINS		4u
#define FIRST_VECTOR	0x20u
#define NO_CPU		0x7eu
#define WINDOW_US	1000u
#define MANY		100u
#define FEW		10u
#define HOST_VECTORS	176u

static uint32_t bdf, cap;
static uint8_t *regs;

static void taken(struct trap_frame *f __unused)
{
	(void)mmio_read32(regs + E1000_ICR);
	apic_eoi();
}

static void route_pins(void)
{
	uint32_t i, low = (uint32_t)(IOAPIC_RTE_LEVEL | IOAPIC_RTE_ACTIVE_LOW) | PIN_VECTOR;

	for (i = FIRST_PIN; i < FIRST_PIN + NR_PINS; i++) {
		mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_REGSEL), IOAPIC_REG_RTE_HIGH(i));
		mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_WIN), apic_id() << 24);
		mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_REGSEL), IOAPIC_REG_RTE_LOW(i));
		mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_WIN), low);
	}
}

static bool find(void)
{
	for (bdf = 0; bdf < 0x100; bdf += 8)
		if (pci_cfg_read(bdf, 0) == E1000_ID)
			break;
	if (bdf == 0x100)
		return false;
	for (cap = pci_cfg_read(bdf, PCI_CAPS) & 0xfc; cap && (pci_cfg_read(bdf, cap) & 0xff) != CAP_MSI;)
		cap = pci_cfg_read(bdf, cap) >> 8 & 0xfc;
	regs = (uint8_t *)(uint64_t)(pci_cfg_read(bdf, PCI_BAR0) & ~0xfu);
	return cap && regs;
}

/* Command register: memory, and what else. */
static void decode(uint32_t more)
{
	pci_cfg_write(bdf, PCI_COMMAND, (pci_cfg_read(bdf, PCI_COMMAND) & 0xfffb) | COMMAND_MEMORY | more);
}

static void enable(bool on)
{
	uint32_t control = pci_cfg_read(bdf, cap) & ~MSI_ENABLE;

	pci_cfg_write(bdf, cap, on ? control | MSI_ENABLE : control);
}

static uint32_t address_of(uint32_t id)
{
	return MSI_ADDR_BASE | id << MSI_ADDR_DEST_SHIFT;
}

/* Interrupts of all processors, but for what wakes them. */
static uint32_t total(void)
{
	uint32_t sum = 0, c, v;

	for (c = 0; c < smp_count(); c++)
		for (v = FIRST_VECTOR; v < 256; v++)
			sum += v == SMP_WAKE_VECTOR ? 0 : *(volatile uint32_t *)&cpus[c].nr_traps[v];
	return sum;
}

/* Lets in what waits. */
static void window(void)
{
	cpu_sti();
	clock_wait_us(WINDOW_US);
	cpu_cli();
}

static void raise(void)
{
	mmio_write32(regs + E1000_ICS, CAUSE);
	window();
}

/* Each of `n` interrupts is taken by that processor, once, at that vector. */
static bool arrive(uint32_t n, uint32_t c, uint8_t vector)
{
	volatile uint32_t *at = &cpus[c].nr_traps[vector];
	uint32_t i, here = *at, all = total();

	for (i = 1; i <= n; i++) {
		raise();
		if (*at - here == i && total() - all == i)
			continue;
		report_info("of %u interrupts %u came to CPU %u vector 0x%x, %u in all", i, *at - here, c, vector, total() - all);
		return false;
	}
	return true;
}

/* One cause, which waits afterwards, and nobody hears of it. */
static bool is_silent(void)
{
	uint32_t all = total();

	raise();
	return total() == all;
}

static void forget(void)
{
	(void)mmio_read32(regs + E1000_ICR);
}

static void goes_where_it_says(void)
{
	uint32_t i, ok = 0;

	pci_cfg_write(bdf, cap + MSI_ADDR, address_of(cpus[0].apic_id));
	pci_cfg_write(bdf, cap + MSI_UPPER, 0);
	pci_cfg_write(bdf, cap + MSI_DATA, VECTOR);
	enable(true);
	report(arrive(MANY, 0, VECTOR), "each of %u messages arrives once, at its vector, and the pin is silent", MANY);
	report(pci_cfg_read(bdf, cap + MSI_ADDR) == address_of(cpus[0].apic_id) &&
	       (pci_cfg_read(bdf, cap + MSI_DATA) & 0xffff) == VECTOR, "address and data read back as written");
	pci_cfg_write(bdf, cap + MSI_DATA, OTHER);
	report(arrive(FEW, 0, OTHER), "at another vector when the data say so");
	pci_cfg_write(bdf, cap + MSI_ADDR, address_of(cpus[1].apic_id));
	report(arrive(FEW, 1, OTHER), "on another processor when the address says so");
	for (i = 0; i < MANY; i++) {
		pci_cfg_write(bdf, cap + MSI_ADDR, address_of(cpus[i & 1].apic_id));
		pci_cfg_write(bdf, cap + MSI_DATA, VECTOR + (i & 7));
		ok += arrive(1, i & 1, (uint8_t)(VECTOR + (i & 7)));
	}
	report_eq(ok, MANY, "none is lost or doubled when it moves each time");
	pci_cfg_write(bdf, cap + MSI_ADDR, address_of(NO_CPU));
	report(is_silent(), "one for a processor that is not there is nobody's");
	forget();
	pci_cfg_write(bdf, cap + MSI_ADDR, address_of(cpus[0].apic_id));
	pci_cfg_write(bdf, cap + MSI_DATA, VECTOR);
	report(arrive(FEW, 0, VECTOR), "and back where it was");
}

static void keeps_silent(void)
{
	uint32_t before;

	pci_cfg_write(bdf, cap + MSI_MASK, 1);
	report(is_silent() && (pci_cfg_read(bdf, cap + MSI_PENDING) & 1), "masked in the capability it is pending");
	before = total();
	pci_cfg_write(bdf, cap + MSI_MASK, 0);
	window();
	report(total() - before == 1 && !(pci_cfg_read(bdf, cap + MSI_PENDING) & 1), "unmasked it comes, once");
	mmio_write32(regs + E1000_IMC, CAUSE);
	report(is_silent(), "none comes that the device's own mask holds");
	before = total();
	mmio_write32(regs + E1000_IMS, CAUSE);
	window();
	report_eq(total() - before, 1, "which comes when that is taken away");
	decode(0);
	report(is_silent(), "none from one that is no bus master");
	forget();
	decode(COMMAND_MASTER);
	report(arrive(FEW, 0, VECTOR), "then they come again");
}

static void comes_and_goes(void)
{
	uint32_t i;

	enable(false);
	report(arrive(FEW, 0, PIN_VECTOR), "disabled it has its pin again");
	for (i = 0; i < 2 * HOST_VECTORS; i++) {
		enable(true);
		enable(false);
	}
	enable(true);
	report(arrive(FEW, 0, VECTOR), "enabled and disabled more often than there are host vectors, it works");
	mmio_write32(regs + E1000_IMC, ~0u);
	enable(false);
	report(is_silent(), "disabled, with nothing unmasked, it is silent");
	forget();
}

void case_msi(void)
{
	uint32_t v;

	if (!report(smp_start() > 1 && find(), "there are two processors, and an e1000 with MSI"))
		return;
	report(((pci_cfg_read(bdf, cap) & (MSI_64BIT_MASK | MSI_MULTIPLE | MSI_ENABLE)) == MSI_64BIT_MASK),
	       "it offers one message, 64-bit, with a mask, disabled");
	for (v = FIRST_VECTOR; v < 256; v++)
		if (v != SMP_WAKE_VECTOR)
			trap_set((uint8_t)v, taken);
	decode(COMMAND_MASTER);
	route_pins();
	mmio_write32(regs + E1000_IMC, ~0u);
	forget();
	mmio_write32(regs + E1000_IMS, CAUSE);
	report(arrive(FEW, 0, PIN_VECTOR), "without MSI its interrupts come by the pin");
	goes_where_it_says();
	keeps_silent();
	comes_and_goes();
}
