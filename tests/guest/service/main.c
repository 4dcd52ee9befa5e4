/* SPDX-License-Identifier: BSD-3-Clause */
/* Chooses cases by the words of the command line; none: all of them. */
#include "lib/main.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "service/hc.h"
#include "service/service.h"

static const struct {
	const char *name;
	void (*run)(void);
	bool by_name;		/* not part of "all" */
} cases[] = {
	{ "hc_policy", case_policy, false },
	{ "hc_vm", case_life, false },
	{ "hc_hostile", case_hostile, false },
	{ "hc_tamper", case_tamper, false },
	{ "hc_full", case_full, false },
	{ "hc_shm", case_shm, false },
	{ "hc_random", case_random, false },
	{ "hc_monitor", case_monitor, false },
	{ "hc_stats", case_stats, false },
	{ "microcode", case_microcode, true },
	{ "mce", case_mce, true },
	{ "msi", case_msi, true },
	{ "isolation", case_isolation, false },
	{ "plant", case_plant, true },
	{ "faults", case_faults, true },
};

/*
 * Requests are looked for in the page itself, with interrupts off. Yet Bochs 2.7 delivers a virtual interrupt with
 * RFLAGS.IF clear when a physical one comes at that moment (event.cc asks for pending, not for unmasked).
 */
static void upcall(struct trap_frame *f __unused)
{
	apic_eoi();
}

void guest_main(void)
{
	bool all = args_names_nothing();
	unsigned int i, nr = 0;

	if (!platform_is_service()) {
		prelaunched_main();
		return;
	}
	arena_init();
	trap_set(HV_UPCALL_VECTOR, upcall);
	printf("service guest: %lu kHz, memory at 0x%lx, %lu MB, arguments '%s'\n", clock_khz(), arena_start(),
	       arena_size() >> 20, platform_cmdline());
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!(all && !cases[i].by_name) && !args_has(cases[i].name))
			continue;
		report_push(cases[i].name);
		cases[i].run();
		report_pop();
		nr++;
	}
	if (!nr)
		report(false, "a case is named by '%s'", platform_cmdline());
}
