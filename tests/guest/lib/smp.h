/* SPDX-License-Identifier: BSD-3-Clause */
/* Further processors. They wait in HLT for work. */
#pragma once

#include "lib/cpu.h"
#include "lib/types.h"

#define SMP_WAKE_VECTOR	0xf0u	/* the wake-up of a waiting processor */

/* Starts all others by INIT and SIPI to everybody; returns how many there are now, this one included. Once. */
unsigned int smp_start(void);
unsigned int smp_count(void);
/* Hands fn(arg) to another processor; it runs with interrupts off. */
void smp_send(unsigned int cpu, void (*fn)(void *arg), void *arg);
/* Waits until it is done; false when that takes longer than `us`. */
bool smp_wait(unsigned int cpu, uint64_t us);
/* smp_send() and smp_wait() of one second. */
bool smp_call(unsigned int cpu, void (*fn)(void *arg), void *arg);
/* INIT and SIPI for one that is (or may be) stuck; true when it waits for work again. */
bool smp_restart(unsigned int cpu);
