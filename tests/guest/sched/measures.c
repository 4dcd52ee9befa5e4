/* SPDX-License-Identifier: BSD-3-Clause */
/* VMs that measure a promise: how late a deadline is, how much a budget lets through. */
#include "sched/sched.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define VECTOR		0xe2u
#define PERIOD_US	1000u
#define LATE_LIMIT	3000u	/* instructions */

static volatile uint64_t woken_at;

static void wake(struct trap_frame *frame __unused)
{
	woken_at = rdtsc();
	apic_eoi();
}

/* Argument `late`: the most instructions from deadline to handler. */
void role_latency(void)
{
	uint64_t limit = args_number("late", LATE_LIMIT), period = clock_from_us(args_number("period", PERIOD_US));
	uint64_t worst = 0, sum = 0, nr = 0, early = 0, deadline, gap;
	struct presence p;

	/* The first line may stand behind the shell's prompt, where nobody counts it. */
	report_info("at most %lu instructions late", limit);
	trap_set(VECTOR, wake);
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_TSC_DEADLINE);
	presence_begin(&p);
	cpu_cli();
	for (deadline = rdtsc() + period; presence_look(&p, &gap); deadline += period) {
		woken_at = 0;
		wrmsr(MSR_TSC_DEADLINE, deadline);
		while (!woken_at)
			cpu_sti_hlt_cli();
		early += woken_at < deadline;
		worst = MAX(worst, woken_at - deadline);
		sum += woken_at - deadline;
		nr++;
	}
	report(!early, "none of %lu deadlines came early", nr);
	report(nr > 1000 && worst <= limit, "woken at most %lu instructions late, on the average %lu; at most %lu are promised", worst,
	       nr ? sum / nr : 0, limit);
}

#define NR_RUNS		4096u

static struct {
	uint64_t start, end;
} runs[NR_RUNS];

/* The most run time in a window of `period` that begins with a run. */
static uint64_t most_in(uint64_t period, uint32_t nr)
{
	uint64_t most = 0, sum, limit;
	uint32_t i, j;

	for (i = 0; i < nr; i++) {
		limit = runs[i].start + period;
		sum = 0;
		for (j = i; j < nr && runs[j].start < limit; j++)
			sum += MIN(runs[j].end, limit) - runs[j].start;
		most = MAX(most, sum);
	}
	return most;
}

/* Arguments `budget` and `period`, us, as in the scenario; `slack`: instructions of one path. Others must want the CPU. */
void role_budget(void)
{
	uint64_t budget = clock_from_us(args_number("budget", 0)), period = clock_from_us(args_number("period", 0));
	uint64_t slack = args_number("slack", LATE_LIMIT), most, gap;
	struct presence p;
	uint32_t nr = 0;

	presence_begin(&p);
	runs[0].start = rdtsc();
	while (presence_look(&p, &gap) && nr < NR_RUNS - 1) {
		if (gap)
			runs[++nr].start = p.last;
		runs[nr].end = p.last;
	}
	cpu_cli();
	most = most_in(period, nr + 1);
	presence_report(&p);
	report(nr > 10 && most <= budget + slack, "in %u runs at most %lu ticks in any %lu, its budget is %lu", nr + 1, most, period,
	       budget);
}
