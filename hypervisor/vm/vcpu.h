/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtual CPU. Its VMCS and registers are touched only by its own thread
 * (or while the thread does not exist yet / any more); everybody else posts
 * bits into `requests` and kicks.
 */
#pragma once

#include "vm/access.h"
#include "vm/gva.h"
#include "vm/steal.h"
#include "lib/addr.h"
#include "lib/types.h"
#include "public/vm.h"
#include "sched/thread.h"

struct vm;
struct vlapic;
struct vmcs_state;

/* General registers in the order of the instruction encoding and of exit qualifications (SDM vol 3, 28.2.1). */
enum gpr {
	GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI,
	GPR_R8, GPR_R9, GPR_R10, GPR_R11, GPR_R12, GPR_R13, GPR_R14, GPR_R15, NR_GPRS
};

/* Work to do before the next VM entry; served in exit/run.c. */
enum vcpu_request {
	REQ_EVENT,		/* look for interrupts to inject */
	REQ_NMI,		/* an NMI is pending for the guest */
	REQ_INIT,		/* INIT signal */
	REQ_SIPI,		/* start-up IPI, vector in sipi_vector */
	REQ_EPT_FLUSH,		/* mappings of this VM changed */
	REQ_IO_DONE,		/* the device model completed the IOREQ slot */
	REQ_PAUSE,		/* park; the bit stays set until the VM is resumed */
	REQ_EXIT,		/* end the thread */
	REQ_EOI_EXITS,		/* recompute the EOI-exit bitmap (VID) */
	REQ_TRIPLE_FAULT,	/* reset or stop the VM */
	REQ_MEMTYPES,		/* the EPT is being rewritten for other memory types: go on with it */
	REQ_MACHINE_CHECK,	/* one was found on this CPU where nothing may be logged: say it */
};

enum vcpu_state {
	VCPU_OFFLINE,		/* no thread */
	VCPU_WAIT_SIPI,		/* after INIT, or an AP after reset */
	VCPU_RUNNING,
	VCPU_HALTED,		/* HLT */
	VCPU_IO_WAIT,		/* its IOREQ slot is with the device model */
	VCPU_PAUSED,
};

enum vcpu_where {
	VCPU_OUTSIDE,
	VCPU_IN_GUEST,		/* or about to be: a kick is needed */
	VCPU_IN_HANDLER,	/* its exit is being handled, or an access finished */
};

#define NR_EXIT_REASONS	80u	/* basic exit reasons, SDM vol 3 appendix C */

/* Time from exits of one reason to the next entry, TSC ticks. */
struct exit_cost {
	uint64_t nr, sum, max;
};

struct vcpu {
	uint64_t gpr[NR_GPRS];		/* own thread; gpr[GPR_RSP] is kept in the VMCS, see vcpu_gpr() */
	uint64_t requests;		/* bits of enum vcpu_request, atomic */
	struct vm *vm;			/* (o) */
	uint16_t vcpu_id;		/* (o) index in the VM */
	uint32_t pcpu_id;		/* (o) */
	uint32_t vapic_id;		/* (o) virtual local APIC id */
	enum vcpu_state state;		/* own thread writes */
	uint8_t where;			/* enum vcpu_where; own thread writes around VM entry */
	enum vcpu_state resume_state;	/* own thread: state to return to after a pause */
	bool parked;			/* own thread: between pause and resume */
	bool held;			/* atomic: paused alone, stays so when its VM is resumed */
	uint8_t sipi_vector;
	struct vmcs_state *vmx;		/* (o) owned by vmx/ */
	struct vlapic *vlapic;		/* (o) owned by vm/vlapic.c */
	struct io_access io;		/* own thread: the one access in flight */
	struct gva_code_walk code[GVA_CODE_WALKS];	/* own thread: see gva_code() */
	struct {			/* own thread: a page that the EPT had not, when it was at `changes` */
		uint64_t page, changes;
	} hole;
	union {				/* own thread: what the next entry has to look at */
		uint64_t before_entry;	/* 0: nothing; one test instead of four */
		struct {
			bool event_check;	/* look for interrupts */
			bool nmi_pending;	/* from REQ_NMI until injected */
			bool entry_timer;	/* the preemption timer is to be set */
			bool unused;
			struct {		/* event, as VMCS fields; info 0 = none */
				uint32_t info, error, insn_len;
			} inject;
		};
	};
	bool lapic_pt;			/* own thread writes: drives the CPU's own local APIC now */
	uint64_t tsc_offset;		/* own thread: guest TSC = host TSC, scaled (vm/vtsc.h), + offset */
	uint64_t exits[NR_EXIT_REASONS];	/* own thread counts; anyone may read */
	uint64_t nr_nmi_kicks;		/* NMI exits that were kicks */
	struct exit_cost cost[NR_EXIT_REASONS];	/* own thread, while WATCH_COST; anyone may read */
	uint64_t cost_since, cost_spent;	/* own thread: TSC from which the exit now handled is charged, 0: none; charged before */
	uint32_t cost_reason;			/* own thread: of that exit */
	struct thread thread;
	struct steal steal;		/* own thread */
	struct vcpu_arch *arch;		/* (o) vm/vcpu_arch.h: state switched between threads */
};

