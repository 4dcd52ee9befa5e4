/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's interrupt pins that belong to the Service VM: physical I/O APIC pins follow its virtual ones. */
#pragma once

#include "emul/vioapic.h"
#include "lib/types.h"

struct vm;

/* Passed to vioapic_create() for the Service VM. */
extern const struct vioapic_ops intx_vioapic_ops;

/* A line that a virtual device of the hypervisor drives: its physical pin stays masked. Before the VM runs. */
void intx_reserve(uint32_t gsi);

/* Masks every pin the VM used and frees the vectors: reset and end of the VM. */
void intx_release(struct vm *vm);
