/* SPDX-License-Identifier: BSD-3-Clause */
/* MSR policy: one table says for each register who answers a guest; unknown ones are #GP. */
#pragma once

#include "lib/types.h"

struct vcpu;

/* Opens the registers the guest may use without an exit in its (all-closed) bitmap. Own thread. */
void vmsr_open(struct vcpu *vcpu);

/* 0, or 1: #GP(0). Own thread. */
int vmsr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value) __must_check;
int vmsr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value) __must_check;

/* The guest's APIC mode changed: chooses what the CPU virtualises, and passes the LAPIC through when that is wanted. */
void vmsr_apic_mode(struct vcpu *vcpu);
