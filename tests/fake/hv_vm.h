/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A VM made of the real vm/ code (vcpu.c, vcpu_arch.c, vcr.c, vmsr.c, vlapic*.c, gpa.c) on a fake machine: the VMCS
 * is fake_vmx, threads only count, frames come from the C library, and guest memory is an array in a real EPT. Link
 * the sources HV_VM_SOURCES of the tests name; flags -DHOST_DIRECT_BASE=0ul.
 */
#pragma once

#include "cpu/features.h"
#include "public/scenario.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define HV_RAM_SIZE	(8ul << 20)

struct hv_thread_counts {
	unsigned int nr_created, nr_destroyed, nr_started, nr_woken, nr_blocked, nr_yielded;
	unsigned int fail_at;	/* the n-th thread_create() from now fails with -EBUSY; 0: none */
	void (*on_block)(void);
	struct thread *last;	/* of thread_create() */
};

extern struct hv_thread_counts hv_threads;
extern bool hv_features[NR_FEATURES];	/* what feature_has() answers; all true after hv_machine_reset() */

#define HV_LAPIC_TICKS	4u	/* TSC ticks of one count */
#define HV_LAPIC_HELD	8u

/* What the physical local APIC was told. */
struct hv_lapic {
	bool x2apic, no_timer, in_bochs;
	uint64_t timer_next;	/* what timer_next() answers */
	unsigned int nr_fixed, nr_reclaims, nr_expires, nr_arms, nr_held;
	uint8_t held[HV_LAPIC_HELD];	/* lapic_hold(), in order */
	uint32_t fixed_apic_id;
	uint8_t fixed_vector, handled_vector;
	void (*handler)(void *arg, uint8_t vector);	/* of the last vector_set() */
};
extern struct hv_lapic hv_lapic;

/* Machine of 4 CPUs whose VMX controls may all be set; CPUID, MSRs and VMCS empty. */
void hv_machine_reset(void);

/*
 * A VM of this kind in vm_table[vm_id] with nr_vcpus real vCPUs and HV_RAM_SIZE of RAM from address 0; the Service
 * VM also becomes service_vm. vCPU 0's VMCS is current and in its start state.
 */
struct vm *hv_vm_create(uint16_t vm_id, uint8_t load_order, uint16_t nr_vcpus);
void hv_vm_destroy(struct vm *vm);
uint8_t *hv_vm_ram(const struct vm *vm);

/* Makes the vCPU's start state current (vcpu_arch_start). */
void hv_vcpu_start(struct vcpu *vcpu);
