/* SPDX-License-Identifier: BSD-3-Clause */
/* Which interrupts a device can raise. */
#include "hw/acpi.h"
#include "iommu.h"
#include "irq/ioapic.h"
#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/insn.h"
#include "x86/vtd_reg.h"

#define VECTOR		0x51
#define COMPAT_VECTOR	0x52
#define PIN_VECTOR	0x53
#define UNLISTED	0x54		/* an entry that nobody fills */
#define ENTRY(v)	(MSI_ADDR_BASE | VTD_MSI_REMAP | (uint32_t)(v) << VTD_MSI_INDEX_SHIFT)
#define WAIT_US		200000u
#define PIT_CH0		0x40u
#define PIT_CMD		0x43u
#define PIT_GSI		2u		/* ISA interrupt 0 by the MADT's override */

static uint32_t total;

static void eoi(struct trap_frame *frame __unused)
{
	total++;
	apic_eoi();
}

/* Lets interrupts in for a while; returns how many of `vector` came. */
static uint32_t wait_for(uint8_t vector)
{
	volatile uint32_t *count = &this_cpu()->nr_traps[vector];
	uint32_t before = *count;
	uint64_t end = rdtsc() + clock_from_us(WAIT_US);

	cpu_sti();
	while (*count == before && rdtsc() < end)
		cpu_pause();
	cpu_cli();
	return *count - before;
}

static uint32_t raised(uint8_t vector, uint64_t addr, uint16_t data)
{
	edu_msi(addr, data);
	edu_raise();
	return wait_for(vector);
}

/* A fault may be recorded: not every emulator records those of interrupts. */
static void look_at_faults(const char *what, uint16_t index)
{
	static bool told;
	struct vtd_fault f;
	bool lost;

	if (!vtd_fault_next(&f, &lost)) {
		if (!told)
			report_skip("faults of interrupts: this emulator records none");
		told = true;
		return;
	}
	report(f.interrupt && f.source == edu_bdf() && f.addr == index, "%s: the fault names edu and the entry", what);
	while (vtd_fault_next(&f, &lost))
		;
}

static void messages(void)
{
	report(vtd_ir_active(), "interrupts are remapped");
	report(vtd_ir_set(VECTOR, edu_bdf(), apic_id(), false) == 0, "an entry for edu");
	report_eq(raised(VECTOR, ENTRY(VECTOR), 0), 1, "its message arrives on the entry's vector");
	/* What the device says of vector and delivery counts for nothing. */
	report_eq(raised(VECTOR, ENTRY(VECTOR), 0x400 | COMPAT_VECTOR), 1, "whatever the message's data are");
	total = 0;
	report_eq(raised(UNLISTED, ENTRY(UNLISTED), UNLISTED), 0, "an empty entry lets nothing through");
	report_eq(total, 0, "not on another vector either");
	look_at_faults("empty entry", UNLISTED);
	report(vtd_ir_set(VECTOR, edu_bdf() ^ 8, apic_id(), false) == 0, "the entry is another function's");
	report_eq(raised(VECTOR, ENTRY(VECTOR), 0), 0, "edu cannot use it");
	look_at_faults("another's entry", VECTOR);
	report(vtd_ir_set(VECTOR, edu_bdf(), apic_id(), false) == 0, "it is edu's again");
	report_eq(raised(VECTOR, ENTRY(VECTOR), 0), 1, "and it arrives");
	vtd_ir_clear(VECTOR);
	report_eq(raised(VECTOR, ENTRY(VECTOR), 0), 0, "a cleared entry lets nothing through");
	look_at_faults("cleared entry", VECTOR);
}

static void compatibility_format(void)
{
	const uint8_t *regs = (const uint8_t *)acpi.dmar.unit[0].base;

	report(!(mmio_read32(regs + VTD_GSTS) & VTD_GCMD_CFI), "the unit is told to block the compatibility format");
	if (raised(COMPAT_VECTOR, MSI_ADDR_BASE | apic_id() << MSI_ADDR_DEST_SHIFT, COMPAT_VECTOR))
		report_skip("compatibility format: this emulator lets it pass in spite of that");
	else
		report(true, "a message in the compatibility format does not arrive");
}

static void pit(uint16_t ticks)
{
	outb(PIT_CMD, 0x34);	/* channel 0, both bytes, mode 2: again and again */
	outb(PIT_CH0, ticks & 0xff);
	outb(PIT_CH0, (uint8_t)(ticks >> 8));
}

static void pins(void)
{
	uint64_t base;
	uint32_t gsi_base, nr, id, high;

	ioapic_init();
	ioapic_info(0, &base, &gsi_base, &nr, &id);
	pit(11932);	/* 100 Hz */
	report(ioapic_route(PIT_GSI, PIN_VECTOR, apic_id(), false, false) == 0, "a pin is routed");
	mmio_write32((uint8_t *)base + IOAPIC_REGSEL, IOAPIC_REG_RTE_HIGH(PIT_GSI));
	high = mmio_read32((uint8_t *)base + IOAPIC_WIN);
	report_eq(high, (uint32_t)((uint64_t)PIN_VECTOR << VTD_RTE_INDEX_SHIFT >> 32 | VTD_RTE_REMAP >> 32),
		  "the pin holds the entry's number");
	report_eq(wait_for(PIN_VECTOR), 0, "masked, it is silent");
	ioapic_unmask(PIT_GSI);
	report(wait_for(PIN_VECTOR) && wait_for(PIN_VECTOR), "it arrives again and again");
	vtd_ir_clear(PIN_VECTOR);
	wait_for(PIN_VECTOR);
	report_eq(wait_for(PIN_VECTOR), 0, "without the entry it does not");
	ioapic_mask(PIT_GSI);
}

void test_interrupts(void)
{
	trap_set(VECTOR, eoi);
	trap_set(COMPAT_VECTOR, eoi);
	trap_set(PIN_VECTOR, eoi);
	trap_set(UNLISTED, eoi);
	report_eq(vtd_ir_max_apic_id(), args_number("eim", 0) ? 0xfffffffe : 0xfe, "APIC ids that an entry can name");
	messages();
	compatibility_format();
	pins();
}
