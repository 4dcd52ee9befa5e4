/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals between the hypervisor's CPUs. */
#pragma once

#include "lib/types.h"

/* Makes the CPU leave guest mode or HLT and look at its requests; by NMI when a guest owns its LAPIC. Any context but NMI. */
void ipi_kick(uint32_t pcpu_id);

/* Runs fn(arg) on another CPU (not a LAPIC-passthrough one) and waits for it. vCPU thread or boot. */
void ipi_call(uint32_t pcpu_id, void (*fn)(void *arg), void *arg);
