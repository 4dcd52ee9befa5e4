/* SPDX-License-Identifier: BSD-3-Clause */
/* Machine reset and power-off. */
#include "hw/power.h"

#include "cpu/tsc.h"
#include "hw/acpi.h"
#include "log/console.h"
#include "log/panic.h"
#include "x86/insn.h"

#define RESET_CONTROL_PORT	0xcf9	/* PCI chip sets: bit 1 full reset, bit 2 do it */
#define KEYBOARD_COMMAND_PORT	0x64
#define KEYBOARD_PULSE_RESET	0xfe
#define TRY_US			50000u	/* what each way gets to take effect */

/* PM1 control (ACPI 6.5, 4.8.3.2.1). */
#define PM1_SCI_EN		(1u << 0)
#define PM1_SLP_TYP_SHIFT	10
#define PM1_SLP_TYP_MASK	(7u << 10)
#define PM1_SLP_EN		(1u << 13)

/* See the header. */
void power_reset(void)
{
	static const struct desc_ptr no_idt;

	cpu_cli();
	if (acpi.reset_port) {
		outb(acpi.reset_port, acpi.reset_value);
		tsc_delay_us(TRY_US);
	}
	outb(RESET_CONTROL_PORT, 0x02);
	outb(RESET_CONTROL_PORT, 0x06);
	tsc_delay_us(TRY_US);
	outb(KEYBOARD_COMMAND_PORT, KEYBOARD_PULSE_RESET);
	tsc_delay_us(TRY_US);
	/* No IDT: the first exception becomes a shutdown, which every chip set answers by a reset. */
	lidt(&no_idt);
	__builtin_trap();
}

/* Hands power management to the ACPI hardware where firmware still holds it (4.8.2.5). */
static void acpi_mode_enter(void)
{
	if (!acpi.smi_cmd || !acpi.acpi_enable || (inw(acpi.pm1a_cnt) & PM1_SCI_EN))
		return;
	outb(acpi.smi_cmd, acpi.acpi_enable);
	for (uint32_t ms = 0; ms < 300 && !(inw(acpi.pm1a_cnt) & PM1_SCI_EN); ms++)
		tsc_delay_us(1000);
}

static void sleep_enter(uint16_t port, uint8_t type)
{
	uint16_t v = inw(port) & (uint16_t)~PM1_SLP_TYP_MASK;

	v |= (uint16_t)((uint32_t)type << PM1_SLP_TYP_SHIFT);
	outw(port, v);
	outw(port, (uint16_t)(v | PM1_SLP_EN));
}

/* See the header. */
void power_off(void)
{
	cpu_cli();
	if (acpi.pm1a_cnt && acpi.s5_found) {
		acpi_mode_enter();
		sleep_enter(acpi.pm1a_cnt, acpi.s5_typa);
		if (acpi.pm1b_cnt)
			sleep_enter(acpi.pm1b_cnt, acpi.s5_typb);
		tsc_delay_us(TRY_US);
	}
	console_printf("power: this machine cannot switch itself off; halted\n");
	panic_halt();
}
