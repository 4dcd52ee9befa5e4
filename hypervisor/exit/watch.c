/* SPDX-License-Identifier: BSD-3-Clause */
/* Trace of entries and exits, and what exits cost. */
#include "exit/watch.h"

#include "cpu/percpu.h"
#include "cpu/trace.h"
#include "lib/string.h"
#include "vm/run_hook.h"
#include "vm/vcpu.h"
#include "vm/vm.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

void watch_pause(struct vcpu *vcpu)
{
	vcpu->cost_spent += rdtsc() - vcpu->cost_since;
}

static void cost_book(struct vcpu *vcpu, uint64_t now)
{
	struct exit_cost *c = &vcpu->cost[vcpu->cost_reason];
	uint64_t ticks = vcpu->cost_spent + now - vcpu->cost_since;

	vcpu->cost_since = 0;
	c->nr++;
	c->sum += ticks;
	if (ticks > c->max)
		c->max = ticks;
}

void watch_entry(struct vcpu *vcpu)
{
	if (vcpu->cost_since)
		cost_book(vcpu, rdtsc());
	trace(TRACE_VM_ENTER, vcpu->vm->vm_id, vcpu->vcpu_id);
}

void watch_exit(struct vcpu *vcpu)
{
	uint64_t now = rdtsc();
	uint32_t reason = vmread(VMCS_EXIT_REASON) & 0xffff;

	trace(TRACE_VM_EXIT, reason, vcpu_rip(vcpu));
	if (!(this_cpu_watch() & WATCH_COST) || reason >= NR_EXIT_REASONS)
		return;
	vcpu->thread.switch_out = vcpu_switch_out;
	vcpu->cost_reason = reason;
	vcpu->cost_spent = 0;
	vcpu->cost_since = now;
}

static void cost_clear(struct vcpu *vcpu)
{
	/* Its own thread may be booking an exit: at worst one of them is counted from before. */
	vcpu->cost_since = 0;
	memset(vcpu->cost, 0, sizeof(vcpu->cost));
}

bool watch_costs_on(void)
{
	return percpu_area[0].watch & WATCH_COST;
}

void watch_costs(bool on)
{
	uint32_t i, j;

	for (i = 0; on && i < MAX_VMS; i++)
		for (j = 0; vm_table[i] && j < vm_table[i]->nr_vcpus; j++)
			cost_clear(vm_table[i]->vcpus[j]);
	for (i = 0; i < nr_pcpus; i++) {
		if (on)
			__atomic_fetch_or(&percpu_area[i].watch, WATCH_COST, __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&percpu_area[i].watch, ~WATCH_COST, __ATOMIC_RELAXED);
	}
}
