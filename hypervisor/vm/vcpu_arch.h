/* SPDX-License-Identifier: BSD-3-Clause */
/* A vCPU's state that is neither in its VMCS nor in gpr[]: switched when another vCPU takes the CPU. */
#pragma once

#include "lib/types.h"
#include "public/vm.h"
#include "vm/mtrr.h"
#include "vmx/vmcs.h"

struct vm;
struct vcpu;

#define NR_SWITCHED_MSRS 6u

struct vcpu_arch {
	struct vmcs_state vmcs;
	struct acrn_regs start;		/* registers of the next start */
	bool start_given;		/* else the reset state of SDM vol 3, 9.1.1 */
	bool live;			/* VMCS holds guest state (set up since the last reset) */
	void *msr_bitmap;		/* 4 KiB */
	void *fpu;			/* XSAVE area, fpu_pages */
	uint32_t fpu_pages;
	bool update_refused;		/* a microcode update was; said once */
	bool split_locks;		/* makes some, which was reported */
	uint64_t xcr0;
	uint64_t msr[NR_SWITCHED_MSRS];
	uint64_t dr[4], dr6, cr2;
	uint8_t msr_rule;		/* own thread: index of the rule found last, see vmsr.c */
	bool dr_loaded;			/* own thread: dr[] is in the CPU while the vCPU has it */
	uint64_t efer;			/* guest's EFER as it wrote it (LMA included) */
	struct mtrr mtrr;
};

/* Own thread, VMCS loaded: writes the whole VMCS from arch->start (or the reset state). 0 or -EINVAL. */
int vcpu_arch_start(struct vcpu *vcpu) __must_check;

/* Own thread: real-mode state after a start-up IPI (SDM vol 3, 8.4.4.1). */
void vcpu_arch_sipi(struct vcpu *vcpu, uint8_t vector);

/* Makes `vcpu` the one whose state is in this CPU, saving the previous one's; a no-op when it already is. */
void vcpu_arch_switch(struct vcpu *vcpu);
/* The guest's MOV DR: DR0 - DR3 are loaded, and it does not exit again while they are. Own thread. */
void vcpu_load_dr(struct vcpu *vcpu);
/* WRMSR of one that is switched between vCPUs; 0, or 1: #GP(0). Own thread. */
int vcpu_write_switched(struct vcpu *vcpu, uint32_t msr, uint64_t value) __must_check;
/* Takes the vCPU's state off this CPU for good (end of its thread). */
void vcpu_arch_leave(struct vcpu *vcpu);

/* CR0, CR4, EFER as the guest writes them; 0, or 1: #GP(0) (SDM vol 3, 2.5). Own thread. */
int vcpu_write_cr0(struct vcpu *vcpu, uint64_t value) __must_check;
int vcpu_write_cr4(struct vcpu *vcpu, uint64_t value) __must_check;
int vcpu_write_efer(struct vcpu *vcpu, uint64_t value) __must_check;
int vcpu_write_xcr0(struct vcpu *vcpu, uint64_t value) __must_check;

/* Physical-address bits of this machine, as a mask. */
uint64_t vcpu_address_mask(void);
/* CR0.CD or vCPU 0's MTRRs changed: memory types follow before the vCPU's next entry. Own thread. */
void vcpu_memtypes_changed(struct vcpu *vcpu);

/* CR0 bits a guest changes without an exit. */
#define CR0_GUEST_OWNED	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_WP | CR0_AM)

/* XCR0 bits and CR4 bits guests may use on this machine; set up at boot. */
extern uint64_t guest_xcr0_mask, guest_cr4_mask;	/* XCR0: 0 without XSAVE */
void vcpu_arch_init(void);

/* The VMX-preemption timer while the local APIC is ours: host timers where that has none, and the guard of Bochs. Own thread. */
void vcpu_preempt_timer(struct vcpu *vcpu, bool on);

/* Intercepts of one MSR for this vCPU (true = exits). */
void vcpu_msr_intercept(struct vcpu *vcpu, uint32_t msr, bool read, bool write);
