/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A user VM's kernel that measures accesses the device model answers: guest ->
 * hypervisor -> HSM -> acrn-dm and back. Stays for a while, so that others may
 * look at acrn-dm's memory, unless told to be "brief".
 */
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/main.h"
#include "lib/power.h"
#include "bench/lib/ticks.h"

#define PM_TIMER_PORT	0x408u
#define PM1_CNT_PORT	0x404u
#define S5_REQUEST	(1u << 13 | 5u << 10)	/* ACPI 6.4, 4.8.3.2.1: SLP_EN, SLP_TYP 5 */
#define HPET_COUNTER	0xfed000f0ul
#define STAY_US		2000000u

void guest_main(void)
{
	ticks_init();
	ROUND_TRIPS("port_dm", inl(PM_TIMER_PORT));
	ROUND_TRIPS("mmio_dm", mmio_read32((const volatile void *)HPET_COUNTER));
	printf("BENCH-DM: done\n");
	if (!args_has("brief"))
		clock_wait_us(STAY_US);
	outw(PM1_CNT_PORT, S5_REQUEST);
	power_off();
}
