/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtual local APIC (SDM vol 3 ch. 11), xAPIC and x2APIC. Its registers live
 * in one page laid out as the hardware's virtual-APIC page (SDM vol 3, 30.1),
 * so the same page serves software emulation and APIC virtualisation.
 *
 * Posting is lock-free: anyone sets a bit in `pir` and a request; the vCPU's
 * own thread merges pir into IRR (vlapic_sync) before it looks. What comes up in
 * its exit handler, a host interrupt included, goes into IRR without a detour. Who clears
 * REQ_EVENT must call vlapic_sync() afterwards: a bit that is posted while it
 * already stands in pir makes no second request. A CPU with posted interrupts
 * merges the same words itself while it runs the guest: then a notification
 * takes the place of request and exit. Level-triggered vectors wait in words of
 * their own, as their EOI must exit before they are delivered.
 *
 * The virtual bus clock is the TSC: one count of the timer with divisor 1 is
 * one TSC tick. So nothing is converted, periods are exact and cannot drift.
 * Linux and Hyper-V aware guests learn the rate from vlapic_timer_hz().
 */
#pragma once

#include "irq/timer.h"
#include "lib/addr.h"
#include "lib/types.h"

struct vm;
struct vcpu;

/* Posted-interrupt descriptor, shared with the CPU (SDM vol 3, 30.6). NV, NDST and SN are for interrupt remapping: not used. */
struct posted_desc {
	uint64_t pir[4];	/* atomic: posted, not yet in IRR */
	uint64_t control;	/* atomic: bit POSTED_ON */
	uint64_t reserved[3];
} __aligned(64);

#define POSTED_ON	0u	/* a notification is under way */

struct vlapic {
	struct posted_desc posted;
	struct vcpu *vcpu;	/* (o) */
	uint8_t *page;		/* (o) 4 KiB virtual-APIC page */
	uint64_t apic_base;	/* own thread: IA32_APIC_BASE */
	uint64_t level[4];	/* atomic: posted as level triggered, not yet in IRR */
	bool level_any;		/* atomic: there may be some */
	bool posting;		/* (i) the CPU takes edge-triggered ones from `posted` in guest mode */
	struct timer timer;	/* own pCPU */
	uint64_t timer_deadline; /* own pCPU: host TSC when the running count reaches 0, 0 = not counting */
	uint64_t timer_period;	/* own pCPU: TSC ticks, 0 = one-shot */
	bool timer_parked;	/* own pCPU: periodic, and waits until the vCPU runs */
	uint64_t tsc_deadline;	/* own pCPU: guest TSC, 0 = disarmed */
	uint32_t esr_pending;	/* atomic: errors not yet latched into ESR */
	uint32_t timer_mode;	/* own thread: APIC_LVT_TIMER_ bits in force */
	uint8_t timer_shift;	/* own thread: log2 of the divisor */
	uint8_t irr_words;	/* own thread, without hw_vid: bit n = IRR register n is not 0 */
	uint8_t isr_words;	/* the same for ISR */
	bool hw_vid;		/* (i) virtual-interrupt delivery does IRR/ISR/PPR/EOI */
};

/* Allocates vcpu->vlapic in its power-up state; vcpu->vm, vcpu_id and vapic_id are set. 0 or -ENOMEM. Boot or vCPU thread. */
int vlapic_create(struct vcpu *vcpu) __must_check;
/* Stops the timer and frees; the vCPU has no thread. Boot or vCPU thread. NULL vlapic: ignored. */
void vlapic_destroy(struct vcpu *vcpu);
/*
 * Power-up (SDM vol 3, 11.4.7.1) or INIT (11.4.7.3; the mode and the APIC base stay) state; own thread or vCPU without thread.
 * At power-up vCPU 0's LINT0 is unmasked as ExtINT, as firmware leaves it ("virtual wire"): our guests mostly start without any.
 */
void vlapic_reset(struct vcpu *vcpu, bool init);
/* Stops the timer for good: before the thread ends and before the guest is given the physical LAPIC. Own thread, or no thread. */
void vlapic_quiesce(struct vcpu *vcpu);

/*
 * xAPIC MMIO access, offset in the page, 32-bit (own thread). 0; -EINVAL: not in xAPIC mode, or no register begins there (a
 * read gives 0, a write is dropped, ESR tells the guest as hardware does). Never fatal.
 */
int vlapic_mmio_read(struct vcpu *vcpu, uint32_t offset, uint32_t *value);
int vlapic_mmio_write(struct vcpu *vcpu, uint32_t offset, uint32_t value);
/*
 * x2APIC MSRs 0x800..0x8FF, IA32_APIC_BASE 0x1B, IA32_TSC_DEADLINE 0x6E0 (own thread). 0, or 1: inject #GP(0).
 * After a write of IA32_APIC_BASE the caller looks at vlapic_is_x2apic() to choose what VMX virtualises.
 */
