/* SPDX-License-Identifier: BSD-3-Clause */
/* The CPU is kicked and calls us between the exit and the next entry; then the guest goes on and notices nothing. */
#include "debug/peek.h"

#include "cpu/percpu.h"
#include "irq/ipi.h"
#include "lib/string.h"
#include "log/console.h"
#include "public/scenario.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/vm.h"
#include "vmx/vmcs.h"

struct look {
	struct vcpu *vcpu;
	void (*fn)(struct vcpu *vcpu, void *arg);
	void *arg;
	bool done;
};

struct vcpu *peek_vcpu(const char *vm, const char *vcpu)
{
	uint64_t i, j;

	if (!str_to_u64(vm, &i) && !str_to_u64(vcpu, &j) && i < MAX_VMS && vm_table[i] && j < vm_table[i]->nr_vcpus)
		return vm_table[i]->vcpus[j];
	console_printf("VM %s has no vCPU %s, see vcpu_list\n", vm, vcpu);
	return NULL;
}

bool peek_disturbs(uint32_t pcpu_id)
{
	uint32_t i;

	if (percpu_area[pcpu_id].lapic_owned_by_guest)
		return true;
	/* Such a VM may take the local APIC at any moment: nothing is asked of its CPUs, whatever they do now. */
	for (i = 0; i < MAX_VMS; i++)
		if (vm_table[i] && (vm_table[i]->affinity >> pcpu_id & 1) &&
		    (vm_table[i]->flags & (SCENARIO_FLAG_RT | SCENARIO_FLAG_LAPIC_PT)))
			return true;
	return false;
}

static void look(void *arg)
{
	struct look *l = arg;
	struct vcpu *current = this_cpu()->vcpu;

	/* Only its own CPU makes it live or takes that away, and not in the middle of this call. */
	if (!l->vcpu->arch->live)
		return;
	if (current != l->vcpu)
		vmcs_load(&l->vcpu->arch->vmcs);
	l->fn(l->vcpu, l->arg);
	l->done = true;
	if (current && current != l->vcpu)
		vmcs_load(&current->arch->vmcs);
}

bool peek(struct vcpu *vcpu, void (*fn)(struct vcpu *vcpu, void *arg), void *arg)
{
	struct look l = { .vcpu = vcpu, .fn = fn, .arg = arg };

	if (peek_disturbs(vcpu->pcpu_id)) {
		console_printf("CPU %u is a real-time VM's: a look at it would cause a VM exit\n", vcpu->pcpu_id);
		return false;
	}
	ipi_call(vcpu->pcpu_id, look, &l);
	if (!l.done)
		console_printf("%s/%u has no state now, see vcpu_list\n", vcpu->vm->name, vcpu->vcpu_id);
	return l.done;
}
