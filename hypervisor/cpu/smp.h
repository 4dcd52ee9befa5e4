/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting the other CPUs. */
#pragma once

#include "lib/types.h"

/* What lies in higher layers: the firmware's list of CPUs and the local APIC. */
struct smp_ops {
	const uint32_t *nr_cpus, *apic_id;	/* boot CPU first */
	void (*send_init)(uint32_t apic_id);
	void (*send_sipi)(uint32_t apic_id, uint8_t page);
	void (*send_nmi)(uint32_t apic_id);
	void (*setup)(void);			/* on the new CPU, before it is online */
};

/*
 * Starts every CPU the MADT lists, one after the other; each one sets itself
 * up (GDT, IDT, page tables, LAPIC, percpu), goes online, and calls `entry`
 * with interrupts off on its own stack. A CPU that does not answer within
 * 200 ms is reported by APIC id and left out. Boot CPU.
 */
void smp_start(const struct smp_ops *ops, void (*entry)(void));
