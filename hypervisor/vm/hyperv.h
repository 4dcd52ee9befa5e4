/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the Hyper-V interface that a VM with option hyperv_leaves is shown (Hypervisor Top-Level Functional
 * Specification, 2.4 CPUID leaves, 3.12 hypercall page, 12.7 reference time): clocks and the index of a virtual processor.
 * The vendor's leaf stays ours; only the interface leaf says Hv#1.
 */
#pragma once

#include "lib/types.h"

struct vm;
struct cpuid_regs;
struct vcpu;

#define HYPERV_MSR_FIRST	0x40000000u
#define HYPERV_MSR_LAST		0x40000023u

/* Partition-wide registers. Any vCPU of the VM writes them, each as a whole. */
struct hyperv {
	uint64_t os_id, hypercall, tsc_page;
	uint64_t start, scale;	/* (i) the VM's TSC at which the reference time was 0; 100 ns per tick, times 2^64 */
};

bool hyperv_is_shown(const struct vm *vm);
/* Leaves 0x40000001 to 0x40000006. */
struct cpuid_regs hyperv_cpuid(const struct vm *vm, uint32_t leaf);
/* 0, or 1: #GP(0). Own thread. */
int hyperv_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value) __must_check;
int hyperv_write(struct vcpu *vcpu, uint32_t msr, uint64_t value) __must_check;
/* Power-up state. vCPU 0's thread, before the others can run. */
void hyperv_reset(struct vm *vm);
/* A vCPU's TSC was set: the reference page no longer holds for it, so its readers are sent to the counter. Own thread. */
void hyperv_tsc_changed(struct vcpu *vcpu);
