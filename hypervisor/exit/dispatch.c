/* SPDX-License-Identifier: BSD-3-Clause */
/* From the exit reason to its handler. A new exit is one row here. */
#include "exit/exit.h"
#include "lib/errno.h"
#include "log/log.h"
#include "vm/vcpu.h"
#include "vm/virq_entry.h"
#include "vm/vm.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

struct exit_row {
	const char *name;
	int (*handle)(struct vcpu *vcpu);
	bool vectoring;		/* may interrupt the delivery of an event (SDM vol 3, 27.2.4) */
	bool contained;		/* see exit_is_contained() */
};

static const struct exit_row rows[NR_EXIT_REASONS] = {
	[EXIT_EXCEPTION] = { "exception or NMI", exit_exception, true, false },
	[EXIT_EXTINT] = { "external interrupt", exit_extint, false, false },
	[EXIT_TRIPLE_FAULT] = { "triple fault", exit_triple_fault, false, false },
	[EXIT_INTR_WINDOW] = { "interrupt window", exit_window, false, false },
	[EXIT_NMI_WINDOW] = { "NMI window", exit_nmi_window, false, false },
	[EXIT_TASK_SWITCH] = { "task switch", exit_task_switch, true, true },
	[EXIT_CPUID] = { "CPUID", exit_cpuid, false, true },
	[EXIT_GETSEC] = { "GETSEC", exit_undefined, false, false },
	[EXIT_HLT] = { "HLT", exit_hlt, false, false },
	[EXIT_INVD] = { "INVD", exit_wbinvd, false, false },
	[EXIT_RDPMC] = { "RDPMC", exit_protect, false, false },
	[EXIT_RSM] = { "RSM", exit_undefined, false, false },
	[EXIT_VMCALL] = { "VMCALL", exit_vmcall, false, false },
	[EXIT_VMCLEAR] = { "VMCLEAR", exit_undefined, false, false },
	[EXIT_VMLAUNCH] = { "VMLAUNCH", exit_undefined, false, false },
	[EXIT_VMPTRLD] = { "VMPTRLD", exit_undefined, false, false },
	[EXIT_VMPTRST] = { "VMPTRST", exit_undefined, false, false },
	[EXIT_VMREAD] = { "VMREAD", exit_undefined, false, false },
	[EXIT_VMRESUME] = { "VMRESUME", exit_undefined, false, false },
	[EXIT_VMWRITE] = { "VMWRITE", exit_undefined, false, false },
	[EXIT_VMXOFF] = { "VMXOFF", exit_undefined, false, false },
	[EXIT_VMXON] = { "VMXON", exit_undefined, false, false },
	[EXIT_CR] = { "control-register access", exit_cr, false, true },
	[EXIT_DR] = { "debug-register access", exit_dr, false, true },
	[EXIT_IO] = { "I/O instruction", exit_io, false, true },
	[EXIT_RDMSR] = { "RDMSR", exit_rdmsr, false, true },
	[EXIT_WRMSR] = { "WRMSR", exit_wrmsr, false, true },
	[EXIT_MWAIT] = { "MWAIT", exit_undefined, false, false },
	[EXIT_MONITOR] = { "MONITOR", exit_undefined, false, false },
	[EXIT_PAUSE] = { "PAUSE", exit_pause, false, false },
	[EXIT_MACHINE_CHECK] = { "machine check at entry", exit_machine_check, false, false },
	[EXIT_TPR_BELOW] = { "TPR below threshold", exit_tpr_below, false, false },
	[EXIT_EOI] = { "virtualised EOI", exit_eoi, false, true },
	[EXIT_EPT_VIOLATION] = { "EPT violation", exit_ept_violation, true, true },
	[EXIT_EPT_MISCONFIG] = { "EPT misconfiguration", exit_ept_misconfig, true, true },
	[EXIT_INVEPT] = { "INVEPT", exit_undefined, false, false },
	[EXIT_PREEMPT_TIMER] = { "preemption timer", exit_preempt_timer, false, false },
	[EXIT_INVVPID] = { "INVVPID", exit_undefined, false, false },
	[EXIT_WBINVD] = { "WBINVD", exit_wbinvd, false, false },
	[EXIT_XSETBV] = { "XSETBV", exit_xsetbv, false, true },
	[EXIT_APIC_WRITE] = { "APIC write", exit_apic_write, false, true },
	[EXIT_VMFUNC] = { "VMFUNC", exit_undefined, false, false },
	[EXIT_ENCLS] = { "ENCLS", exit_undefined, false, false },
	[EXIT_XSAVES] = { "XSAVES", exit_undefined, false, false },
	[EXIT_XRSTORS] = { "XRSTORS", exit_undefined, false, false },
	[EXIT_UMWAIT] = { "UMWAIT", exit_undefined, false, false },
	[EXIT_TPAUSE] = { "TPAUSE", exit_undefined, false, false },
};

const char *exit_reason_name(uint32_t reason)
{
	return reason < NR_EXIT_REASONS && rows[reason].name ? rows[reason].name : "unknown reason";
}

bool exit_is_contained(uint32_t reason)
{
	return reason < NR_EXIT_REASONS && rows[reason].contained;
}

int exit_dispatch(struct vcpu *vcpu)
{
	uint32_t reason = (uint32_t)vmread_known(VMCS_EXIT_REASON);
	const struct exit_row *row;

	if (unlikely(reason & EXIT_REASON_ENTRY_FAILURE)) {
		exit_entry_failed(vcpu, reason);
		return 0;
	}
	reason &= 0xffff;
	if (unlikely(reason >= NR_EXIT_REASONS || !rows[reason].handle))
		return ERR(-ENOSYS);
	row = &rows[reason];
	vcpu->exits[reason]++;
	if (row->vectoring)
		virq_reinject(vcpu);
	/* The last call: registers that nothing needs behind it are not saved before it. */
	return row->handle(vcpu);
}

void exit_unhandled(struct vcpu *vcpu, int err)
{
	exit_report(vcpu, exit_reason_name((uint32_t)vmread(VMCS_EXIT_REASON) & 0xffff));
	vm_crash(vcpu->vm, "vCPU %u: exit could not be handled (error %d)", vcpu->vcpu_id, err);
}
