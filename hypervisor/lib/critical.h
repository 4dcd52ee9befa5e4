/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts, per CPU, what must be brought to its end once begun: locks held, lists
 * of this CPU's own, interrupts taken. A fault meanwhile cannot be contained
 * (exit/fault.c). One instruction each way; balanced on each CPU.
 */
#pragma once

#include "lib/types.h"

#define CRITICAL_OFFSET 8	/* of the count in the CPU's structure at GS; cpu/percpu.h asserts it */

static inline void critical_enter(void)
{
#ifndef UNIT_TEST
	__asm__ volatile("incl %%gs:%c0" : : "i"(CRITICAL_OFFSET) : "memory", "cc");
#endif
}

static inline void critical_leave(void)
{
#ifndef UNIT_TEST
	__asm__ volatile("decl %%gs:%c0" : : "i"(CRITICAL_OFFSET) : "memory", "cc");
#endif
}
