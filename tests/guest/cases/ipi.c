/* SPDX-License-Identifier: BSD-3-Clause */
/* Between two processors: fixed, NMI, INIT and SIPI, destinations of all kinds. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/report.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"

#define IPI		0x4au
#define PING		0x4bu
#define WAIT_US		5000u
#define ROUNDS		500u

static volatile uint32_t got[MAX_CPUS], nmis[MAX_CPUS];
static volatile uint32_t pings, pongs, slow;

static void on_ipi(struct trap_frame *frame __unused)
{
	got[this_cpu()->index]++;
	apic_eoi();
}

static void on_nmi(struct trap_frame *frame __unused)
{
	nmis[this_cpu()->index]++;
}

static void settle(void)
{
	cpu_sti();
	clock_wait_us(WAIT_US / 5);
	cpu_cli();
}

static void clear(void)
{
	unsigned int i;

	for (i = 0; i < MAX_CPUS; i++)
		got[i] = nmis[i] = 0;
}

/* Sends and counts who got it; the other processors idle in HLT. */
static void reaches(uint32_t dest, uint32_t low, bool self, bool others, const char *what)
{
	unsigned int i, wrong;

	clear();
	apic_icr(dest, low | APIC_ICR_ASSERT | IPI);
	settle();
	wrong = got[0] != self;
	for (i = 1; i < smp_count(); i++)
		wrong += got[i] != others;
	report(!wrong, "%s (CPU 0 got %u, CPU 1 got %u)", what, got[0], got[1]);
}

static void set_logical(void *arg)
{
	apic_write(APIC_DFR, APIC_DFR_FLAT);
	apic_write(APIC_LDR, (uint32_t)(uint64_t)arg << XAPIC_LDR_SHIFT);
}

static void test_destinations(void)
{
	uint32_t all = apic_is_x2() ? X2APIC_DEST_ALL : XAPIC_DEST_ALL, logical = 2;

	reaches(0, APIC_ICR_SH_ALL, true, true, "all including self");
	reaches(0, APIC_ICR_SH_OTHERS, false, true, "all but self");
	reaches(0, APIC_ICR_SH_SELF, true, false, "self");
	reaches(all, 0, true, true, "physical broadcast");
	reaches(cpus[0].apic_id, 0, true, false, "its own id");
	if (smp_count() != 2)
		return;
	reaches(cpus[1].apic_id, 0, false, true, "the other's id");
	if (apic_is_x2()) {
		logical = X2APIC_LDR_OF_ID(cpus[1].apic_id);
	} else {
		set_logical((void *)1ul);
		smp_call(1, set_logical, (void *)2ul);
	}
	reaches(logical, APIC_ICR_LOGICAL, false, true, "the other's logical id");
	reaches(logical, APIC_ICR_LOGICAL | APIC_ICR_DM_LOWEST, false, true, "lowest priority to the other alone");
	if (!apic_is_x2())
		reaches(3, APIC_ICR_LOGICAL, true, true, "both logical ids");
	reaches(0x3e, 0, false, false, "an id that nobody has");
}

static void test_nmi(void)
{
	clear();
	apic_icr(cpus[1].apic_id, APIC_ICR_DM_NMI | APIC_ICR_ASSERT);
	clock_wait_us(WAIT_US / 5);
	report(nmis[1] == 1 && nmis[0] == 0, "an NMI reaches the other, once");
	apic_icr(0, APIC_ICR_DM_NMI | APIC_ICR_ASSERT | APIC_ICR_SH_OTHERS);
	clock_wait_us(WAIT_US / 5);
	report(nmis[1] == 2 && nmis[0] == 0, "an NMI to all others too");
}

static void on_ping(struct trap_frame *frame __unused)
{
	apic_eoi();
	if (this_cpu()->index) {
		pings++;
		apic_icr(cpus[0].apic_id, APIC_ICR_ASSERT | PING);
	} else {
		pongs++;
	}
}

