/* SPDX-License-Identifier: BSD-3-Clause */
/* Time in TSC ticks. */
#pragma once

#include "lib/types.h"

void clock_init(void);
uint64_t clock_khz(void);
uint64_t clock_from_us(uint64_t us);
/* Busy waiting. */
void clock_wait_us(uint64_t us);
/* Waits until *word is not `old` any more, at most `us`; false when the time is over. */
bool clock_wait_change(const volatile uint32_t *word, uint32_t old, uint64_t us);
