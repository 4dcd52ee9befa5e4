/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults of the hypervisor on behalf of one VM, see the header. */
#include "exit/fault.h"

#include "cpu/exception.h"
#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "exit/exit.h"
#include "lib/critical.h"
#include "lib/string.h"
#include "log/log.h"
#include "mm/hostmap.h"
#include "sched/thread.h"
#include "vm/memuse.h"
#include "vm/run_hook.h"
#include "vm/vcpu.h"
#include "vm/vm.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

/* Those that say only that an instruction could not be done. */
#define CONTAINED (1u << EXC_DE | 1u << EXC_OF | 1u << EXC_BR | 1u << EXC_UD | 1u << EXC_NP | 1u << EXC_SS | \
		   1u << EXC_GP | 1u << EXC_PF | 1u << EXC_AC)

static struct fault_dump dumps[NR_FAULT_DUMPS];
static uint32_t nr_dumps;	/* atomic */

/* The vCPU whose thread runs here, or NULL. */
static struct vcpu *current_vcpu(void)
{
	struct thread *t = this_cpu()->current;

	return t && t->body == vcpu_thread_body ? t->arg : NULL;
}

static const char *refusal(const struct host_frame *f, const struct vcpu *vcpu)
{
	if (!vcpu)
		return "no vCPU's thread ran";
	if (f->vector >= 32 || !(CONTAINED >> f->vector & 1))
		return "it says more than that an instruction could not be done";
	if (this_cpu()->critical)
		return "a lock was held, or work for others half-done";
	if (READ_ONCE(vcpu->where) != VCPU_IN_HANDLER || this_cpu()->vcpu != vcpu)
		return "no exit was being handled";
	if (!hostmap_is_text(f->rip))
		return "the hypervisor's code had been left";
	if (!thread_owns_stack(&vcpu->thread, f->rsp))
		return "the stack was another";
	if (!exit_is_contained((uint32_t)vmread(VMCS_EXIT_REASON)))
		return "handling this exit reaches beyond the VM";
	return NULL;
}

static void keep(const struct host_frame *f, const struct vcpu *vcpu)
{
	struct fault_dump *d = &dumps[__atomic_fetch_add(&nr_dumps, 1, __ATOMIC_RELAXED) % NR_FAULT_DUMPS];
	uint32_t i;

	*d = (struct fault_dump){
		.tsc = tsc_now(), .vcpu_id = vcpu->vcpu_id, .pcpu_id = vcpu->pcpu_id,
		.exit_reason = vmread(VMCS_EXIT_REASON), .qualification = vmread(VMCS_EXIT_QUALIFICATION),
		.guest_phys = vmread(VMCS_GUEST_PHYS), .guest_rip = vmread(VMCS_GUEST_RIP), .cr2 = read_cr2(), .frame = *f,
	};
	str_copy(d->vm_name, vcpu->vm->name, sizeof(d->vm_name));
	for (i = 0; i < FAULT_STACK_WORDS && thread_owns_stack(&vcpu->thread, f->rsp + i * 8); i++)
		d->stack[i] = ((const uint64_t *)f->rsp)[i];
	d->nr_words = i;
}

const char *fault_contain(const struct host_frame *f)
{
	struct vcpu *vcpu = current_vcpu();
	const char *no = refusal(f, vcpu);

	if (no)
		return no;
	/* A second fault from here on is not contained. */
	critical_enter();
	memuse_abandon();
	keep(f, vcpu);
	vm_crash(vcpu->vm, "vCPU %u: %s in the hypervisor at %lx while it handled %s", vcpu->vcpu_id,
		 exception_name(f->vector), f->rip, exit_reason_name((uint32_t)vmread(VMCS_EXIT_REASON)));
	log_err("vm %s: what the hypervisor was doing is kept: shell command \"crash\"", vcpu->vm->name);
	critical_leave();
	vcpu_thread_park(vcpu);
}

uint32_t fault_count(void)
{
	return __atomic_load_n(&nr_dumps, __ATOMIC_RELAXED);
}

const struct fault_dump *fault_dump(uint32_t n)
{
	uint32_t nr = fault_count();

	return n < nr && nr - n <= NR_FAULT_DUMPS ? &dumps[n % NR_FAULT_DUMPS] : NULL;
}