int vlapic_msr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value) __must_check;
int vlapic_msr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value) __must_check;
/* True when this MSR of 0x800..0x8FF is a register that can be read; the hardware's virtual x2APIC does not look. */
bool vlapic_x2apic_has(uint32_t msr);
/* A register write the hardware already put into the page (APIC-write exit, SDM vol 3 30.4.3.3). */
void vlapic_apic_write(struct vcpu *vcpu, uint32_t offset);

/* The vCPU has its CPU again: a periodic timer that was parked meanwhile goes on. Own thread. */
void vlapic_timer_unpark(struct vcpu *vcpu);
/* Frequency of the timer before its divisor, Hz. */
uint64_t vlapic_timer_hz(const struct vcpu *vcpu);
/* vcpu->tsc_offset changed: the guest's TSC deadline means another host time now. Own thread. */
void vlapic_tsc_changed(struct vcpu *vcpu);

bool vlapic_is_x2apic(const struct vcpu *vcpu);
bool vlapic_is_enabled(const struct vcpu *vcpu);	/* globally and by the spurious-vector register */

/*
 * Any CPU: marks a vector pending and requests REQ_EVENT. Vectors 0..15 are an error the guest finds in ESR. Dropped when the
 * guest has disabled its APIC (11.4.7.2).
 */
void vlapic_post(struct vcpu *vcpu, uint8_t vector, bool level);

/* Handler of the notification vector: it came too late for the guest, whose thread looks instead. */
void vlapic_notified(void *arg, uint8_t vector);

/*
 * Own thread, VMCS loaded. Moves posted bits into IRR; returns true when any came. The next entry delivers them: by RVI, or,
 * without delivery by hardware, by event_check.
 */
bool vlapic_sync(struct vcpu *vcpu);
/* Own thread, software delivery: highest deliverable vector (IRR above PPR), or -1; and its acceptance (IRR -> ISR). */
int vlapic_pending(struct vcpu *vcpu);
void vlapic_accept(struct vcpu *vcpu, uint8_t vector);
/* Own thread: highest vector in IRR or -1 (for RVI), highest in ISR or -1 (for SVI). */
int vlapic_irr_top(const struct vcpu *vcpu);
int vlapic_isr_top(const struct vcpu *vcpu);
/* TPR bits 7:4 below which a TPR write must exit so that a waiting interrupt gets in (0: none). */
uint8_t vlapic_tpr_threshold(struct vcpu *vcpu);
uint8_t vlapic_tpr(const struct vcpu *vcpu);	/* full 8 bits */
void vlapic_set_cr8(struct vcpu *vcpu, uint64_t cr8);
/* Level-triggered vectors need an exit at EOI: bitmap of 256. */
void vlapic_eoi_exits(struct vcpu *vcpu, uint64_t bitmap[4]);
/* EOI by the guest of `vector` (VID: EOI-induced exit; else called by the EOI register). Tells the vIOAPIC for level ones. */
void vlapic_eoi_done(struct vcpu *vcpu, uint8_t vector);
/* True when LINT0 or the APIC's state lets a PIC interrupt (ExtINT) through. */
bool vlapic_accepts_extint(const struct vcpu *vcpu);
/* The local source of LVT entry APIC_LVT_ (timer, error, LINT1, ...) signals: delivers as the entry says. Own pCPU; error entry: any CPU. */
void vlapic_local(struct vcpu *vcpu, uint32_t lvt);
/* Notes APIC_ESR_ bits and signals the error entry. Any CPU. */
void vlapic_error(struct vcpu *vcpu, uint32_t bits);

/*
 * Calls fn for every vCPU a destination names. `logical`: logical mode (flat,
 * cluster, x2APIC cluster), else physical; 0xFF / 0xFFFFFFFF broadcasts. Any CPU.
 */
void vlapic_for_dest(struct vm *vm, uint32_t dest, bool logical,
		     void (*fn)(struct vcpu *vcpu, void *arg), void *arg);
/* What an interrupt message says; from ICR, MSI and vIOAPIC alike. */
struct lapic_message {
	uint32_t dest;
	bool logical;		/* destination mode */
	uint32_t delivery_mode;	/* the 3-bit number: ICR bits 10:8 shifted down */
	uint8_t vector;
	bool level;
};

/*
 * Delivers fixed, lowest-priority, NMI, INIT, SIPI to a destination. Any CPU. 0 (SMI too: there is no SMM to go to); -EINVAL: reserved mode, or nobody there.
 */
int vlapic_deliver(struct vm *vm, const struct lapic_message *m);

/*
 * The short way for a fixed, edge-triggered interrupt to one physical destination whose number is its vCPU's. Any CPU.
 * False: nothing is sent, it needs vlapic_deliver().
 */
bool vlapic_post_plain(struct vm *vm, uint32_t dest, uint8_t vector);
