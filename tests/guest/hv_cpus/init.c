/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hypervisor's own start of a machine's CPUs, without its VMs: for emulators that have many CPUs but no VT-x. In place of
 * hypervisor/init.c.
 */
#include "init.h"

#include "boot/options.h"
#include "boot/stages.h"
#include "cpu/features.h"
#include "cpu/idt.h"
#include "cpu/mce.h"
#include "cpu/percpu.h"
#include "cpu/smp.h"
#include "cpu/tsc.h"
#include "exit/exit.h"
#include "hw/acpi.h"
#include "irq/ioapic.h"
#include "irq/lapic.h"
#include "irq/timer.h"
#include "irq/vector.h"
#include "log/console.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "public/scenario.h"
#include "sched/thread.h"
#include "x86/insn.h"

#define SLEEP_US	2000u

static struct thread threads[MAX_PCPUS], judge;
static struct timer alarms[MAX_PCPUS];
static uint64_t asleep_at[MAX_PCPUS], awake_at[MAX_PCPUS];
static uint32_t nr_done, nr_passed, nr_failed;

static void check(bool ok, const char *what, uint64_t is, uint64_t of)
{
	console_printf("%s: %s (%lu of %lu)\n", ok ? "PASS" : "FAIL", what, is, of);
	nr_passed += ok;
	nr_failed += !ok;
}

static void cpu_setup(void)
{
	lapic_init();
	mce_init_cpu();
	timer_init_cpu();
	sched_init_cpu(SCENARIO_POLICY_PRIO);
}

static const struct smp_ops smp_ops = {
	.nr_cpus = &acpi.nr_cpus, .apic_id = acpi.apic_id,
	.send_init = lapic_send_init, .send_sipi = lapic_send_sipi, .send_nmi = lapic_send_nmi,
	.setup = cpu_setup,
};

static void wake(void *arg)
{
	thread_wake(arg);
}

/* Started by an interrupt from CPU 0, sleeps to a timer of its own CPU, and tells. */
static void body(void *arg)
{
	struct thread *me = arg;
	uint32_t cpu = this_pcpu_id();

	timer_init(&alarms[cpu], wake, me);
	asleep_at[cpu] = tsc_now();
	timer_start(&alarms[cpu], asleep_at[cpu] + tsc_from_us(SLEEP_US));
	thread_block();
	awake_at[cpu] = tsc_now();
	__atomic_add_fetch(&nr_done, 1, __ATOMIC_RELEASE);
	thread_wake(&judge);
	thread_exit();
}

static uint64_t count_slept(void)
{
	uint64_t n = 0;
	uint32_t i;

	for (i = 0; i < nr_pcpus; i++)
		n += awake_at[i] >= asleep_at[i] + tsc_from_us(SLEEP_US);
	return n;
}

static uint64_t count_ids(void)
{
	uint64_t n = 0;
	uint32_t i, j;

	for (i = 0; i < nr_pcpus; i++) {
		for (j = 0; j < i && percpu_area[j].apic_id != percpu_area[i].apic_id; j++)
			;
		n += j == i && percpu_area[i].pcpu_id == i;
	}
	return n;
}

/* A thread on every CPU, from its start to its end. Returns how many were made. */
static uint32_t run_threads(void)
{
	uint32_t i, made = 0;

	nr_done = 0;
	for (i = 0; i < nr_pcpus && !thread_create(&threads[i], "cpu", i, body, &threads[i]); i++, made++) {
		threads[i].params.priority = 1;
		threads[i].params.weight = 128;
		thread_start(&threads[i]);
	}
	while (__atomic_load_n(&nr_done, __ATOMIC_ACQUIRE) < made)
		thread_block();
	for (i = 0; i < made; i++) {
		while (!thread_is_dead(&threads[i]))
			cpu_pause();
		thread_destroy(&threads[i]);
	}
	return made;
}

static void judge_body(void *arg __unused)
{
	uint64_t want = acpi.nr_cpus, free_before;
	uint32_t made;

	check(nr_pcpus == want, "CPUs are online", nr_pcpus, want);
	check(count_ids() == want, "local APIC ids differ", count_ids(), want);
	made = run_threads();
	check(made == want, "CPUs take a thread", made, want);
	check(count_slept() == want, "threads slept to their CPU's timer", count_slept(), want);
	/* Stacks once mapped are kept for the next threads. */
	free_before = frame_nr_free();
	made = run_threads();
	check(made == want && count_slept() == want, "did so again", count_slept(), want);
	check(frame_nr_free() == free_before, "pages are free as after the first round", frame_nr_free(), free_before);
	console_printf("SUMMARY: %u tests, %u passed, %u failed, 0 skipped\n", nr_passed + nr_failed, nr_passed, nr_failed);
	console_flush();
	thread_exit();
}

/* See init.h. The order is hypervisor/init.c's. */
void boot_main(uint32_t magic, uint32_t info)
{
	percpu_load(0, 0);
	idt_load();
	boot_stage_loader(magic, info);
	if (features_init(option_value("mask")))
		console_printf("no VMs here: only the CPUs are started\n");
	features_load();
	boot_stage_memory();
	hostmap_init();
	boot_stage_acpi();
	tsc_init(hpa(acpi.hpet_base), acpi.pm_tmr);
	idt_interrupt = vector_dispatch;
	idt_machine_check = exit_host_machine_check;
	cpu_setup();
	percpu_area[0].apic_id = lapic_id();
	ioapic_init();
	smp_start(&smp_ops, sched_idle);
	boot_stage_banner();
	if (!thread_create(&judge, "judge", 0, judge_body, NULL))
		thread_start(&judge);
	sched_idle();
}
