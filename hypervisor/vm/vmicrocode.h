/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Microcode as VMs see it. An update acts on the whole machine: only a Service VM with option microcode may bring one, and only once
 * between two starts of the machine. It is copied, checked and loaded into all CPUs while none is in a guest.
 */
#pragma once

#include "lib/types.h"

struct vcpu;

/* IA32_BIOS_SIGN_ID and IA32_BIOS_UPDT_TRIG; 0: no fault. Own thread. */
int vmicrocode_revision(struct vcpu *vcpu, uint32_t msr, uint64_t *value) __must_check;
int vmicrocode_update(struct vcpu *vcpu, uint32_t msr, uint64_t value) __must_check;
