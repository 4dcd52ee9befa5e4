/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypervisor's own page pool: one contiguous range taken from the memory map at boot. */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

/* Hands [start, start + size) to the pool. Boot CPU, once. */
void frame_init(hpa_t start, uint64_t size);

/* `nr_pages` physically contiguous, zeroed 4 KiB pages in the direct map, or NULL. Any CPU. */
void *frame_get(uint32_t nr_pages) __must_check;

/* Returns what frame_get(nr_pages) gave; NULL is ignored. */
void frame_put(void *p, uint32_t nr_pages);

uint32_t frame_nr_free(void);
uint32_t frame_nr_total(void);

/* The pool's range, for "mapped in no VM" checks. */
void frame_pool(hpa_t *start, uint64_t *size);
