/* SPDX-License-Identifier: BSD-3-Clause */
/* TSC frequency: from CPUID, or measured against a timer of known frequency. */
#include "cpu/tsc.h"

#include "cpu/features.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/hostmap.h"
#include "x86/cpuid.h"
#include "x86/insn.h"

#define WINDOW_US	10000ul		/* of a measurement; the HPET's 32-bit count lasts for minutes */

/* HPET (IA-PC HPET 1.0a, 2.3). */
#define HPET_CAP	0x0
#define HPET_CONFIG	0x10
#define HPET_COUNTER	0xf0
#define HPET_SIZE	0x400
#define HPET_ENABLE	1u
#define HPET_MAX_PERIOD	100000000u	/* femtoseconds */

/* ACPI PM timer (ACPI 6.5, 4.8.3.3): at least 24 bits. */
#define PM_TIMER_HZ	3579545ul
#define PM_TIMER_MASK	0xffffffu

/* PIT channel 2, its gate and its output (Intel 8254). */
#define PIT_HZ		1193182ul
#define PIT_CHANNEL2	0x42
#define PIT_COMMAND	0x43
#define PIT_ONE_SHOT_2	0xb0		/* channel 2, both bytes, mode 0 */
#define GATE_PORT	0x61
#define GATE_ON		0x01
#define SPEAKER_ON	0x02
#define GATE_OUTPUT	0x20

static uint64_t machine_khz;

/* CPUID 0x15: TSC/crystal ratio and the crystal; 0x16: base frequency in MHz. 0 when not told, or not to be believed. */
static uint64_t khz_from_cpuid(void)
{
	uint32_t max = cpuid(CPUID_LEAF_VENDOR, 0).eax;
	struct cpuid_regs r;

	if (!feature_has(FEAT_TSC_CPUID))
		return 0;
	if (max >= CPUID_LEAF_TSC) {
		r = cpuid(CPUID_LEAF_TSC, 0);
		if (r.eax && r.ebx && r.ecx)
			return (uint64_t)r.ecx * r.ebx / r.eax / 1000;
	}
	if (max >= CPUID_LEAF_FREQ)
		return (uint64_t)(cpuid(CPUID_LEAF_FREQ, 0).eax & 0xffff) * 1000;
	return 0;
}

static uint64_t khz_from_hpet(hpa_t base)
{
	uint8_t *regs = base.v ? hostmap_device(base, HPET_SIZE) : NULL;
	uint32_t period, begin, counts;
	uint64_t t0, want;

	if (!regs)
		return 0;
	period = mmio_read32(regs + HPET_CAP + 4);
	if (!period || period > HPET_MAX_PERIOD)
		return 0;
	mmio_write32(regs + HPET_CONFIG, mmio_read32(regs + HPET_CONFIG) | HPET_ENABLE);
	want = WINDOW_US * 1000000000ul / period;
	begin = mmio_read32(regs + HPET_COUNTER);
	t0 = rdtsc();
	for (uint32_t i = 0; ; i++) {
		counts = mmio_read32(regs + HPET_COUNTER) - begin;
		if (counts >= want)
			break;
		if (i > 100000 && !counts)
			return 0;	/* it stands still */
	}
	/* ticks / (counts * period fs) = ticks * 10^12 / (counts * period) per ms. */
	return (rdtsc() - t0) * 1000000ul / ((uint64_t)counts * period / 1000000ul);
}

static uint64_t khz_from_pm_timer(uint16_t port)
{
	uint64_t want = PM_TIMER_HZ * WINDOW_US / 1000000ul, t0;
	uint32_t begin, counts;

	if (!port)
		return 0;
	begin = inl(port);
	t0 = rdtsc();
	for (uint32_t i = 0; ; i++) {
		counts = (inl(port) - begin) & PM_TIMER_MASK;
		if (counts >= want)
			break;
		if (i > 100000 && !counts)
			return 0;
	}
	return (rdtsc() - t0) * PM_TIMER_HZ / counts / 1000;
}

static uint64_t khz_from_pit(void)
{
	uint32_t counts = PIT_HZ * WINDOW_US / 1000000ul;
	uint8_t gate = inb(GATE_PORT) & ~(GATE_ON | SPEAKER_ON);
	uint64_t t0, ticks;
	uint32_t polls = 0;

	outb(GATE_PORT, gate | GATE_ON);
	outb(PIT_COMMAND, PIT_ONE_SHOT_2);
	outb(PIT_CHANNEL2, (uint8_t)counts);
	outb(PIT_CHANNEL2, (uint8_t)(counts >> 8));
	t0 = rdtsc();
	while (!(inb(GATE_PORT) & GATE_OUTPUT) && ++polls < 10000000)
		;
	ticks = rdtsc() - t0;
	outb(GATE_PORT, gate);
	return polls < 10000000 ? ticks * PIT_HZ / counts / 1000 : 0;
}

/* See the header. */
void tsc_init(hpa_t hpet, uint16_t pm_timer_port)
{
	const char *source = "CPUID";

	machine_khz = khz_from_cpuid();
	if (!machine_khz) {
		source = "HPET";
		machine_khz = khz_from_hpet(hpet);
	}
	if (!machine_khz) {
		source = "ACPI PM timer";
		machine_khz = khz_from_pm_timer(pm_timer_port);
	}
	if (!machine_khz) {
		source = "PIT";
		machine_khz = khz_from_pit();
	}
	if (!machine_khz)
		panic("cannot find the TSC frequency: no CPUID leaf 0x15/0x16, HPET, ACPI PM timer or PIT");
	log_set_clock(machine_khz);
	log_info("TSC: %lu.%03lu MHz (from the %s)", machine_khz / 1000, machine_khz % 1000, source);
}

/* Ticks a millisecond. Any context. */
uint64_t tsc_khz(void)
{
	return machine_khz;
}

/* Ticks now. Any context. */
uint64_t tsc_now(void)
{
	return rdtsc();
}

/* Microseconds to ticks. Any context. */
uint64_t tsc_from_us(uint64_t us)
{
	return us / 1000 * machine_khz + us % 1000 * machine_khz / 1000;
}

/* Ticks to microseconds. Any context. */
uint64_t tsc_to_us(uint64_t ticks)
{
	return ticks / machine_khz * 1000 + ticks % machine_khz * 1000 / machine_khz;
}

/* See the header. */
void tsc_delay_us(uint64_t us)
{
	uint64_t end = tsc_now() + tsc_from_us(us);

	while ((int64_t)(tsc_now() - end) < 0)
		cpu_pause();
}
