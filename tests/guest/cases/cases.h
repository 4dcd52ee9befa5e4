/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cases of build/guest/cases.elf. A case runs on the first processor with
 * interrupts off and the local APIC set up, and leaves it so.
 */
#pragma once

#include "lib/types.h"

struct guest_case {
	const char *name;
	unsigned int cpus;	/* it needs */
	void (*run)(void);
};

void case_cpuid(void);
void case_msr(void);
void case_cr(void);
void case_hyperv(void);
void case_exceptions(void);
void case_shadow(void);
void case_masked(void);
void case_deaf(void);
void case_split_lock(void);
void case_decoder(void);
void case_pio(void);
void case_vlapic(void);
void case_ioapic(void);
void case_timer(void);
void case_tsc(void);
void case_hlt(void);
void case_xsave(void);
void case_memory(void);
void case_ipi(void);
void case_sweep(void);
void case_sweep_cr(void);
void case_ports(void);
void case_soak(void);
