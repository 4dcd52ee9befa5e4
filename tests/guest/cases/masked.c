/* SPDX-License-Identifier: BSD-3-Clause */
/* While IF is clear no interrupt gets in, whatever waits and whatever makes the hypervisor work meanwhile. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define VECTOR		0x61u
#define TIMER_VECTOR	0x62u
#define FIRST_VECTOR	0x6fu	/* of the same class */
#define ROUNDS		200u
#define PAIRS		1000000u
#define PERIOD		5000u	/* counts: well above what a timer interrupt of a VM costs */

static volatile uint64_t nr_taken, nr_masked, nr_early;

static void note(struct trap_frame *frame)
{
	nr_taken++;
	nr_masked += !(frame->rflags & RFLAGS_IF);
	apic_eoi();
}

static void open_window(void)
{
	cpu_sti();
	cpuid(0, 0);
	cpu_cli();
}

static void send_to_self(uint8_t vector)
{
	if (apic_is_x2())	/* hardware may do all of it */
		wrmsr(MSR_X2APIC_SELF_IPI, vector);
	else
		apic_icr(apic_id(), APIC_ICR_DM_FIXED | APIC_ICR_ASSERT | vector);
}

/* The timer's interrupt comes, whose physical one leaves guest mode. Returns what was taken meanwhile. */
static uint64_t wait_for_timer(void)
{
	uint64_t before = nr_taken, end;

	apic_write(APIC_TMICT, PERIOD);
	end = rdtsc() + 3 * PERIOD;
	while (rdtsc() < end)
		;
	return nr_taken - before;
}

/* Its EOI lets in what waits behind it, but for IF. */
static void first(struct trap_frame *frame __unused)
{
	send_to_self(VECTOR);
	apic_eoi();
	nr_early += wait_for_timer();
}

static void check_early(uint64_t sent, const char *what)
{
	report_eq(nr_taken, sent, "%s: each is taken once", what);
	if (args_number("bochs_vid", 0))
		report_info("%s: %lu of %lu taken while IF was clear", what, nr_early, sent);
	else
		report_eq(nr_early, 0, "%s: none is taken while IF is clear", what);
}

static void test_second_arrives(void)
{
	unsigned int i;

	apic_write(APIC_LVT_TIMER, TIMER_VECTOR | APIC_LVT_TIMER_ONESHOT);
	nr_taken = nr_early = 0;
	for (i = 0; i < ROUNDS; i++) {
		send_to_self(VECTOR);
		nr_early += wait_for_timer();
		open_window();
	}
	check_early(2 * ROUNDS, "one waits, one comes");
	nr_taken = nr_early = 0;
	trap_set(FIRST_VECTOR, first);
	for (i = 0; i < ROUNDS; i++) {
		send_to_self(FIRST_VECTOR);
		open_window();
	}
	trap_set(FIRST_VECTOR, NULL);
	check_early(2 * ROUNDS, "one waits for an EOI, one comes");
}

/* CLI, STI, again and again, under a timer and self-IPIs. */
static void test_pairs(void)
{
	unsigned int i;

	nr_taken = nr_masked = 0;
	apic_write(APIC_LVT_TIMER, TIMER_VECTOR | APIC_LVT_TIMER_PERIODIC);
	apic_write(APIC_TMICT, PERIOD);
	for (i = 0; i < PAIRS; i++) {
		if (!(i % 256))
			send_to_self(VECTOR);
		__asm__ volatile("sti\n\tnop\n\tcli\n\tnop" : : : "memory");
	}
	apic_write(APIC_TMICT, 0);
	open_window();
	report(nr_taken > PAIRS / 256, "CLI and STI: %lu interrupts over %u pairs", nr_taken, PAIRS);
	if (args_number("bochs_vid", 0))
		report_info("CLI and STI: %lu taken with IF clear", nr_masked);
	else
		report_eq(nr_masked, 0, "CLI and STI: none is taken with IF clear");
}

static void in_mode(void)
{
	apic_setup();
	apic_write(APIC_TDCR, APIC_TDCR_BY_1);
	trap_set(VECTOR, note);
	trap_set(TIMER_VECTOR, note);
	test_second_arrives();
	test_pairs();
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	trap_set(VECTOR, NULL);
	trap_set(TIMER_VECTOR, NULL);
}

void case_masked(void)
{
	apic_each_mode(in_mode);
}
