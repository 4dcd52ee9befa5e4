/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers and records of post-launched VMs. */
#include "machine/slots.h"

#include "cpu/percpu.h"
#include "io/ioreq.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

static const struct scenario *scenario;
static struct scenario_vm dynamic;	/* record shared by all VMs the scenario does not name */

/* A dynamic VM may use every CPU that no pre-launched VM has. */
static void fill_dynamic(const struct scenario *s)
{
	uint64_t taken = 0;
	unsigned int i;

	for (i = 0; i < s->nr_vms; i++)
		if (s->vms[i].load_order == SCENARIO_PRE_LAUNCHED)
			taken |= s->vms[i].cpu_affinity;
	dynamic = (struct scenario_vm){
		.load_order = SCENARIO_POST_LAUNCHED, .severity = SCENARIO_SEVERITY_STANDARD,
		.options = SCENARIO_OPT_KVM_LEAF, .console = SCENARIO_NO_CONSOLE,
		.cpu_affinity = (nr_pcpus < 64 ? (1ul << nr_pcpus) - 1 : ~0ul) & ~taken,
	};
}

void slots_init(const struct scenario *s)
{
	scenario = s;
	fill_dynamic(s);
}

const struct scenario *slots_scenario(void)
{
	return scenario;
}

uint8_t slots_top_priority(void)
{
	uint8_t top = 0;
	unsigned int i;

	for (i = 0; i < scenario->nr_vms; i++)
		if (scenario->vms[i].load_order == SCENARIO_POST_LAUNCHED)
			top = MAX(top, scenario->vms[i].priority);
	return top;
}

static int named_slot(const char *name)
{
	unsigned int i;

	for (i = 0; i < scenario->nr_vms; i++)
		if (scenario->vms[i].load_order == SCENARIO_POST_LAUNCHED && !strcmp(scenario->vms[i].name, name))
			return (int)i;
	return -ENOENT;
}

int slots_find(const char *name, const struct scenario_vm **cfg)
{
	int i = named_slot(name);
	unsigned int j;

	for (j = 0; j < MAX_VMS; j++)
		if (vm_table[j] && !strcmp(vm_table[j]->name, name))
			return -EEXIST;
	if (i >= 0) {
		*cfg = &scenario->vms[i];
		return i;
	}
	*cfg = &dynamic;
	for (j = scenario->nr_vms; j < MAX_VMS; j++)
		if (!vm_table[j])
			return (int)j;
	return ERR(-ENOSPC);
}

void slots_stopped(struct vm *vm, enum vm_stop why)
{
	uint16_t i;

	vm->stop = why;
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_request(vm->vcpus[i], REQ_PAUSE);
	ioreq_state_changed(vm);
}
