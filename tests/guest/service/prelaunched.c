/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pre-launched VM beside the Service VM. By itself it only tells what its hypercalls give; with argument ticks=N it is a
 * real-time program: it owns its local APIC, sets N deadlines `period` microseconds apart and tells how each was met.
 */
#include "service/service.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/trap.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define TICK_VECTOR	0x60u
#define DEFAULT_PERIOD	100u

static uint64_t deadline, period, worst;
static volatile uint64_t nr_ticks;
static uint64_t nr_missed, nr_early;

static void tick(struct trap_frame *f __unused)
{
	uint64_t now = rdtsc();

	nr_ticks++;
	nr_early += now < deadline;
	if (now - deadline > worst && now > deadline)
		worst = now - deadline;
	deadline += period;
	/* Deadlines that passed meanwhile would have been ticks. */
	for (; deadline < now; deadline += period)
		nr_missed++;
	apic_eoi();
	wrmsr(MSR_TSC_DEADLINE, deadline);
}

static void run(uint64_t n)
{
	if (!apic_use_x2(true)) {
		printf("PRE: FAIL: no x2APIC mode\n");
		return;
	}
	period = clock_from_us(args_number("period", DEFAULT_PERIOD));
	trap_set(TICK_VECTOR, tick);
	apic_write(APIC_LVT_TIMER, APIC_LVT_TIMER_TSC_DEADLINE | TICK_VECTOR);
	printf("PRE: ticking, one of %lu every %lu\n", n, period);
	deadline = rdtsc() + period;
	wrmsr(MSR_TSC_DEADLINE, deadline);
	while (nr_ticks < n)
		cpu_sti_hlt_cli();
	wrmsr(MSR_TSC_DEADLINE, 0);
	printf("PRE: done, %lu ticks, %lu missed, %lu early, latest by %lu\n", nr_ticks, nr_missed, nr_early, worst);
}

void prelaunched_main(void)
{
	uint64_t n = args_number("ticks", 0);

	prelaunched_calls();
	if (n)
		run(n);
	for (;;)
		cpu_sti_hlt_cli();
}
