/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A user VM for acrn-dm that takes orders: from the power button, and over COM2, its line to the Service VM, from life_mngr
 * (doc/feature/life-mngr.md). It powers off when told. A line typed at its console is said again. Words of its command line:
 *
 *	spin	uses its CPU all the time, else it sleeps between looks
 *	stuck	answers, and stays on
 */
#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/main.h"
#include "lib/power.h"
#include "lib/string.h"
#include "lib/trap.h"
#include "lib/types.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define NAME		"worker"
#define COM1		0x3f8u
#define COM2		0x2f8u
#define LSR		5u
#define MCR		4u
#define LSR_DATA	1u
#define MCR_OPEN	0x0bu		/* DTR RTS OUT2 */
#define PM1_STATUS	0x400u
#define PM1_ENABLE	0x402u
#define PM1_CONTROL	0x404u
#define PM1_BUTTON	0x100u		/* ACPI 6.4, 4.8.3.1.1: PWRBTN_STS, PWRBTN_EN */
#define S5_REQUEST	(1u << 13 | 5u << 10)	/* 4.8.3.2.1: SLP_EN, SLP_TYP 5 */
#define TIMER		0xe1u
#define LOOK_US		5000u
#define LOOKS_A_SECOND	200u

static bool known, stuck;
static char heard[64];
static unsigned int nr_heard;

static void on_timer(struct trap_frame *frame __unused)
{
	apic_eoi();
}

static void go_off(const char *why)
{
	printf("MANAGED: %s\n", why);
	if (stuck)
		return;
	console_flush();
	outw(PM1_CONTROL, S5_REQUEST);
	power_off();
}

/* With its zero, which ends a message. */
static void say(const char *text)
{
	do
		outb(COM2, (uint8_t)*text);
	while (*text++);
}

static void obey(const char *order)
{
	if (!strcmp(order, "ack_sync")) {
		known = true;
	} else if (!strcmp(order, "user_vm_shutdown")) {
		say("ack_user_vm_shutdown");
		go_off("told to shut down");
	} else if (!strcmp(order, "poweroff_cmd")) {
		say("ack_poweroff");
		go_off("told to power off");
	}
}

static void listen(void)
{
	while (inb(COM2 + LSR) & LSR_DATA) {
		heard[nr_heard] = (char)inb(COM2);
		if (heard[nr_heard] && nr_heard < sizeof(heard) - 1) {
			nr_heard++;
			continue;
		}
		heard[nr_heard] = 0;
		nr_heard = 0;
		obey(heard);
	}
}

static void echo(void)
{
	static char line[32];
	static unsigned int n;

	while (inb(COM1 + LSR) & LSR_DATA) {
		line[n] = (char)inb(COM1);
		if (line[n] != '\r' && line[n] != '\n' && n < sizeof(line) - 1) {
			n++;
			continue;
		}
		line[n] = 0;
		n = 0;
		printf("MANAGED: heard %s\n", line);
	}
}

static void pass_time(bool spins)
{
	if (spins) {
		clock_wait_us(LOOK_US);
		return;
	}
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + clock_from_us(LOOK_US));
	cpu_sti_hlt_cli();
}

void guest_main(void)
{
	bool spins = args_has("spin");
	unsigned int n;

	stuck = args_has("stuck");
	trap_set(TIMER, on_timer);
	apic_setup();
	apic_write(APIC_LVT_TIMER, TIMER | APIC_LVT_TIMER_TSC_DEADLINE);
	outw(PM1_ENABLE, PM1_BUTTON);
	outb(COM2 + MCR, MCR_OPEN);
	printf("MANAGED: up\n");
	for (n = 0;; n++) {
		if (!known && n % LOOKS_A_SECOND == 0)
			say("sync:" NAME);
		listen();
		echo();
		if (inw(PM1_STATUS) & PM1_BUTTON) {
			outw(PM1_STATUS, PM1_BUTTON);
			go_off("power button");
		}
		pass_time(spins);
	}
}
