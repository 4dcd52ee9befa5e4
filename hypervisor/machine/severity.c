/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of severity, see the header. */
#include "machine/severity.h"

#include "lib/util.h"
#include "vm/vm.h"

static const struct severity_rule rules[] = {
	/*				    resets machine  interruptible  holds machine */
	{ SCENARIO_SEVERITY_STANDARD, "standard", false, true, false },
	{ SCENARIO_SEVERITY_SERVICE, "service", true, true, false },
	{ SCENARIO_SEVERITY_RT, "rt", false, false, true },
	{ SCENARIO_SEVERITY_SAFETY, "safety", false, false, true },
};

const struct severity_rule *severity_of(const struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules) - 1; i++)
		if (rules[i].severity == vm->cfg->severity)
			break;
	return &rules[i];
}

bool severity_is_up(const struct vm *vm)
{
	return vm && (vm->state == VM_RUNNING || vm->state == VM_PAUSED) && vm->stop == VM_STOP_NONE;
}

bool severity_outranked(const struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++)
		if (vm_table[i] != vm && severity_is_up(vm_table[i]) && vm_table[i]->load_order == SCENARIO_PRE_LAUNCHED &&
		    vm_table[i]->cfg->severity >= vm->cfg->severity)
			return true;
	return false;
}

const struct vm *severity_holder(void)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++)
		if (severity_is_up(vm_table[i]) && severity_of(vm_table[i])->holds_machine)
			return vm_table[i];
	return NULL;
}
