/* SPDX-License-Identifier: BSD-3-Clause */
/* The local APIC's timer: it never fires early; how late is printed. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define VECTOR		0xe0u
#define LOW_VECTOR	0x70u
#define HAND_OVER_US	30000u	/* longer than the hypervisor's line on the console about it */
#define LATE_LIMIT_US	200u	/* of emulated time; a bound for a hang, the bench measures */

static volatile uint32_t nr_fired;
static volatile uint64_t fired_at;
static uint64_t ticks_per_count;	/* TSC ticks of a timer count with divisor 1, in 1/1024 */

static void fire(struct trap_frame *frame __unused)
{
	fired_at = rdtsc();
	nr_fired++;
	apic_eoi();
}

/* Waits with HLT until it has fired `n` times or the time is over. */
static bool wait_fired(uint32_t n, uint64_t us)
{
	uint64_t end = rdtsc() + clock_from_us(us);

	while (nr_fired < n && rdtsc() < end) {
		cpu_sti();
		cpuid(0, 0);
		cpu_cli();
	}
	return nr_fired >= n;
}

/* Takes what is pending still: printing takes longer than the times here. */
static void drain(void)
{
	cpu_sti();
	cpuid(0, 0);
	cpu_cli();
	nr_fired = 0;
}

static uint64_t counts_of_us(uint64_t us)
{
	return clock_from_us(us) * 1024 / ticks_per_count;
}

static void calibrate(void)
{
	uint64_t start, end;
	uint32_t left;

	apic_write(APIC_TDCR, APIC_TDCR_BY_1);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR);
	apic_write(APIC_TMICT, ~0u);
	start = rdtsc();
	clock_wait_us(2000);
	left = apic_read(APIC_TMCCT);
	end = rdtsc();
	apic_write(APIC_TMICT, 0);
	ticks_per_count = (end - start) * 1024 / (~0u - left);
	report_info("a timer count is %lu/1024 TSC ticks", ticks_per_count);
	if (platform_is_vm())
		report(ticks_per_count > 1014 && ticks_per_count < 1034, "the timer's clock is the TSC");
}

static void test_oneshot(void)
{
	uint64_t want, start;

	nr_fired = 0;
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_ONESHOT);
	start = rdtsc();
	apic_write(APIC_TMICT, (uint32_t)counts_of_us(1000));
	want = start + clock_from_us(990);	/* the rate was measured: 1 % */
	report(wait_fired(1, 3000), "one-shot: fires");
	report(fired_at >= want, "one-shot: not early");
	report((int64_t)(fired_at - want) < (int64_t)clock_from_us(10 + LATE_LIMIT_US), "one-shot: %ld ticks behind 0.99 ms",
	       (int64_t)(fired_at - want));
	report(!wait_fired(2, 3000), "one-shot: fires once");
	report_eq(apic_read(APIC_TMCCT), 0, "one-shot: the count stays 0");
}

static void test_count(void)
{
	uint32_t a, b;

	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR);
	apic_write(APIC_TMICT, 10000000);
	a = apic_read(APIC_TMCCT);
	cpuid(0, 0);
	b = apic_read(APIC_TMCCT);
	report(a <= 10000000 && b < a && b, "the current count goes down (%u, %u)", a, b);
	report_eq(apic_read(APIC_TMICT), 10000000, "the initial count reads back");
	apic_write(APIC_TMICT, 0);
	report_eq(apic_read(APIC_TMCCT), 0, "an initial count of 0 stops it");
}

static void test_masked(void)
{
	nr_fired = 0;
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR);
	apic_write(APIC_TMICT, (uint32_t)counts_of_us(100));
	report(!wait_fired(1, 500), "masked: it does not fire");
	apic_write(APIC_LVT_TIMER, VECTOR);
	report(!wait_fired(1, 500), "unmasked later: what was missed stays missed");
}

static void test_periodic(void)
{
	uint64_t start, elapsed, want;
	bool all;

	nr_fired = 0;
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_PERIODIC);
	start = rdtsc();
	apic_write(APIC_TMICT, (uint32_t)counts_of_us(500));
	all = wait_fired(20, 20000);
	elapsed = fired_at - start;
	apic_write(APIC_TMICT, 0);
	report(all, "periodic: fires again and again");
	want = clock_from_us(500) * 20;
	report(elapsed > want * 98 / 100 && elapsed < want * 102 / 100 + clock_from_us(LATE_LIMIT_US),
	       "periodic: 20 periods take %lu ticks of %lu", elapsed, want);
	drain();
	report(!wait_fired(1, 2000), "periodic: stopped, it is silent");
}

