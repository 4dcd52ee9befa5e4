/* SPDX-License-Identifier: BSD-3-Clause */
/* The TSC's rate, as it is told, against the clock chip; the timer, which goes by it. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define RTC_INDEX	0x70
#define RTC_DATA	0x71
#define RTC_A		0xa
#define RTC_C		0xc
#define RATE_1024_HZ	6
#define PERIODIC	0x40
#define PERIODS		32u

#define VECTOR		0xe3u
#define ROUNDS		40u
#define LATE_LIMIT	30000u	/* ticks */

static volatile uint64_t fired_at;

static void fire(struct trap_frame *frame __unused)
{
	fired_at = rdtsc();
	apic_eoi();
}

static uint8_t rtc(uint8_t reg)
{
	outb(RTC_INDEX, reg);
	return inb(RTC_DATA);
}

/* The TSC when a period of 1/1024 s begins; 0 when none does. */
static uint64_t period(void)
{
	uint64_t now = rdtsc(), end = now + clock_from_us(5000);

	for (; now < end; now = rdtsc())
		if (rtc(RTC_C) & PERIODIC)
			return now;
	return 0;
}

static void test_rate(void)
{
	uint64_t want = args_number("tsc_khz", 0), start, end, is;
	unsigned int i;

	if (want)
		report_eq(clock_khz(), want, "the rate is the one asked for");
	if ((rtc(RTC_A) & 0x7f) != (0x20 | RATE_1024_HZ)) {
		report_skip("rate: no clock chip at 1024 Hz");
		return;
	}
	(void)period();
	start = period();
	for (i = 0, end = start; i < PERIODS && end; i++)
		end = period();
	if (!end) {
		report_skip("rate: the clock chip shows no periods");
		return;
	}
	is = (end - start) * 1024 / PERIODS / 1000;
	report(is * 100 > clock_khz() * 98 && is * 100 < clock_khz() * 102, "a second has %lu thousand ticks, %lu are told", is, clock_khz());
}

/* From `start` on, `ticks` are to pass before it fires. */
static void wait_fired(uint64_t start, uint64_t ticks, uint64_t *early, uint64_t *worst)
{
	while (!fired_at && rdtsc() < start + ticks + clock_from_us(10000))
		cpu_sti_hlt_cli();
	*early += fired_at < start + ticks;
	*worst = MAX(*worst, fired_at - (start + ticks));
}

static void test_timer(bool deadline)
{
	uint64_t early = 0, worst = 0, start, ticks;
	unsigned int i;

	trap_set(VECTOR, fire);
	apic_write(APIC_TDCR, APIC_TDCR_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR | (deadline ? APIC_LVT_TIMER_TSC_DEADLINE : 0));
	for (i = 0; i < ROUNDS; i++) {
		ticks = 50000 + 1237 * i;
		fired_at = 0;
		start = rdtsc();
		if (deadline)
			wrmsr(MSR_TSC_DEADLINE, start + ticks);
		else
			apic_write(APIC_TMICT, (uint32_t)ticks);
		wait_fired(start, ticks, &early, &worst);
	}
	report(!early, "%s: none of %u comes early", deadline ? "deadline" : "one-shot", ROUNDS);
	report(worst < LATE_LIMIT, "%s: at most %lu ticks late", deadline ? "deadline" : "one-shot", worst);
}

static void test_set(void)
{
	uint64_t old = rdtsc(), v;

	wrmsr(MSR_TSC, old + (1ul << 40));
	v = rdtsc() - old - (1ul << 40);
	report(v < clock_from_us(10000) && rdmsr(MSR_TSC) > old + (1ul << 40) + v, "the TSC goes on from what is written to it");
	wrmsr(MSR_TSC, old);
}

/* Argument `tsc_khz`: what the scenario asks for. */
void case_tsc(void)
{
	test_rate();
	if (!platform_is_vm()) {
		report_skip("timer: the bare machine's has another clock");
		return;
	}
	test_timer(false);
	test_set();
	test_timer(true);
}
