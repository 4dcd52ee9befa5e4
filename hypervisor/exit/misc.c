/* SPDX-License-Identifier: BSD-3-Clause */
/* Exits of single instructions with little to do. */
#include "exit/exit.h"
#include "lib/errno.h"
#include "sched/thread.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/vcpuid.h"
#include "vm/virq.h"
#include "vm/vm.h"
#include "x86/cpuid.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

int exit_cpuid(struct vcpu *vcpu)
{
	struct cpuid_regs r = vcpuid_get(vcpu, (uint32_t)vcpu->gpr[GPR_RAX], (uint32_t)vcpu->gpr[GPR_RCX]);

	vcpu->gpr[GPR_RAX] = r.eax;
	vcpu->gpr[GPR_RBX] = r.ebx;
	vcpu->gpr[GPR_RCX] = r.ecx;
	vcpu->gpr[GPR_RDX] = r.edx;
	vcpu_skip(vcpu);
	return 0;
}

/* Instructions of features the guest's CPUID does not show. */
int exit_undefined(struct vcpu *vcpu)
{
	virq_exception(vcpu, VEC_UD);
	return 0;
}

int exit_protect(struct vcpu *vcpu)
{
	virq_exception_error(vcpu, VEC_GP, 0);
	return 0;
}

/*
 * Caches are flushed where something outside the coherent CPUs may look at memory: for the VM that owns devices, and for one
 * that has uncached RAM on a CPU that does not snoop itself. For others it would only cost the neighbours, so order is all.
 * INVD too writes back: dropped lines could be anybody's.
 */
int exit_wbinvd(struct vcpu *vcpu)
{
	const struct vm *vm = vcpu->vm;

	if (vm_is_service(vm) || (vm->memtypes.everywhere != PG_WB && !(cpuid(1, 0).edx & CPUID_1_EDX_SS)))
		wbinvd();
	else
		cpu_mfence();
	vcpu_skip(vcpu);
	return 0;
}

/* The guest spins: somebody else of this CPU may hold what it waits for. */
int exit_pause(struct vcpu *vcpu)
{
	vcpu_skip(vcpu);
	thread_yield();
	return 0;
}

int exit_xsetbv(struct vcpu *vcpu)
{
	uint64_t v = (vcpu->gpr[GPR_RDX] << 32) | (vcpu->gpr[GPR_RAX] & 0xffffffffu);

	if (vcpu_cpl(vcpu) || (uint32_t)vcpu->gpr[GPR_RCX] || vcpu_write_xcr0(vcpu, v)) {
		virq_exception_error(vcpu, VEC_GP, 0);
		return 0;
	}
	vcpu_skip(vcpu);
	return 0;
}

/* The instruction is run again. */
int exit_dr(struct vcpu *vcpu)
{
	vcpu_load_dr(vcpu);
	return 0;
}

/*
 * A hardware task switch (27.2.1: selector and source in the qualification). No 64-bit guest makes one, and emulating it
 * would put a large parser of guest structures on a trust line.
 */
int exit_task_switch(struct vcpu *vcpu)
{
	static const char *const source[] = { "CALL", "IRET", "JMP", "a task gate in the IDT" };
	uint64_t q = vmread(VMCS_EXIT_QUALIFICATION);

	exit_report(vcpu, "hardware task switch, which is not offered");
	vm_crash(vcpu->vm, "vCPU %u: hardware task switch by %s to selector %lx, which is not offered", vcpu->vcpu_id,
		 source[q >> 30 & 3], q & 0xffff);
	return 0;
}
