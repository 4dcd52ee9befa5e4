/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's interrupt pins that belong to the Service VM: physical I/O APIC pins follow its virtual ones. */
#pragma once

#include "lib/types.h"

struct vm;

/* The Service VM's vIOAPIC reports here: a redirection entry changed; the guest ended a level interrupt. vCPU thread. */
void intx_rte_changed(struct vm *vm, uint32_t gsi, uint64_t rte);
void intx_ended(struct vm *vm, uint32_t gsi);

/* A line that a virtual device of the hypervisor drives: its physical pin stays masked. Before the VM runs. */
void intx_reserve(uint32_t gsi);

/* Masks every pin the VM used and frees the vectors: reset and end of the VM. */
void intx_release(struct vm *vm);

/* Pairs (host vector, interrupts so far) of the pins the VM has open, at most `max` words. The number of words. Any CPU. */
uint32_t intx_counts(const struct vm *vm, uint64_t *words, uint32_t max);

/* Whose a pin is now, and its host vector, for the shell; false: nobody's. Any CPU. */
bool intx_look(uint32_t gsi, const struct vm **vm, int *vector);
