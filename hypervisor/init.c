/* SPDX-License-Identifier: BSD-3-Clause */
/* The boot order. */
#include "init.h"

#include "boot/launch.h"
#include "boot/options.h"
#include "boot/stages.h"
#include "cpu/features.h"
#include "cpu/idt.h"
#include "cpu/mce.h"
#include "cpu/percpu.h"
#include "cpu/smp.h"
#include "cpu/tsc.h"
#include "exit/exit.h"
#include "exit/fault.h"
#include "hw/acpi.h"
#include "irq/ioapic.h"
#include "irq/lapic.h"
#include "irq/timer.h"
#include "irq/vector.h"
#include "log/panic.h"
#include "mm/hostmap.h"
#include "sched/thread.h"
#include "vm/split_lock.h"
#include "vm/vcpu_arch.h"
#include "vmx/caps.h"
#include "vmx/vmxon.h"

/* Makes a CPU ready for vCPU threads; the caller becomes its idle thread. */
static void cpu_setup(void)
{
	lapic_init();
	split_lock_init_cpu();
	mce_init_cpu();				/* logs what the last reset left */
	if (vmxon_enable())
		panic("CPU %u cannot enter VMX operation", this_pcpu_id());
	timer_init_cpu();
	sched_init_cpu(launch_policy(this_pcpu_id()));
}

static const struct smp_ops smp_ops = {
	.nr_cpus = &acpi.nr_cpus, .apic_id = acpi.apic_id,
	.send_init = lapic_send_init, .send_sipi = lapic_send_sipi, .send_nmi = lapic_send_nmi,
	.setup = cpu_setup,
};

/* See the header. */
void boot_main(uint32_t magic, uint32_t info)
{
	percpu_load(0, 0);			/* the boot CPU is CPU 0 */
	idt_load();				/* from here on exceptions are reported */
	boot_stage_loader(magic, info);		/* command line, memory map, modules; console */
	boot_stage_features();			/* stops here when the CPU lacks something */
	features_load();
	boot_stage_memory();			/* page pool; stops here when there is too little */
	hostmap_init();				/* own page tables; the boot tables are left */
	boot_stage_screen();			/* mapped there too, if it is the console */
	boot_stage_acpi();			/* CPUs, interrupt controllers, timers, power */
	tsc_init(hpa(acpi.hpet_base), acpi.pm_tmr);
	launch_prepare();			/* the scenario; stops here when it does not fit */
	vmx_caps_init();
	split_lock_init(option_value("split_lock"));
	vcpu_arch_init();			/* what guests may use of CR4 and XCR0 */
	idt_interrupt = vector_dispatch;
	idt_machine_check = exit_host_machine_check;
	fault_hook = fault_contain;
	cpu_setup();
	percpu_area[0].apic_id = lapic_id();
	ioapic_init();				/* all pins masked */
	smp_start(&smp_ops, sched_idle);	/* the other CPUs idle until there is a thread for them */
	boot_stage_banner();
	launch_vms();
	sched_idle();
}