_Static_assert(__builtin_offsetof(struct vcpu, inject) == __builtin_offsetof(struct vcpu, before_entry) + 4,
	       "before_entry holds inject.info");

/* Read/write a general register, RSP included (own thread). */
uint64_t vcpu_gpr(const struct vcpu *vcpu, enum gpr r);
void vcpu_set_gpr(struct vcpu *vcpu, enum gpr r, uint64_t value);

/* Guest control state as the guest sees it (own thread): CR0/CR4 with shadowed bits folded in. */
uint64_t vcpu_rip(const struct vcpu *vcpu);
uint64_t vcpu_rflags(const struct vcpu *vcpu);
uint64_t vcpu_cr0(const struct vcpu *vcpu);
uint64_t vcpu_cr3(const struct vcpu *vcpu);
uint64_t vcpu_cr4(const struct vcpu *vcpu);
uint64_t vcpu_efer(const struct vcpu *vcpu);
/* 0..3 from SS.DPL. */
unsigned int vcpu_cpl(const struct vcpu *vcpu);
/* Default operand/address size of the current code segment: 2, 4 or 8 (64-bit mode) bytes. */
unsigned int vcpu_mode_bytes(const struct vcpu *vcpu);
/* Segment base; index as in the encoding: ES CS SS DS FS GS. In 64-bit mode 0 but for FS and GS. */
uint64_t vcpu_seg_base(const struct vcpu *vcpu, unsigned int seg);
/*
 * Behind an emulated instruction (own thread): RIP moves on, STI/MOV-SS blocking ends, and with RFLAGS.TF the single-step
 * trap is queued. vcpu_skip(): past the instruction that exited; vcpu_step(): to `rip`; vcpu_iterated(): RIP stays, for one
 * more iteration of a repeated string instruction.
 */
void vcpu_skip(struct vcpu *vcpu);
void vcpu_step(struct vcpu *vcpu, uint64_t rip);
void vcpu_iterated(struct vcpu *vcpu, uint64_t rflags);

/*
 * Builds a vCPU with its thread on pcpu_id (state NEW: nothing runs) and its vLAPIC.
 * 0, -ENOMEM, -EBUSY (the CPU's policy refuses). Any CPU.
 */
int vcpu_create(struct vm *vm, uint16_t vcpu_id, uint32_t pcpu_id, struct vcpu **out) __must_check;
/* Frees it; the thread must be NEW or dead. */
void vcpu_destroy(struct vcpu *vcpu);

/*
 * A new thread and power-up state in place of an ended thread (dead or NEW): the structure stays where
 * it is, as others may be posting to it. 0 or -errno of thread_create(). Any thread but its own.
 */
int vcpu_renew(struct vcpu *vcpu) __must_check;

/* State of the next (re)start: power-up reset, or given registers. vCPU without running thread, or own thread. */
void vcpu_reset(struct vcpu *vcpu);
int vcpu_set_regs(struct vcpu *vcpu, const struct acrn_regs *regs) __must_check;

/* Sets a request bit and makes the vCPU notice: wakes its thread, kicks its CPU if it is in guest mode. Any CPU. */
void vcpu_request(struct vcpu *vcpu, enum vcpu_request r);
/* vcpu_request() of REQ_EVENT, the shorter way. */
void vcpu_request_event(struct vcpu *vcpu);