static void test_ping_pong(void)
{
	uint64_t start = rdtsc();
	uint32_t i;

	pings = pongs = 0;
	for (i = 0; i < ROUNDS; i++) {
		apic_icr(cpus[1].apic_id, APIC_ICR_ASSERT | PING);
		while (pongs <= i)
			cpu_sti_hlt_cli();
	}
	report(pings == ROUNDS && pongs == ROUNDS, "%u round trips between halted CPUs, %lu ticks each", ROUNDS,
	       (rdtsc() - start) / ROUNDS);
}

/* Reads the clock until it has taken all, and notes how often an interrupt kept it for longer than *arg ticks. */
static void watch_clock(void *arg)
{
	uint64_t limit = *(uint64_t *)arg, before, now;

	slow = 0;
	cpu_sti();
	for (before = rdtsc(); got[1] < ROUNDS; before = now) {
		now = rdtsc();
		slow += now - before > limit;
	}
	cpu_cli();
}

/* An interrupt of a processor that is in the guest: by posted interrupts its handler is all that it costs there, else an exit. */
static void test_running(void)
{
	uint64_t limit = args_number("ipi_ticks", 0);
	uint32_t i;

	clear();
	smp_send(1, watch_clock, &limit);
	for (i = 0; i < ROUNDS; i++) {
		apic_icr(cpus[1].apic_id, APIC_ICR_ASSERT | IPI);
		while (got[1] <= i)
			cpu_pause();
	}
	report(smp_wait(1, WAIT_US), "a running CPU takes %u", ROUNDS);
	if (limit && apic_is_x2())	/* an xAPIC's EOI is an exit of its own */
		report(slow < ROUNDS / 20, "for %u of which it is away for over %lu ticks", slow, limit);
}

static void spin(void *arg)
{
	volatile uint64_t *counter = arg;

	for (;;)
		(*counter)++;
}

static void test_init(void)
{
	static volatile uint64_t counter;
	uint64_t before;

	/* Busy with interrupts off: only INIT can take it out of there. */
	smp_send(1, spin, (void *)&counter);
	clock_wait_us(WAIT_US / 5);
	report(counter, "the other CPU spins");
	apic_icr(cpus[1].apic_id, APIC_ICR_DM_INIT | APIC_ICR_ASSERT);
	clock_wait_us(WAIT_US / 5);
	before = counter;
	clock_wait_us(WAIT_US / 5);
	report_eq(counter, before, "INIT stops it");
	apic_icr(cpus[1].apic_id, APIC_ICR_ASSERT | IPI);
	clock_wait_us(WAIT_US / 5);
	report_eq(counter, before, "an interrupt does not start it");
	report(smp_restart(1), "INIT and SIPI bring it back");
	reaches(cpus[1].apic_id, 0, false, true, "it takes interrupts again");
	apic_icr(cpus[1].apic_id, APIC_ICR_DM_STARTUP | APIC_ICR_ASSERT | TRAMPOLINE >> 12);
	reaches(cpus[1].apic_id, 0, false, true, "a SIPI without INIT does nothing");
}

static void use_x2(void *arg __unused)
{
	apic_use_x2(true);
}

static void leave_x2(void *arg __unused)
{
	apic_use_x2(false);
}

static void in_mode(void)
{
	unsigned int i;

	/* The others follow into the mode; who switches first still hears the other mode's IPIs. */
	for (i = 1; i < smp_count() && apic_is_x2(); i++)
		smp_call(i, use_x2, NULL);
	test_destinations();
	test_nmi();
	test_ping_pong();
	test_running();
	test_init();
	for (i = 1; i < smp_count() && apic_is_x2(); i++)
		smp_call(i, leave_x2, NULL);
}

void case_ipi(void)
{
	trap_set(IPI, on_ipi);
	trap_set(PING, on_ping);
	trap_set(EXC_NMI, on_nmi);
	apic_each_mode(in_mode);
	trap_set(IPI, NULL);
	trap_set(PING, NULL);
	trap_set(EXC_NMI, NULL);
}
