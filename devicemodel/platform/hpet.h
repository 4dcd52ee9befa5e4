/* SPDX-License-Identifier: BSD-3-Clause */
/* The HPET's identity, which the ACPI table repeats. */
#pragma once

/* Low half of the capability register: vendor 8086, 64-bit counter, 3 timers, revision 1. */
#define HPET_EVENT_TIMER_BLOCK_ID	(0x80860000u | 1u << 13 | (3u - 1) << 8 | 1u)
