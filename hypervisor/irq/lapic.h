/* SPDX-License-Identifier: BSD-3-Clause */
/* The physical local APIC: x2APIC where present, else xAPIC. */
#pragma once

#include "lib/types.h"

/* Per CPU: enables the APIC, masks the LVT, sets the spurious vector. */
void lapic_init(void);
uint32_t lapic_id(void);
void lapic_eoi(void);
bool lapic_is_x2apic(void);

/* Fixed-mode interrupt, NMI, INIT, SIPI to one CPU by APIC id; physical destination. Any CPU, not from NMI. */
void lapic_send_fixed(uint32_t apic_id, uint8_t vector);
void lapic_send_nmi(uint32_t apic_id);
void lapic_send_init(uint32_t apic_id);
void lapic_send_sipi(uint32_t apic_id, uint8_t page);

/* False: lapic_timer_arm() does nothing, VM entries and the idle loop look at the queue (irq/timer.c). */
bool lapic_has_timer(void);

/* Arms the timer for `vector` VEC_TIMER at a TSC value (deadline mode, else one-shot converted); 0 disarms. */
void lapic_timer_arm(uint64_t tsc_deadline);

/* Counts of the timer with divisor 1 that last at least `ticks` TSC ticks. First call: measures for a ms, own CPU, timer idle. */
uint64_t lapic_timer_counts(uint64_t ticks);

/*
 * Brings a vector (32..255) into service here as if taken and not ended: its EOI is the guest's. Own CPU, interrupts off,
 * percpu.lapic_owned_by_guest set, the vector above all that is in service.
 */
void lapic_hold(uint8_t vector);

/*
 * After a passthrough guest: LVTs masked, timer off, nothing in service or
 * pending. Own CPU, interrupts off, percpu.lapic_owned_by_guest still set: what
 * was pending is dropped; once the caller has cleared it, timer_expire() makes
 * the host's timers work again. Vectors 16..31 that were pending stay so, kept
 * out of the host by its TPR: only the next guest on this CPU can see them.
 */
void lapic_reclaim(void);
