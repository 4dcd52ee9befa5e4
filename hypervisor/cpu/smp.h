/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting the other CPUs. */
#pragma once

#include "lib/types.h"

/*
 * Starts every CPU the MADT lists, one after the other; each one sets itself
 * up (GDT, IDT, page tables, LAPIC, percpu), goes online, and calls `entry`
 * with interrupts off on its own stack. A CPU that does not answer within
 * 200 ms is reported by APIC id and left out. Boot CPU.
 */
void smp_start(void (*entry)(void));

/* pCPU id of a local APIC id, or -ENOENT. */
int smp_pcpu_of_apic(uint32_t apic_id);
