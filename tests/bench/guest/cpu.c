/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What paths cost a guest. Words of the command line choose: "alone" the paths of
 * one CPU, "pair" those between two CPUs.
 */
#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/main.h"
#include "lib/report.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "bench/lib/ticks.h"
#include "x86/msr.h"

#define TIMER		0xe4u
#define IPI		0x4du
#define UART_LSR	0x3fdu
#define FAR_AHEAD	(1ul << 40)
#define SOON		20000u	/* ticks: time to reach the HLT */

static volatile uint64_t stamp;
static volatile uint32_t nr_taken;

static void on_event(struct trap_frame *frame __unused)
{
	stamp = rdtsc();
	nr_taken++;
	apic_eoi();
}

static void timer_late(void)
{
	unsigned int i;

	apic_write(APIC_LVT_TIMER, TIMER | APIC_LVT_TIMER_TSC_DEADLINE);
	ROUND_TRIPS("timer_arm", wrmsr(MSR_TSC_DEADLINE, start_ + FAR_AHEAD));
	for (i = 0; i < ROUNDS; i++) {
		uint64_t deadline = rdtsc() + SOON;

		nr_taken = 0;
		ticks_mark(i == ROUNDS - 1);
		wrmsr(MSR_TSC_DEADLINE, deadline);
		while (!nr_taken)
			cpu_sti_hlt_cli();
		samples[i] = stamp - deadline;
	}
	ticks_mark(true);
	ticks_publish("timer_late");
}

static void self_ipi(void)
{
	unsigned int i;

	cpu_sti();
	for (i = 0; i < ROUNDS; i++) {
		uint32_t before = nr_taken;
		uint64_t start;

		ticks_mark(i == ROUNDS - 1);
		start = rdtsc();
		wrmsr(MSR_X2APIC_SELF_IPI, IPI);
		while (nr_taken == before)
			;
		samples[i] = stamp - start - overhead;
	}
	ticks_mark(true);
	cpu_cli();
	ticks_publish("self_ipi");
}

static void alone(void)
{
	ROUND_TRIPS("cpuid", cpuid(0, 0));
	ROUND_TRIPS("rdmsr", rdmsr(MSR_APIC_BASE));
	ROUND_TRIPS("port_hv", inb(UART_LSR));
	ROUND_TRIPS("mmio_hv", mmio_read32((void *)IOAPIC_BASE_DEFAULT));
	timer_late();
	self_ipi();
}

static void use_x2(void *arg __unused)
{
	apic_use_x2(true);
}

/* The other processor waits for work in HLT, where IPI reaches it. */
static void pair(void)
{
	unsigned int i;

	if (!report(smp_count() > 1, "there are two CPUs"))
		return;
	smp_call(1, use_x2, NULL);
	for (i = 0; i < ROUNDS; i++) {
		uint32_t before = nr_taken;
		uint64_t start;

		clock_wait_us(200);
		ticks_mark(i == ROUNDS - 1);
		start = rdtsc();
		apic_icr(cpus[1].apic_id, APIC_ICR_ASSERT | IPI);
		if (!clock_wait_change(&nr_taken, before, 100000))
			break;
		samples[i] = stamp - start - overhead;
	}
	ticks_mark(true);
	if (report(i == ROUNDS, "every IPI arrives"))
		ticks_publish("ipi_halted");
}

void guest_main(void)
{
	trap_set(TIMER, on_event);
	trap_set(IPI, on_event);
	ticks_init();
	if (args_has("pair")) {
		smp_start();
		apic_use_x2(true);
		pair();
	} else if (report(apic_use_x2(true), "the APIC goes into x2APIC mode")) {
		alone();
	}
}
