/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A user VM's kernel that measures accesses the device model answers: guest ->
 * hypervisor -> HSM -> acrn-dm and back. Prints "BENCH NAME TICKS" (median).
 */
#include "lib/console.h"
#include "lib/main.h"
#include "lib/power.h"
#include "lib/types.h"
#include "x86/insn.h"

#define PM_TIMER_PORT	0x408u
#define PM1_CNT_PORT	0x404u
#define S5_REQUEST	(1u << 13 | 5u << 10)	/* ACPI 6.4, 4.8.3.2.1: SLP_EN, SLP_TYP 5 */
#define HPET_COUNTER	0xfed000f0ul
#define ROUNDS		301u

static uint32_t ticks[ROUNDS];

static void read_port(void)
{
	(void)inl(PM_TIMER_PORT);
}

static void read_mmio(void)
{
	(void)mmio_read32((const volatile void *)HPET_COUNTER);
}

static uint32_t median(void)
{
	unsigned int i, j;

	for (i = 1; i < ROUNDS; i++) {
		uint32_t v = ticks[i];

		for (j = i; j && ticks[j - 1] > v; j--)
			ticks[j] = ticks[j - 1];
		ticks[j] = v;
	}
	return ticks[ROUNDS / 2];
}

static void measure(const char *name, void (*access)(void))
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		uint64_t start = rdtsc();

		access();
		ticks[i] = (uint32_t)(rdtsc() - start);
	}
	printf("BENCH %s %u\n", name, median());
}

void guest_main(void)
{
	measure("port_dm", read_port);
	measure("mmio_dm", read_mmio);
	printf("BENCH-DM: done\n");
	outw(PM1_CNT_PORT, S5_REQUEST);
	power_off();
}
