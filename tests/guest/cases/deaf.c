/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM that keeps IF clear and never pauses: it keeps its own interrupts out, not the hypervisor's. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/insn.h"

#define TIMER		0xe4u
#define DEAF_MS		20u
#define TIMER_US	100u

static volatile uint32_t nr_timer;

static void on_timer(struct trap_frame *frame __unused)
{
	nr_timer++;
	apic_eoi();
}

void case_deaf(void)
{
	uint64_t ms = args_number("ms", DEAF_MS), end;

	trap_set(TIMER, on_timer);
	nr_timer = 0;
	printf("deaf: IF is clear for %lu ms\n", ms);
	end = rdtsc() + clock_from_us(ms * 1000);
	apic_write(APIC_TDCR, APIC_TDCR_BY_1);
	apic_write(APIC_LVT_TIMER, TIMER);
	apic_write(APIC_TMICT, (uint32_t)clock_from_us(TIMER_US));
	while (rdtsc() < end)
		;
	report(!nr_timer, "no interrupt in %lu ms with IF clear (%u)", ms, nr_timer);
	cpu_sti_nop_cli();
	report(nr_timer == 1, "the timer's came with STI (%u)", nr_timer);
	trap_set(TIMER, NULL);
}
