/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Byte ring between one producer and one consumer, which may be on different
 * CPUs. Indices run freely and wrap at 2^32; the size is a power of two.
 */
#pragma once

#include "lib/types.h"

struct ring {
	uint8_t *buf;	/* (o) */
	uint32_t size;	/* (o) power of two */
	uint32_t head;	/* next byte to write; producer */
	uint32_t tail;	/* next byte to read; consumer */
};

void ring_init(struct ring *r, void *buf, uint32_t size);

/* Producer: copies in as much as fits; returns the number of bytes taken. */
uint32_t ring_write(struct ring *r, const void *data, uint32_t n);

/* Consumer: copies out up to `n` bytes; returns how many. */
uint32_t ring_read(struct ring *r, void *data, uint32_t n);

/* Bytes waiting; exact for the consumer, at least that many free for the producer. */
uint32_t ring_used(const struct ring *r);
uint32_t ring_free(const struct ring *r);
