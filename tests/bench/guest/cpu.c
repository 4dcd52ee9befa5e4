/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What paths cost, seen by a guest: medians of time-stamp differences, printed
 * as "BENCH NAME TICKS" (names: tests/bench/paths.cfg). Words of the command
 * line choose: "alone" the paths of one CPU, "pair" those between two CPUs,
 * "hypercall" what only the Service VM may do.
 */
#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/main.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "public/hypercall.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define ROUNDS		201u
#define TIMER		0xe4u
#define IPI		0x4du
#define UART_LSR	0x3fdu
#define FAR_AHEAD	(1ul << 40)
#define SOON		20000u	/* ticks: time to reach the HLT */

static uint64_t samples[ROUNDS], overhead;
static volatile uint64_t stamp;
static volatile uint32_t nr_taken;

static uint64_t median(void)
{
	unsigned int i, j;

	for (i = 1; i < ROUNDS; i++) {
		uint64_t v = samples[i];

		for (j = i; j && samples[j - 1] > v; j--)
			samples[j] = samples[j - 1];
		samples[j] = v;
	}
	return samples[ROUNDS / 2];
}

static void publish(const char *name)
{
	uint64_t m = median();

	printf("BENCH %s %lu\n", name, m);
	report_info("%s: least %lu, median %lu, most %lu", name, samples[0], m, samples[ROUNDS - 1]);
	report(m > 0 && m < 1000000, "%s measured", name);
}

/* Round trips of one operation, which must not touch the time stamps' registers. */
#define ROUND_TRIPS(name, ...)						\
	do {								\
		unsigned int i_;					\
									\
		for (i_ = 0; i_ < ROUNDS; i_++) {			\
			uint64_t start_ = rdtsc();			\
									\
			__VA_ARGS__;					\
			samples[i_] = rdtsc() - start_ - overhead;	\
		}							\
		publish(name);						\
	} while (0)

static void measure_overhead(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		uint64_t start = rdtsc();

		compiler_barrier();
		samples[i] = rdtsc() - start;
	}
	overhead = median();
}

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
		wrmsr(MSR_TSC_DEADLINE, deadline);
		while (!nr_taken)
			cpu_sti_hlt_cli();
		samples[i] = stamp - deadline;
	}
	publish("timer_late");
}

static void self_ipi(void)
{
	unsigned int i;

	cpu_sti();
	for (i = 0; i < ROUNDS; i++) {
		uint64_t start = rdtsc();
		uint32_t before = nr_taken;

		wrmsr(MSR_X2APIC_SELF_IPI, IPI);
		while (nr_taken == before)
			;
		samples[i] = stamp - start - overhead;
	}
	cpu_cli();
	publish("self_ipi");
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
		start = rdtsc();
		apic_icr(cpus[1].apic_id, APIC_ICR_ASSERT | IPI);
		if (!clock_wait_change(&nr_taken, before, 100000))
			break;
		samples[i] = stamp - start - overhead;
	}
	if (report(i == ROUNDS, "every IPI arrives"))
		publish("ipi_halted");
}

static int64_t hypercall(uint64_t id)
{
	register uint64_t r8 __asm__("r8") = id;
	int64_t r;

	__asm__ volatile("vmcall" : "=a"(r) : "r"(r8), "D"(0ul), "S"(0ul) : "memory");
	return r;
}

void guest_main(void)
{
	trap_set(TIMER, on_event);
	trap_set(IPI, on_event);
	measure_overhead();
	printf("bench: arguments '%s', empty measurement %lu\n", platform_cmdline(), overhead);
	if (args_has("pair")) {
		smp_start();
		apic_use_x2(true);
		pair();
		return;
	}
	if (apic_use_x2(true) && args_has("alone"))
		alone();
	if (!args_has("hypercall"))
		return;
	report_eq((uint64_t)hypercall(HC_CREATE_VCPU), 0, "the hypercall that does nothing answers 0");
	ROUND_TRIPS("hypercall", hypercall(HC_CREATE_VCPU));
}
