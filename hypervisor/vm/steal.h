/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steal time as KVM's guests know it (Linux Documentation/virt/kvm/x86/msr.rst, MSR_KVM_STEAL_TIME), for VMs with option kvm_leaf:
 * a record in the guest's memory says how long the vCPU wanted its physical CPU while others had it, and whether it has it now.
 */
#pragma once

#include "lib/types.h"

struct vm;
struct vcpu;

#define KVM_FEATURE_STEAL_TIME	(1u << 5)	/* CPUID 0x40000101 EAX */

/* Own thread. */
struct steal {
	uint64_t msr;		/* address of the record, a multiple of 64, and bit 0: it is kept */
	uint64_t told;		/* the thread's wait_ticks that the record has */
};

bool steal_is_shown(const struct vm *vm);
/* 0, or 1: #GP(0). Own thread. */
int steal_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value) __must_check;
int steal_write(struct vcpu *vcpu, uint32_t msr, uint64_t value) __must_check;
/* The vCPU has got its CPU, or loses it. Own CPU, in the switch of threads, while steal.msr is not 0. */
void steal_switch_in(struct vcpu *vcpu);
void steal_switch_out(struct vcpu *vcpu);
