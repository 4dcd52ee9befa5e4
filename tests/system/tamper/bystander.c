/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A user VM that lives on beside bad input: it answers every character on its serial port
 * by a numbered line, and "q" by its power-off.
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/main.h"
#include "lib/power.h"
#include "lib/trap.h"
#include "lib/types.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define COM1_DATA	0x3f8u
#define COM1_LSR	0x3fdu
#define LSR_DATA	1u
#define PM1_CNT_PORT	0x404u
#define S5_REQUEST	(1u << 13 | 5u << 10)	/* ACPI 6.4, 4.8.3.2.1: SLP_EN, SLP_TYP 5 */
#define TIMER		0xe1u
#define LOOK_US		5000u

static void on_timer(struct trap_frame *frame __unused)
{
	apic_eoi();
}

/* Sleeping, so that an emulator has time for the others. */
static char wait_character(void)
{
	while (!(inb(COM1_LSR) & LSR_DATA)) {
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + clock_from_us(LOOK_US));
		cpu_sti_hlt_cli();
	}
	return (char)inb(COM1_DATA);
}

void guest_main(void)
{
	unsigned int n = 0;

	trap_set(TIMER, on_timer);
	apic_setup();
	apic_write(APIC_LVT_TIMER, TIMER | APIC_LVT_TIMER_TSC_DEADLINE);
	printf("BYSTANDER: up\n");
	while (wait_character() != 'q')
		printf("BYSTANDER: here %u\n", ++n);
	printf("BYSTANDER: done\n");
	console_flush();
	outw(PM1_CNT_PORT, S5_REQUEST);
	power_off();
}
