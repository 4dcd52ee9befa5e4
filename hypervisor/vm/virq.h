/* SPDX-License-Identifier: BSD-3-Clause */
/* The one door for events into a guest. */
#pragma once

#include "lib/types.h"

struct vm;
struct vcpu;

#define VEC_DE	0
#define VEC_DB	1
#define VEC_NMI	2
#define VEC_BP	3
#define VEC_UD	6
#define VEC_NM	7
#define VEC_DF	8
#define VEC_TS	10
#define VEC_NP	11
#define VEC_SS	12
#define VEC_GP	13
#define VEC_PF	14
#define VEC_MF	16
#define VEC_AC	17
#define VEC_MC	18

/* Exceptions for the current instruction (own thread). Merge to #DF / triple fault by the SDM's table (vol 3, 6.15). */
void virq_exception(struct vcpu *vcpu, uint8_t vector);
void virq_exception_error(struct vcpu *vcpu, uint8_t vector, uint32_t error);
void virq_page_fault(struct vcpu *vcpu, uint64_t cr2, uint32_t error);
/*
 * A debug trap behind the instruction (own thread): `dr6` bits, and what the VMCS holds as pending. Queued as an event of ours,
 * as an entry that injects something else forgets what is pending (SDM vol 3, 26.7.3). Nothing due: no effect.
 */
void virq_debug_trap(struct vcpu *vcpu, uint64_t dr6);

/* Any CPU: a local APIC interrupt, an NMI, an MSI message (address/data as a device would write them). */
void virq_post(struct vcpu *vcpu, uint8_t vector, bool level);
void virq_nmi(struct vcpu *vcpu);
/* 0 or -EINVAL (malformed address or a delivery mode that is not supported). */
int virq_msi(struct vm *vm, uint64_t addr, uint64_t data);

/* GSI of the interval timer at the I/O APIC; it is input 0 of the PIC. */
#define VIRQ_TIMER_GSI	2u
#define VIRQ_PIC_INPUTS	16u

static inline uint32_t virq_pic_input(uint32_t gsi)
{
	return gsi == VIRQ_TIMER_GSI ? 0 : gsi;
}

/* A platform interrupt line (GSI): drives the vIOAPIC pin and, below 16, the vPIC. Any CPU. -EINVAL: no such line. */
int virq_line(struct vm *vm, uint32_t gsi, bool level);
