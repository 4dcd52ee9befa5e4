/* SPDX-License-Identifier: BSD-3-Clause */
/* A long run of everything that exits, under a periodic timer: counts must agree at the end. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define TIMER		0xe3u
#define IPI		0x4cu
#define ROUNDS		5000u
#define PERIOD_US	100u

static volatile uint32_t nr_timer, nr_ipi;
static volatile bool stop;

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

/* The other processor sends IPIs, each some time after the last one arrived: at once would leave no time for anything else. */
static void bother(void *arg)
{
	uint64_t *sent = arg;

	while (!stop) {
		uint32_t before = nr_ipi;

		apic_icr(cpus[0].apic_id, APIC_ICR_ASSERT | IPI);
		(*sent)++;
		if (!clock_wait_change(&nr_ipi, before, 1000000))
			return;
		clock_wait_us(PERIOD_US);
	}
}

/* Returns how many answers were wrong. */
static uint64_t mix(uint64_t rounds)
{
	uint64_t apic_base = rdmsr(MSR_APIC_BASE), last = rdtsc(), bad = 0, i, now;
	uint32_t leaf0 = cpuid(0, 0).ebx;

	for (i = 0; i < rounds; i++) {
		bad += cpuid(0, 0).ebx != leaf0;
		bad += rdmsr(MSR_APIC_BASE) != apic_base;
		outb(0x3ff, (uint8_t)i);
		bad += inb(0x3ff) != (uint8_t)i;
		bad += mmio_read32((void *)IOAPIC_BASE_DEFAULT) != 0;
		now = rdtsc();
		bad += now < last;
		last = now;
		if (i % 64 == 0)
			cpu_hlt();
	}
	return bad;
}

void case_soak(void)
{
	uint64_t rounds = args_number("rounds", ROUNDS), sent = 0, bad, start, periods;
	uint32_t counts = (uint32_t)clock_from_us(PERIOD_US);

	trap_set(TIMER, on_timer);
	trap_set(IPI, on_ipi);
	nr_timer = nr_ipi = 0;
	stop = false;
	mmio_write32((void *)IOAPIC_BASE_DEFAULT, 0);
	apic_write(APIC_TDCR, APIC_TDCR_BY_1);
	apic_write(APIC_LVT_TIMER, TIMER | APIC_LVT_TIMER_PERIODIC);
	if (smp_count() > 1)
		smp_send(1, bother, &sent);
	start = rdtsc();
	apic_write(APIC_TMICT, counts);
	cpu_sti();
	bad = mix(rounds);
	periods = (rdtsc() - start) / counts;
	stop = true;
	if (smp_count() > 1)
		smp_wait(1, 2000000);
	cpu_cli();
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_TMICT, 0);
	report(!bad, "%lu rounds of exits: every answer is right (%lu wrong)", rounds, bad);
	if (platform_is_vm())
		report(nr_timer + 2 >= periods * 99 / 100 && nr_timer <= periods + 200, "%u timer interrupts in %lu periods",
		       nr_timer, periods);
	if (smp_count() > 1)
		report(sent && nr_ipi == sent, "%lu IPIs sent, %u taken", sent, nr_ipi);
	trap_set(TIMER, NULL);
	trap_set(IPI, NULL);
}
