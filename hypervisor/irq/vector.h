/* SPDX-License-Identifier: BSD-3-Clause */
/* Host interrupt vectors and their handlers. */
#pragma once

#include "lib/types.h"

enum host_vector {
	VEC_DYNAMIC_FIRST = 0x30,	/* physical devices' interrupts */
	VEC_DYNAMIC_LAST  = 0xdf,
	VEC_KICK	  = 0xe1,	/* leave guest mode, look at requests; no handler work */
	VEC_POSTED	  = 0xe4,	/* posted-interrupt notification: taken by a CPU in guest mode; handler in vm/ */
	VEC_TIMER	  = 0xef,
	VEC_SPURIOUS	  = 0xff,
};

/* Sets the handler for a vector; `arg` is passed to it. Handlers run with interrupts off, before EOI is written. */
void vector_set(uint8_t vector, void (*fn)(void *arg, uint8_t vector), void *arg);

/* Takes a free vector of the dynamic range, or -ENOSPC. */
int vector_get(void (*fn)(void *arg, uint8_t vector), void *arg);
void vector_put(uint8_t vector);

/* Runs the handler and writes EOI: from the IDT stub and from an external-interrupt VM exit. */
void vector_dispatch(uint8_t vector);

/* Interrupts that a CPU took at a vector. Any CPU. */
uint64_t vector_count(uint32_t pcpu_id, uint8_t vector);
