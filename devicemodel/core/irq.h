/* SPDX-License-Identifier: BSD-3-Clause */
/* Interrupts into the guest. Every function may be called from any thread, with or without the device lock. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/layout.h"

struct vm;

struct irq_lines {
	pthread_mutex_t lock;		/* leaf lock: nothing is taken inside */
	uint16_t nr_high[LAYOUT_NR_GSI];	/* how many sources hold the line high */
};

/*
 * A level source of line @gsi goes high or low. Sources that share a line are counted, so each
 * must report changes only (high once, then low once).
 */
void irq_line_set(struct vm *vm, unsigned int gsi, bool high);

/* One edge on @gsi (low-high-low). */
void irq_line_pulse(struct vm *vm, unsigned int gsi);

/* Send a message-signalled interrupt (SDM Vol. 3, "Message Signalled Interrupts"). 0 or -errno. */
int irq_msi(struct vm *vm, uint64_t addr, uint32_t data);

/* All lines low, as after reset. */
void irq_reset(struct vm *vm);
