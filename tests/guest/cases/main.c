/* SPDX-License-Identifier: BSD-3-Clause */
/* Chooses cases by the words of the command line; none: all of them. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/main.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/smp.h"

static const struct guest_case cases[] = {
	{ "cpuid", 1, case_cpuid },
	{ "msr", 1, case_msr },
	{ "cr", 1, case_cr },
	{ "hyperv", 1, case_hyperv },
	{ "exceptions", 1, case_exceptions },
	{ "shadow", 1, case_shadow },
	{ "masked", 1, case_masked },
	{ "deaf", 1, case_deaf },
	{ "split_lock", 1, case_split_lock },
	{ "decoder", 1, case_decoder },
	{ "pio", 1, case_pio },
	{ "vlapic", 1, case_vlapic },
	{ "ioapic", 1, case_ioapic },
	{ "timer", 1, case_timer },
	{ "tsc", 1, case_tsc },
	{ "hlt", 1, case_hlt },
	{ "xsave", 1, case_xsave },
	{ "memory", 1, case_memory },
	{ "sweep", 1, case_sweep },
	{ "sweep_cr", 1, case_sweep_cr },
	{ "ports", 1, case_ports },
	{ "ipi", 2, case_ipi },
	{ "soak", 1, case_soak },
};

static void run(const struct guest_case *c)
{
	report_push(c->name);
	if (smp_count() < c->cpus)
		report_skip("needs %u CPUs, there are %u", c->cpus, smp_count());
	else
		c->run();
	report_pop();
}

void guest_main(void)
{
	bool all = args_names_nothing();
	unsigned int i, nr = 0;

	smp_start();
	if (args_number("x2apic", 0))
		apic_use_x2(true);
	printf("guest: %s, %u CPUs, %lu kHz, arguments '%s'\n", platform_is_service() ? "Service VM" :
	       platform_is_vm() ? "VM" : "bare machine", smp_count(), clock_khz(), platform_cmdline());
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (all || args_has(cases[i].name)) {
			run(&cases[i]);
			nr++;
		}
	}
	if (!nr)
		report(false, "a case is named by '%s'", platform_cmdline());
}
