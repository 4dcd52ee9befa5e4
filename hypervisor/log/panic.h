/* SPDX-License-Identifier: BSD-3-Clause */
/* The last rung of the error ladder: going on could corrupt or leak. */
#pragma once

#include "lib/types.h"

/* Prints on every console, stops all other CPUs by NMI, halts. Any context. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

/* True once a CPU has panicked: others stop at their next NMI, console output takes no lock. */
bool panic_active(void);

/* Stops this CPU for good, interrupts off. */
void panic_halt(void) __noreturn;

/* Hook: makes all other CPUs take an NMI. cpu/smp sets it once there are others. */
extern void (*panic_stop_others)(void);

/* For our own invariants only, never for guest, device model, firmware or file data. */
#define ASSERT(cond) \
	do { \
		if (unlikely(!(cond))) \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond); \
	} while (0)