static void test_divider(void)
{
	uint64_t start;

	nr_fired = 0;
	apic_write(APIC_LVT_TIMER, VECTOR);
	apic_write(APIC_TDCR, APIC_TDCR_BY_16);
	start = rdtsc();
	apic_write(APIC_TMICT, (uint32_t)counts_of_us(1000) / 16);
	report(wait_fired(1, 3000) && fired_at - start > clock_from_us(980), "divided by 16 it is 16 times slower");
	apic_write(APIC_TDCR, APIC_TDCR_BY_1);
}

static void test_disarm(void)
{
	uint64_t deadline = rdtsc() + clock_from_us(1000), got;
	bool fired;

	drain();
	wrmsr(MSR_TSC_DEADLINE, deadline);
	got = rdmsr(MSR_TSC_DEADLINE);
	wrmsr(MSR_TSC_DEADLINE, 0);
	fired = wait_fired(1, 2000);
	report_eq(got, deadline, "deadline: reads back while it is armed");
	report(!fired, "deadline: 0 disarms it");
	apic_write(APIC_TMICT, 1000);
	report(apic_read(APIC_TMCCT) == 0 && !wait_fired(1, 1000), "deadline: the initial count does nothing");
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + clock_from_us(500));
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_ONESHOT);
	report(!wait_fired(1, 1500), "deadline: leaving the mode disarms it");
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + 100);
	report_eq(rdmsr(MSR_TSC_DEADLINE), 0, "deadline: ignored in the other modes");
}

static void test_deadline(void)
{
	uint64_t deadline, worst = 0, early = 0;
	unsigned int i, missed = 0;

	if (!(cpuid(1, 0).ecx & 1u << 24)) {
		report_skip("TSC deadline: CPUID does not show it");
		return;
	}
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_TSC_DEADLINE);
	drain();
	for (i = 0; i < 50; i++) {
		nr_fired = 0;
		deadline = rdtsc() + clock_from_us(20) + i * 997;
		wrmsr(MSR_TSC_DEADLINE, deadline);
		if (!wait_fired(1, 5000)) {
			missed++;
			continue;
		}
		early += fired_at < deadline;
		if (fired_at - deadline > worst)
			worst = fired_at - deadline;
	}
	report(!missed, "deadline: 50 of 50 fire (%u missed)", missed);
	report(!early, "deadline: none is early");
	report(worst < clock_from_us(LATE_LIMIT_US), "deadline: at most %lu ticks late", worst);
	if (platform_is_vm() && !args_number("lapic_pt", 0))	/* the emulated hardware leaves it */
		report_eq(rdmsr(MSR_TSC_DEADLINE), 0, "deadline: reads 0 when it has fired");
	nr_fired = 0;
	wrmsr(MSR_TSC_DEADLINE, rdtsc() - 1);
	report(wait_fired(1, 1000), "deadline: one that has passed fires at once");
	test_disarm();
}

/* The deadline means guest time: moving the TSC moves it. */
static void test_deadline_moves(void)
{
	uint64_t deadline, start;

	if (!(cpuid(1, 0).ecx & 1u << 24) || !platform_is_vm())
		return;
	drain();
	deadline = rdtsc() + clock_from_us(100000);
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_TSC_DEADLINE);
	wrmsr(MSR_TSC_DEADLINE, deadline);
	start = rdtsc();
	wrmsr(MSR_TSC, deadline - clock_from_us(50));
	report(wait_fired(1, 2000) && fired_at >= deadline, "deadline: setting the TSC forward brings it nearer");
	wrmsr(MSR_TSC, rdtsc() - deadline + start);
}

static void in_mode(void)
{
	apic_setup();
	calibrate();
	test_count();
	test_oneshot();
	test_masked();
	test_periodic();
	test_divider();
	test_deadline();
	test_deadline_moves();
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
}

/* ---- the guest takes the real local APIC with things armed, waiting and in service ---- */

static volatile uint64_t nr_low, nr_in_service, nr_nested;

static void low(struct trap_frame *frame __unused)
{
	nr_low++;
	apic_eoi();
}

static bool wait_low(uint64_t n)
{
	cpu_sti();
	cpuid(0, 0);
	cpu_cli();
	return nr_low == n;
}

/* As apic_use_x2(true), but nothing is set up anew: the registers are to come along. */
static void switch_to_x2(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_EXTD);
	this_cpu()->x2apic = true;
}

static void back_to_virtual(uint32_t lvt)
{
	apic_use_x2(false);
	drain();
	apic_write(APIC_TDCR, APIC_TDCR_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR | lvt);
}

