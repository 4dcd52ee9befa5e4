/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What VMs have used, for whoever manages them. These calls only look, so they may name any VM, pre-launched ones too, and
 * nobody notices them: figures are read where others write them, none stops a vCPU for it.
 */
#include "cpu/tsc.h"
#include "hypercall/hc.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "public/hypercall.h"
#include "public/vm.h"
#include "vm/vcpu.h"
#include "vm/vm.h"
#include "x86/vmcs_field.h"

#define SLOT_MARK	Q_VM_SLOT(0)

ABI_EQ(Q_VM_SLOTS, MAX_VMS);
ABI_EQ(Q_NR_CPUS, MAX_PCPUS);
ABI_EQ(Q_VM_PRE_LAUNCHED, SCENARIO_PRE_LAUNCHED);
ABI_EQ(Q_VM_SERVICE, SCENARIO_SERVICE);
ABI_EQ(Q_VM_POST_LAUNCHED, SCENARIO_POST_LAUNCHED);
ABI_EQ(Q_VCPU_WAIT_SIPI, VCPU_WAIT_SIPI);
ABI_EQ(Q_VCPU_PAUSED, VCPU_PAUSED);

/* Which kind of exit a reason counts as; those not here are Q_EXIT_OTHER. */
static const uint8_t kinds[NR_EXIT_REASONS] = {
	[EXIT_EXCEPTION] = Q_EXIT_INTERRUPT, [EXIT_EXTINT] = Q_EXIT_INTERRUPT, [EXIT_INTR_WINDOW] = Q_EXIT_INTERRUPT,
	[EXIT_NMI_WINDOW] = Q_EXIT_INTERRUPT, [EXIT_PREEMPT_TIMER] = Q_EXIT_INTERRUPT,
	[EXIT_HLT] = Q_EXIT_HALT, [EXIT_PAUSE] = Q_EXIT_HALT,
	[EXIT_IO] = Q_EXIT_PORT,
	[EXIT_EPT_VIOLATION] = Q_EXIT_MEMORY, [EXIT_EPT_MISCONFIG] = Q_EXIT_MEMORY,
	[EXIT_RDMSR] = Q_EXIT_MSR, [EXIT_WRMSR] = Q_EXIT_MSR,
	[EXIT_TPR_BELOW] = Q_EXIT_APIC, [EXIT_EOI] = Q_EXIT_APIC, [EXIT_APIC_WRITE] = Q_EXIT_APIC,
	[EXIT_CPUID] = Q_EXIT_CPUID,
	[EXIT_CR] = Q_EXIT_CONTROL, [EXIT_DR] = Q_EXIT_CONTROL, [EXIT_XSETBV] = Q_EXIT_CONTROL,
	[EXIT_VMCALL] = Q_EXIT_HYPERCALL,
};

/* 0 and the VM; -EINVAL: no number of a VM; -ENOENT: there is none of that number now. */
static int find(uint32_t which, const struct vm **out)
{
	uint32_t slot = which < SLOT_MARK ? which + service_vm->vm_id : which - SLOT_MARK;

	if (slot >= MAX_VMS)
		return -EINVAL;
	*out = vm_table[slot];
	return *out ? 0 : -ENOENT;
}

static uint32_t id_of(const struct vm *vm)
{
	return vm->load_order == SCENARIO_PRE_LAUNCHED ? Q_VM_NO_ID : (uint32_t)vm->vm_id - service_vm->vm_id;
}

int64_t hc_vm_info(struct hc_call *c)
{
	struct hc_q_vm_info info;
	const struct vm *vm;
	int err = c->p1 > UINT32_MAX ? -EINVAL : find((uint32_t)c->p1, &vm);

	if (err)
		return err;
	info = (struct hc_q_vm_info){
		.which = (uint32_t)c->p1, .slot = vm->vm_id, .vmid = id_of(vm), .load_order = vm->load_order,
		.severity = vm->cfg->severity, .state = hc_state_of(vm), .reason = hc_reason_of(vm), .nr_vcpus = vm->nr_vcpus,
		.restarts = vm->nr_restarts, .flags = vm->flags, .cpus = vm->affinity,
		.memory_bytes = READ_ONCE(vm->ept.ram_bytes),
	};
	str_copy((char *)info.name, vm->name, sizeof(info.name));
	return hc_put(c->p2, &info, sizeof(info));
}

static void count_exits(const struct vcpu *vcpu, struct hc_q_vcpu_stats *s)
{
	unsigned int i;

	for (i = 0; i < NR_EXIT_REASONS; i++) {
		uint64_t n = READ_ONCE(vcpu->exits[i]);

		s->exits += n;
		s->exits_by[kinds[i]] += n;
	}
}

int64_t hc_vcpu_stats(struct hc_call *c)
{
	uint32_t which = (uint32_t)c->p1, id = (uint32_t)(c->p1 >> 32);
	struct hc_q_vcpu_stats s = { .which = which, .vcpu_id = id };
	struct thread_times times;
	const struct vcpu *vcpu;
	const struct vm *vm;
	int err = id < MAX_VCPUS_PER_VM ? find(which, &vm) : -EINVAL;

	if (err)
		return err;
	if (id >= vm->nr_vcpus)
		return -ENOENT;
	vcpu = vm->vcpus[id];
	s.pcpu_id = vcpu->pcpu_id;
	s.state = READ_ONCE(vcpu->state);
	times = thread_times(&vcpu->thread);
	s.time_ns = tsc_to_ns(times.now);
	s.run_ns = tsc_to_ns(times.run);
	s.wait_ns = tsc_to_ns(times.wait);
	count_exits(vcpu, &s);
	return hc_put(c->p2, &s, sizeof(s));
}

int64_t hc_cpus(struct hc_call *c)
{
	struct hc_q_cpus cpus = { .nr = nr_pcpus };
	uint32_t i;

	for (i = 0; i < nr_pcpus; i++)
		cpus.apic_id[i] = percpu_area[i].apic_id;
	return hc_put(c->p1, &cpus, sizeof(cpus));
}
