/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the vlapic*.c files only: registers in the virtual-APIC page, and who acts on them. */
#pragma once

#include "vm/vcpu.h"
#include "vm/vlapic.h"
#include "x86/apicreg.h"
#include "x86/msr.h"

/* One register by its xAPIC offset. Other CPUs read LDR, DFR, TPR, SVR and LVT entries while the owner writes: whole words only. */
static inline uint32_t vlapic_reg(const struct vlapic *a, uint32_t offset)
{
	return READ_ONCE(*(const uint32_t *)(const void *)(a->page + offset));
}

static inline void vlapic_reg_set(struct vlapic *a, uint32_t offset, uint32_t value)
{
	WRITE_ONCE(*(uint32_t *)(void *)(a->page + offset), value);
}

/* Globally enabled, in either mode. */
static inline bool vlapic_is_on(const struct vlapic *a)
{
	return READ_ONCE(a->apic_base) & APIC_BASE_EN;
}

static inline bool vlapic_in_x2apic(const struct vlapic *a)
{
	return READ_ONCE(a->apic_base) & APIC_BASE_EXTD;
}

/* vlapic.c, own thread: identity registers for the mode; IA32_APIC_BASE (0, or 1: #GP); priorities; EOI. */
void vlapic_set_identity(struct vcpu *vcpu);
int vlapic_set_base(struct vcpu *vcpu, uint64_t value) __must_check;
uint32_t vlapic_ppr(const struct vcpu *vcpu);
void vlapic_set_tpr(struct vcpu *vcpu, uint8_t tpr);
void vlapic_recheck(struct vcpu *vcpu);
void vlapic_eoi(struct vcpu *vcpu);

/* vlapic_icr.c: acts on ICR's low half; `dest` has 8 bits in xAPIC and 32 in x2APIC mode. Own thread. */
void vlapic_icr_send(struct vcpu *vcpu, uint32_t low, uint32_t dest);

/* vlapic_timer.c, own thread: after writes of the LVT entry, TMICT, TDCR; the deadline MSR; the current count. */
void vlapic_timer_create(struct vcpu *vcpu);
void vlapic_timer_mode_changed(struct vcpu *vcpu);
void vlapic_timer_set_count(struct vcpu *vcpu, uint32_t count);
void vlapic_timer_set_divisor(struct vcpu *vcpu);
void vlapic_timer_set_deadline(struct vcpu *vcpu, uint64_t guest_tsc);
uint32_t vlapic_timer_count(const struct vcpu *vcpu);