static void hand_over_counting(uint32_t lvt, const char *what)
{
	uint64_t ticks = clock_from_us(HAND_OVER_US), start;

	back_to_virtual(lvt);
	start = rdtsc();
	apic_write(APIC_TMICT, (uint32_t)ticks);	/* the virtual timer's clock is the TSC */
	switch_to_x2();
	report(wait_fired(1, 4 * HAND_OVER_US) && fired_at >= start + ticks, "handed over: %s timer fires, not early", what);
	report(fired_at - start < 2 * ticks + clock_from_us(LATE_LIMIT_US), "handed over: %s timer: %lu ticks for %lu", what,
	       fired_at - start, ticks);
	if (lvt == APIC_LVT_TIMER_PERIODIC) {
		wait_fired(nr_fired + 2, 4 * HAND_OVER_US);	/* one may have waited for the report */
		start = fired_at;
		report(wait_fired(nr_fired + 10, 20 * HAND_OVER_US), "handed over: the periodic timer goes on");
		report(fired_at - start > ticks * 98 / 10 && fired_at - start < ticks * 102 / 10 + clock_from_us(LATE_LIMIT_US),
		       "handed over: 10 periods take %lu ticks of %lu", fired_at - start, 10 * ticks);
	}
	apic_write(APIC_TMICT, 0);
}

static void hand_over_deadline(void)
{
	uint64_t shift = clock_from_us(700000), deadline;

	back_to_virtual(APIC_LVT_TIMER_TSC_DEADLINE);
	wrmsr(MSR_TSC, rdtsc() + shift);
	deadline = rdtsc() + clock_from_us(HAND_OVER_US);
	wrmsr(MSR_TSC_DEADLINE, deadline);
	switch_to_x2();
	report_eq(rdmsr(MSR_TSC_DEADLINE), deadline, "handed over: the deadline reads back in guest time");
	report(wait_fired(1, 4 * HAND_OVER_US) && fired_at >= deadline && fired_at - deadline < clock_from_us(LATE_LIMIT_US),
	       "handed over: the deadline of a guest that set its TSC");
	wrmsr(MSR_TSC, rdtsc() - shift);
}

static void hand_over_waiting(void)
{
	back_to_virtual(APIC_LVT_MASKED);
	nr_low = 0;
	apic_icr(apic_id(), APIC_ICR_DM_FIXED | APIC_ICR_ASSERT | LOW_VECTOR);
	apic_icr(apic_id(), APIC_ICR_DM_FIXED | APIC_ICR_ASSERT | VECTOR);
	switch_to_x2();
	report(!nr_fired && !nr_low, "handed over: what waits does not come while IF is clear");
	report(wait_fired(1, 100) && wait_low(1), "handed over: what waits comes");
	report(!wait_fired(2, 100) && nr_low == 1, "handed over: and comes once");
}

/* The handler of VECTOR hands over; a lower one must wait for its EOI. */
static void hand_over_in_handler(struct trap_frame *frame __unused)
{
	switch_to_x2();
	nr_in_service += apic_bit(APIC_ISR0, VECTOR);
	apic_icr(apic_id(), APIC_ICR_DM_FIXED | APIC_ICR_ASSERT | LOW_VECTOR);
	cpu_sti();
	cpuid(0, 0);
	cpu_cli();
	nr_nested += nr_low;
	apic_eoi();
	nr_in_service += apic_bit(APIC_ISR0, VECTOR);
}

static void hand_over_in_service(void)
{
	back_to_virtual(APIC_LVT_MASKED);
	nr_low = nr_in_service = nr_nested = 0;
	trap_set(VECTOR, hand_over_in_handler);
	apic_icr(apic_id(), APIC_ICR_DM_FIXED | APIC_ICR_ASSERT | VECTOR);
	drain();
	trap_set(VECTOR, fire);
	report_eq(nr_in_service, 1, "handed over: what is in service stays so until its EOI");
	report(!nr_nested && wait_low(1), "handed over: a lower one waits for that EOI");
}

static void test_hand_over(void)
{
	trap_set(LOW_VECTOR, low);
	hand_over_counting(APIC_LVT_TIMER_ONESHOT, "the one-shot");
	hand_over_counting(APIC_LVT_TIMER_PERIODIC, "the periodic");
	hand_over_deadline();
	hand_over_waiting();
	hand_over_in_service();
	apic_use_x2(false);
	trap_set(LOW_VECTOR, NULL);
}

void case_timer(void)
{
	trap_set(VECTOR, fire);
	apic_each_mode(in_mode);
	if (args_number("lapic_pt", 0))
		test_hand_over();
	trap_set(VECTOR, NULL);
}
