/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An exception in the hypervisor while it handles a guest's exit costs that
 * guest its VM and nobody else, when nothing can have been left half-done; the
 * rest is a panic as ever. doc/feature/vm-lifecycle.md has the conditions.
 */
#pragma once

#include "cpu/idt.h"
#include "public/scenario.h"

#define FAULT_STACK_WORDS	64u
#define NR_FAULT_DUMPS		4u

/* Kept in memory for the shell. */
struct fault_dump {
	uint64_t tsc;
	char vm_name[SCENARIO_VM_NAME_SIZE];
	uint16_t vcpu_id;
	uint32_t pcpu_id;
	uint64_t exit_reason, qualification, guest_phys, guest_rip;
	uint64_t cr2;
	struct host_frame frame;
	uint32_t nr_words;
	uint64_t stack[FAULT_STACK_WORDS];
};

/* fault_hook of cpu/idt.h: parks the vCPU's thread for good and stops its VM; or returns why that would not do. */
const char *fault_contain(const struct host_frame *f);

/* How many were contained; the n-th of them, NULL when it is none of the last NR_FAULT_DUMPS. */
uint32_t fault_count(void);
const struct fault_dump *fault_dump(uint32_t n);
