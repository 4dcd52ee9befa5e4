/* SPDX-License-Identifier: BSD-3-Clause */
/* Local APIC passthrough: from the guest's switch to x2APIC on, its interrupts cost no VM exit. */
#pragma once

#include "lib/types.h"

struct vcpu;

/*
 * Hands this CPU's local APIC to the vCPU, with what the virtual one holds: registers, the armed timer, what waits and what is
 * in service. The only function that stops external-interrupt
 * and HLT exits and opens the x2APIC MSRs (all but ICR, id and LDR). Own thread, on its
 * own CPU, whose APIC must be an x2APIC.
 */
void lapic_pt_enable(struct vcpu *vcpu);

/* Takes it back and puts it into reset state; own thread, when it ends or is reset. A no-op when the guest never had it. */
void lapic_pt_disable(struct vcpu *vcpu);

/* Sends on what was posted to the virtual APIC before everybody knew. Own thread. */
void lapic_pt_forward(struct vcpu *vcpu);

/*
 * Until lapic_pt_release() no CPU's local APIC becomes a guest's: each answers ipi_call(). 0; -EPERM: one is a guest's already;
 * -EBUSY: somebody holds it. vCPU thread; not for long, as a vCPU may be waiting.
 */
int lapic_pt_hold(void) __must_check;
void lapic_pt_release(void);

/* ICR write of a passthrough guest: translates ids, emulates INIT/SIPI, sends the rest. 0, or 1: #GP(0). */
int lapic_pt_icr(struct vcpu *vcpu, uint64_t icr) __must_check;

/*
 * IA32_TSC_DEADLINE of a passthrough guest whose TSC has an offset (without one it does not exit); and the change of that
 * offset, after vcpu->tsc_offset was set. Own thread, on its own CPU.
 */
void lapic_pt_write_deadline(struct vcpu *vcpu, uint64_t guest_tsc);
uint64_t lapic_pt_read_deadline(const struct vcpu *vcpu);
void lapic_pt_tsc_changed(struct vcpu *vcpu, uint64_t old_offset);

/* Any CPU: a fixed interrupt for a passthrough guest goes as an IPI with the guest's own vector. */
void lapic_pt_post(struct vcpu *vcpu, uint8_t vector);
