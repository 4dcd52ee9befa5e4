/* SPDX-License-Identifier: BSD-3-Clause */
/* TSC rate: from the hypervisor's leaf, CPUID 0x15, or measured against the PIT. */
#include "lib/clock.h"

#include "lib/platform.h"
#include "public/hypercall.h"
#include "x86/insn.h"

#define PIT_HZ		1193182u
#define PIT_CH2		0x42
#define PIT_CMD		0x43
#define PORT_B		0x61
#define PIT_TICKS	11932u	/* 10 ms */

static uint64_t khz;

static uint64_t khz_by_pit(void)
{
	uint64_t start;

	outb(PORT_B, (uint8_t)((inb(PORT_B) & ~2u) | 1u));
	outb(PIT_CMD, 0xb0);	/* channel 2, both bytes, mode 0 */
	outb(PIT_CH2, PIT_TICKS & 0xff);
	outb(PIT_CH2, PIT_TICKS >> 8);
	start = rdtsc();
	while (!(inb(PORT_B) & 0x20u))
		;
	return (rdtsc() - start) * PIT_HZ / PIT_TICKS / 1000;
}

void clock_init(void)
{
	struct cpuid_regs r = { 0 };

	if (platform_is_vm())
		khz = cpuid(HV_CPUID_TIMING, 0).eax;
	if (!khz && cpuid(0, 0).eax >= 0x15)
		r = cpuid(0x15, 0);
	if (!khz && r.eax && r.ebx && r.ecx)
		khz = (uint64_t)r.ecx * r.ebx / r.eax / 1000;
	if (!khz)
		khz = khz_by_pit();
}

uint64_t clock_khz(void)
{
	return khz;
}

uint64_t clock_from_us(uint64_t us)
{
	return us * khz / 1000;
}

void clock_wait_us(uint64_t us)
{
	uint64_t end = rdtsc() + clock_from_us(us);

	while (rdtsc() < end)
		cpu_pause();
}

bool clock_wait_change(const volatile uint32_t *word, uint32_t old, uint64_t us)
{
	uint64_t end = rdtsc() + clock_from_us(us);

	while (*word == old) {
		if (rdtsc() > end)
			return false;
		cpu_pause();
	}
	return true;
}
