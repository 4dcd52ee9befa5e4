/* SPDX-License-Identifier: BSD-3-Clause */
/* The time base: TSC ticks. */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

/*
 * Finds the frequency: CPUID 0x15/0x16, else the HPET at `hpet`, else the ACPI
 * PM timer at a port (0: there is none), else the PIT. Boot CPU, after hostmap_init().
 */
void tsc_init(hpa_t hpet, uint16_t pm_timer_port);
uint64_t tsc_khz(void);
uint64_t tsc_now(void);
uint64_t tsc_from_us(uint64_t us);
uint64_t tsc_to_us(uint64_t ticks);
static inline uint64_t tsc_to_ns(uint64_t ticks)
{
	uint64_t khz = tsc_khz();

	return ticks / khz * 1000000 + ticks % khz * 1000000 / khz;
}
/* Busy wait; boot and panic paths only. */
void tsc_delay_us(uint64_t us);
