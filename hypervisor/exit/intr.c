/* SPDX-License-Identifier: BSD-3-Clause */
/* Exits that are about events: interrupts, exceptions, windows, HLT, the virtual APIC. */
#include "cpu/idt.h"
#include "exit/exit.h"
#include "irq/timer.h"
#include "irq/vector.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "log/log.h"
#include "vm/split_lock.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/virq.h"
#include "vm/virq_entry.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "vm/vmsr.h"
#include "vmx/vmcs.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

/* Somebody wants this vCPU; mostly it is an event for the guest, and served without going round for it. */
static __attribute__((noinline)) int kicked(struct vcpu *vcpu)
{
	vector_dispatch(VEC_KICK);
	if (READ_ONCE(vcpu->requests) == 1ul << REQ_EVENT && atomic_test_and_clear_bit(&vcpu->requests, REQ_EVENT))
		virq_sync(vcpu);
	return 0;
}

int exit_extint(struct vcpu *vcpu)
{
	/* Acknowledge-on-exit: the vector is in the exit information and in service. */
	uint8_t vector = (uint8_t)vmread_known(VMCS_EXIT_INTR_INFO);

	if (vector == VEC_KICK)
		return kicked(vcpu);
	vector_dispatch(vector);
	return 0;
}

/* In place of the local APIC timer's interrupt, or the guard: what an emulator keeps from a guest with IF clear comes now. */
int exit_preempt_timer(struct vcpu *vcpu)
{
	if (vcpu->entry_timer) {
		timer_expire();
	} else {
		vcpu_preempt_timer(vcpu, true);
		cpu_sti_nop_cli();
	}
	return 0;
}

/* IRET was unblocking NMIs when the exception hit it: they are blocked still (27.2.2). */
static void keep_nmi_blocked(uint32_t info)
{
	if (info & INTR_NMI_UNBLOCK)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, vmread(VMCS_GUEST_INTERRUPTIBILITY) | BLOCK_NMI);
}

int exit_exception(struct vcpu *vcpu)
{
	uint32_t info = (uint32_t)vmread(VMCS_EXIT_INTR_INFO);

	if ((info & INTR_TYPE_MASK) == INTR_TYPE_NMI) {
		vcpu->nr_nmi_kicks++;
		cpu_int_nmi();
		return 0;
	}
	if ((info & 0xff) == VEC_MC)
		return exit_machine_check(vcpu);
	keep_nmi_blocked(info);
	if ((info & 0xff) == VEC_AC && split_lock_passes(vcpu))
		return 0;
	virq_exception_error(vcpu, (uint8_t)info, (uint32_t)vmread(VMCS_EXIT_ERROR_CODE));
	return 0;
}

int exit_triple_fault(struct vcpu *vcpu)
{
	vcpu_request(vcpu, REQ_TRIPLE_FAULT);
	return 0;
}

int exit_window(struct vcpu *vcpu)
{
	vmcs_change_proc(vcpu->vmx, 0, PROC_INTR_WINDOW);
	vcpu->event_check = true;
	return 0;
}

int exit_nmi_window(struct vcpu *vcpu)
{
	vmcs_change_proc(vcpu->vmx, 0, PROC_NMI_WINDOW);
	return 0;
}

int exit_hlt(struct vcpu *vcpu)
{
	vcpu_skip(vcpu);
	/* A single-step trap ends the HLT at once. */
	if (likely(!vcpu->inject.info))
		vcpu->state = VCPU_HALTED;
	return 0;
}

/* The three exits below come behind their instruction: the CPU has noted its debug traps. */
int exit_tpr_below(struct vcpu *vcpu)
{
	virq_debug_trap(vcpu, 0);
	vcpu->event_check = true;
	return 0;
}

int exit_eoi(struct vcpu *vcpu)
{
	virq_debug_trap(vcpu, 0);
	vlapic_eoi_done(vcpu, (uint8_t)vmread(VMCS_EXIT_QUALIFICATION));
	vcpu->event_check = true;
	return 0;
}

int exit_apic_write(struct vcpu *vcpu)
{
	virq_debug_trap(vcpu, 0);
	vlapic_apic_write(vcpu, vmread(VMCS_EXIT_QUALIFICATION) & 0xfff);
	vcpu->event_check = true;
	return 0;
}
