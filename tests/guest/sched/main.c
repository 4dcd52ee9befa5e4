/* SPDX-License-Identifier: BSD-3-Clause */
/* One of several VMs on a CPU; a word of its command line says what it does there. */
#include "sched/sched.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/main.h"
#include "lib/platform.h"
#include "lib/report.h"

static const struct {
	const char *name;
	void (*run)(void);
} roles[] = {
	{ "spin", role_spin },
	{ "exits", role_exits },
	{ "timer", role_timer },
	{ "halt", role_halt },
	{ "ipi", role_ipi },
	{ "talk", role_talk },
	{ "latency", role_latency },
	{ "budget", role_budget },
	{ "steal", role_steal },
};

void guest_main(void)
{
	unsigned int i;

	if (args_number("x2apic", 0))
		apic_use_x2(true);
	for (i = 0; i < ARRAY_SIZE(roles); i++) {
		if (!args_has(roles[i].name))
			continue;
		report_push(roles[i].name);
		roles[i].run();
		report_pop();
		return;
	}
	report(false, "a role is named by '%s'", platform_cmdline());
}
