/* SPDX-License-Identifier: BSD-3-Clause */
/* The I/O APIC, driven by the serial port's transmit interrupt: edge, level, masks, EOI. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/insn.h"

#define COM1_GSI	4u
#define UART_IER	0x3f9u
#define UART_IIR	0x3fau
#define IER_THRE	0x02u
#define VECTOR		0x57u

static volatile uint32_t nr_taken;
static volatile bool clear_cause, was_level, remote_irr;

static uint32_t ioapic_read(uint32_t reg)
{
	mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_REGSEL), reg);
	return mmio_read32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_WIN));
}

static void ioapic_write(uint32_t reg, uint32_t v)
{
	mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_REGSEL), reg);
	mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_WIN), v);
}

static void route(uint32_t low)
{
	ioapic_write(IOAPIC_REG_RTE_HIGH(COM1_GSI), apic_id() << 24);
	ioapic_write(IOAPIC_REG_RTE_LOW(COM1_GSI), low | VECTOR);
}

static void transmitter(struct trap_frame *frame __unused)
{
	nr_taken++;
	was_level = apic_bit(APIC_TMR0, VECTOR);
	remote_irr = ioapic_read(IOAPIC_REG_RTE_LOW(COM1_GSI)) & (uint32_t)IOAPIC_RTE_REMOTE_IRR;
	if (clear_cause || nr_taken >= 5)
		outb(UART_IER, 0);
	apic_eoi();
}

/* An empty transmitter interrupts as soon as that is enabled. */
static void provoke(uint64_t us)
{
	nr_taken = 0;
	console_flush();
	outb(UART_IER, IER_THRE);
	cpu_sti();
	clock_wait_us(us);
	cpu_cli();
	outb(UART_IER, 0);
	(void)inb(UART_IIR);
}

static void test_level(void)
{
	route((uint32_t)IOAPIC_RTE_LEVEL);
	report(ioapic_read(IOAPIC_REG_RTE_LOW(COM1_GSI)) == (IOAPIC_RTE_LEVEL | VECTOR), "the entry reads back");
	provoke(500);
	report(nr_taken == 1 && was_level && remote_irr, "a level whose cause is removed is one interrupt (%u)", nr_taken);
	report(!(ioapic_read(IOAPIC_REG_RTE_LOW(COM1_GSI)) & IOAPIC_RTE_REMOTE_IRR), "its remote IRR is clear after the EOI");
	clear_cause = false;
	provoke(5000);
	report_eq(nr_taken, 5, "a level that stays comes again after every EOI");
}

void case_ioapic(void)
{
	uint32_t version = ioapic_read(IOAPIC_REG_VERSION);

	report(IOAPIC_VERSION_MAX_RTE(version) >= 15, "there are %u pins", IOAPIC_VERSION_MAX_RTE(version) + 1);
	trap_set(VECTOR, transmitter);
	clear_cause = true;
	route((uint32_t)IOAPIC_RTE_MASKED);
	provoke(500);
	report_eq(nr_taken, 0, "a masked pin is silent");
	route(0);
	provoke(500);
	report(nr_taken == 1 && !was_level && !remote_irr, "an edge is one interrupt (%u)", nr_taken);
	if (platform_is_vm())
		test_level();
	else
		report_skip("levels: the bare emulator's I/O APIC does not follow them");
	route((uint32_t)IOAPIC_RTE_MASKED);
	trap_set(VECTOR, NULL);
}
