/* SPDX-License-Identifier: BSD-3-Clause */
#include "sched/sched.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define VECTOR		0xe3u
#define WINDOW_US	1500000u
#define NEAR		(1ul << 25)	/* so close to a boundary another VM may already be past it */

static void wake(struct trap_frame *frame __unused)
{
	apic_eoi();
}

/* Asleep: a VM of high priority that spins here would keep the others from getting ready for the same window. */
static void sleep_until(uint64_t tsc)
{
	trap_set(VECTOR, wake);
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_TSC_DEADLINE);
	while (rdtsc() < tsc) {
		wrmsr(MSR_TSC_DEADLINE, tsc);
		cpu_sti_hlt_cli();
	}
	trap_set(VECTOR, NULL);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
}

void presence_begin(struct presence *p)
{
	uint64_t now = rdtsc();
	uint32_t lvt = apic_read(APIC_LVT_TIMER);

	p->start = ALIGN_UP(now + NEAR, 1ul << WINDOW_SHIFT);
	p->end = p->start + clock_from_us(args_number("window", WINDOW_US));
	sleep_until(p->start);
	apic_write(APIC_LVT_TIMER, lvt);
	cpu_sti();
	p->last = p->start;
	p->own = p->longest_gap = 0;
	p->nr_gaps = 0;
	/* The first look may come late: the CPU was elsewhere. */
	presence_look(p, &now);
}

bool presence_look(struct presence *p, uint64_t *gap)
{
	uint64_t now = rdtsc(), since = (now < p->end ? now : p->end) - p->last;

	*gap = 0;
	if (since >= GAP_TICKS) {
		*gap = since;
		p->nr_gaps++;
		if (since > p->longest_gap)
			p->longest_gap = since;
	} else {
		p->own += since;
	}
	p->last = now;
	return now < p->end;
}

void presence_report(const struct presence *p)
{
	uint64_t want = args_number("share", 0), least = args_number("least", 0);
	uint64_t is = p->own * 10000 / (p->end - p->start);

	report_info("away %u times, for %lu ticks at most", p->nr_gaps, p->longest_gap);
	if (want)
		report(is * 100 >= want * 95 && is * 100 <= want * 105, "ran %lu of 10000 parts of the time, its share is %lu",
		       is, want);
	else if (least)
		report(is >= least, "ran %lu of 10000 parts of the time, %lu are promised", is, least);
	else
		report_info("ran %lu of 10000 parts of the time", is);
}
