/* SPDX-License-Identifier: BSD-3-Clause */
/* VMs that use their turns up in ways that could cost their neighbours something. */
#include "sched/sched.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define VECTOR		0xe1u
#define PERIOD_US	60u	/* hardly longer than it takes to handle one */
#define HALT_US		50u
#define TALK_US		5000u
#define COM1		0x3f8u

static volatile uint32_t nr_taken;

static void take(struct trap_frame *frame __unused)
{
	nr_taken++;
	apic_eoi();
}

void role_spin(void)
{
	struct presence p;
	uint64_t gap;

	presence_begin(&p);
	while (presence_look(&p, &gap))
		;
	cpu_cli();
	presence_report(&p);
}

void role_exits(void)
{
	struct presence p;
	uint64_t gap, nr = 0;

	presence_begin(&p);
	while (presence_look(&p, &gap)) {
		cpuid(0, 0);
		outb(0x3ff, (uint8_t)nr++);
	}
	cpu_cli();
	presence_report(&p);
	report(nr > 1000, "%lu rounds of exits", nr);
}

void role_timer(void)
{
	struct presence p;
	uint64_t gap;

	trap_set(VECTOR, take);
	apic_write(APIC_TDCR, APIC_TDCR_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_PERIODIC);
	presence_begin(&p);
	apic_write(APIC_TMICT, (uint32_t)clock_from_us(PERIOD_US));
	while (presence_look(&p, &gap))
		;
	cpu_cli();
	apic_write(APIC_TMICT, 0);
	presence_report(&p);
	report(nr_taken > 1000, "%u timer interrupts", nr_taken);
}

void role_halt(void)
{
	struct presence p;
	uint64_t gap;

	trap_set(VECTOR, take);
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_TSC_DEADLINE);
	presence_begin(&p);
	while (presence_look(&p, &gap)) {
		cpu_cli();
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + clock_from_us(HALT_US));
		cpu_sti_hlt_cli();
	}
	presence_report(&p);
	report(nr_taken > 100, "woken %u times", nr_taken);
}

/* A byte at a time with IF set: printf() clears it, and Bochs takes no interrupt for a guest entered with IF clear. */
static void say(const char *s)
{
	for (; *s; s++)
		outb(COM1, (uint8_t)*s);
}

/* More than the console's UART carries: the manager is at work all the time. */
void role_talk(void)
{
	struct presence p;
	uint64_t gap, nr;

	trap_set(VECTOR, take);
	apic_write(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_TSC_DEADLINE);
	presence_begin(&p);
	for (nr = 0; presence_look(&p, &gap); nr++) {
		say("whoever listens to this VM must not be late for another one\n");
		cpu_cli();
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + clock_from_us(TALK_US));
		cpu_sti_hlt_cli();
		cpu_sti();
	}
	presence_report(&p);
	report(nr > 100, "%lu lines", nr);
}

void role_ipi(void)
{
	struct presence p;
	uint64_t gap;

	trap_set(VECTOR, take);
	presence_begin(&p);
	while (presence_look(&p, &gap))
		apic_icr(apic_id(), APIC_ICR_ASSERT | VECTOR);
	cpu_cli();
	presence_report(&p);
	report(nr_taken > 1000, "%u interrupts to itself", nr_taken);
}
