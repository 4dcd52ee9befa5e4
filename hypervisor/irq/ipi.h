/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals between the hypervisor's CPUs. */
#pragma once

#include "lib/types.h"

/* Bits of percpu.requests. */
enum cpu_request {
	CPU_REQ_CALL,		/* calls wait in this CPU's mailbox */
};

/* Makes the CPU leave guest mode or HLT and look at its requests; by NMI when a guest owns its LAPIC. Any context but NMI. */
void ipi_kick(uint32_t pcpu_id);

/* Tells a CPU in guest mode to look at its posted-interrupt descriptor. Any context but NMI. */
void ipi_posted(uint32_t pcpu_id);

/*
 * Runs fn(arg) on another CPU (not a LAPIC-passthrough one) with interrupts
 * off and waits for it; on the own CPU it is a plain call. fn may not wait for
 * another CPU but by this function. vCPU thread or boot, no locks held that fn or an interrupt
 * handler takes.
 */
void ipi_call(uint32_t pcpu_id, void (*fn)(void *arg), void *arg);

/* Runs the calls others left for this CPU: from the kick's handler and while waiting for other CPUs. Own CPU, interrupts off. */
void ipi_serve(void);
