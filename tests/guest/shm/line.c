/* SPDX-License-Identifier: BSD-3-Clause */
/* One end of the serial line: receives by interrupt, sends when the other end listens (CTS). */
#include "shm/pair.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/trap.h"
#include "x86/apicreg.h"
#include "x86/insn.h"

#define COM2		0x2f8u
#define COM2_IRQ	3u
#define VECTOR		0x73u
#define IER_RX		1u
#define MCR_DTR_OUT2	9u
#define MCR_RTS		2u
#define LSR_READY	1u
#define MSR_CTS		0x10u

static volatile uint32_t nr_bytes, sum;

static void on_receive(struct trap_frame *frame __unused)
{
	while (inb(COM2 + 5) & LSR_READY) {
		sum += inb(COM2);
		nr_bytes++;
	}
	apic_eoi();
}

void line_open(void)
{
	volatile uint32_t *ioapic = (volatile uint32_t *)(uint64_t)IOAPIC_BASE_DEFAULT;

	trap_set(VECTOR, on_receive);
	mmio_write32(ioapic, 0x10 + 2 * COM2_IRQ + 1);
	mmio_write32(ioapic + 4, this_cpu()->apic_id << 24);
	mmio_write32(ioapic, 0x10 + 2 * COM2_IRQ);
	mmio_write32(ioapic + 4, VECTOR);
	outb(COM2 + 3, 3);
	outb(COM2 + 2, 7);
	outb(COM2 + 1, IER_RX);
	line_listen(true);
}

void line_listen(bool on)
{
	outb(COM2 + 4, MCR_DTR_OUT2 | (on ? MCR_RTS : 0));
}

void line_deaf(bool on)
{
	outb(COM2 + 1, on ? 0 : IER_RX);
}

void line_send(uint32_t nr, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < nr; i++) {
		while (!(inb(COM2 + 6) & MSR_CTS))
			cpu_pause();
		outb(COM2, pattern(seed, i));
	}
}

uint64_t line_received(void)
{
	return (uint64_t)sum << 32 | nr_bytes;
}

void line_clear(void)
{
	nr_bytes = sum = 0;
}
