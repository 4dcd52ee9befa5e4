/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exit handlers: one a reason, found through the table in exit/dispatch.c.
 * All run in the vCPU's own thread with its VMCS loaded and interrupts off.
 * They return 0, or -errno: then the VM is stopped with a report.
 */
#pragma once

#include "lib/types.h"

struct vcpu;

int exit_dispatch(struct vcpu *vcpu) __must_check;
/* Its answer was -errno: reports the exit and stops the VM. */
void exit_unhandled(struct vcpu *vcpu, int err);

int exit_exception(struct vcpu *vcpu) __must_check;
int exit_extint(struct vcpu *vcpu) __must_check;
int exit_triple_fault(struct vcpu *vcpu) __must_check;
int exit_preempt_timer(struct vcpu *vcpu) __must_check;
int exit_window(struct vcpu *vcpu) __must_check;
int exit_nmi_window(struct vcpu *vcpu) __must_check;
int exit_cpuid(struct vcpu *vcpu) __must_check;
int exit_hlt(struct vcpu *vcpu) __must_check;
int exit_undefined(struct vcpu *vcpu) __must_check;
int exit_protect(struct vcpu *vcpu) __must_check;
int exit_wbinvd(struct vcpu *vcpu) __must_check;
int exit_pause(struct vcpu *vcpu) __must_check;
int exit_xsetbv(struct vcpu *vcpu) __must_check;
int exit_dr(struct vcpu *vcpu) __must_check;
int exit_task_switch(struct vcpu *vcpu) __must_check;
int exit_machine_check(struct vcpu *vcpu) __must_check;
int exit_vmcall(struct vcpu *vcpu) __must_check;
int exit_cr(struct vcpu *vcpu) __must_check;
int exit_io(struct vcpu *vcpu) __must_check;
int exit_rdmsr(struct vcpu *vcpu) __must_check;
int exit_wrmsr(struct vcpu *vcpu) __must_check;
int exit_tpr_below(struct vcpu *vcpu) __must_check;
int exit_eoi(struct vcpu *vcpu) __must_check;
int exit_apic_write(struct vcpu *vcpu) __must_check;
int exit_ept_violation(struct vcpu *vcpu) __must_check;
int exit_ept_misconfig(struct vcpu *vcpu) __must_check;

/* What exit_host_machine_check() found on this CPU. */
void exit_log_machine_check(struct vcpu *vcpu);
/* #MC outside VMX non-root operation, on its own stack: takes no lock; goes on when nothing is lost, else panics. */
void exit_host_machine_check(void);

/* The report of a VM that has to stop: why, registers, instruction bytes, on the console. */
void exit_report(struct vcpu *vcpu, const char *why);
/* After VMfail or an entry that failed on guest state (SDM vol 3, 26.7, 30.4). */
void exit_entry_failed(struct vcpu *vcpu, uint32_t reason);
/* The SDM's name of a basic exit reason. */
const char *exit_reason_name(uint32_t reason);
/* Its handler touches nothing of other VMs but under locks, and can be given up at any point where it holds none. */
bool exit_is_contained(uint32_t reason);

/* vCPU thread for which nothing more may be done: waits to be ended. */
void vcpu_thread_park(struct vcpu *vcpu) __noreturn;
