/* SPDX-License-Identifier: BSD-3-Clause */
/* HLT: everything that should wake it does, also in the narrowest moment. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/report.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define TIMER		0xe1u
#define IPI		0x48u
#define ROUNDS		2000u

static volatile uint32_t nr_timer, nr_ipi, nr_nmi;

static void on_timer(struct trap_frame *frame __unused)
{
	nr_timer++;
	apic_eoi();
}

static void on_ipi(struct trap_frame *frame __unused)
{
	nr_ipi++;
	apic_eoi();
}

static void on_nmi(struct trap_frame *frame __unused)
{
	nr_nmi++;
}

/* Deadlines that come before, in and after the HLT: a lost one hangs, and the runner's time-out tells. */
static void test_race(void)
{
	uint64_t rounds = args_number("rounds", ROUNDS), i, distance = 50;

	if (!(cpuid(1, 0).ecx & 1u << 24)) {
		report_skip("deadlines around HLT: no TSC deadline");
		return;
	}
	apic_write(APIC_LVT_TIMER, TIMER | APIC_LVT_TIMER_TSC_DEADLINE);
	nr_timer = 0;
	for (i = 0; i < rounds; i++) {
		distance = (distance * 5 + 7) % 4001;
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + distance);
		while (nr_timer <= i)
			cpu_sti_hlt_cli();
	}
	report_eq(nr_timer, rounds, "%lu deadlines around HLT: none is lost, none comes twice", rounds);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
}

static void test_pending(void)
{
	nr_ipi = 0;
	apic_icr(apic_id(), APIC_ICR_ASSERT | IPI);
	cpu_sti_hlt_cli();
	report_eq(nr_ipi, 1, "an interrupt that waits ends STI, HLT at once");
}

struct request {
	uint32_t dest, low;
	uint64_t delay_us;
};

static void send_later(void *arg)
{
	const struct request *r = arg;

	clock_wait_us(r->delay_us);
	apic_icr(r->dest, r->low);
}

static void test_ipi(void)
{
	struct request r = { cpus[0].apic_id, APIC_ICR_ASSERT | IPI, 100 };

	nr_ipi = 0;
	smp_send(1, send_later, &r);
	while (!nr_ipi)
		cpu_sti_hlt_cli();
	report_eq(nr_ipi, 1, "an IPI from another CPU wakes it");
	smp_wait(1, 10000);
	r.low = APIC_ICR_DM_NMI | APIC_ICR_ASSERT;
	nr_nmi = 0;
	smp_send(1, send_later, &r);
	cpu_hlt();
	report_eq(nr_nmi, 1, "an NMI wakes it with interrupts off");
	smp_wait(1, 10000);
}

void case_hlt(void)
{
	trap_set(TIMER, on_timer);
	trap_set(IPI, on_ipi);
	trap_set(EXC_NMI, on_nmi);
	apic_setup();
	test_pending();
	test_race();
	if (smp_count() > 1)
		test_ipi();
	trap_set(TIMER, NULL);
	trap_set(IPI, NULL);
	trap_set(EXC_NMI, NULL);
}
