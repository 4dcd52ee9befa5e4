/* SPDX-License-Identifier: BSD-3-Clause */
/* A window of 512 small pages far above the one-to-one map, for tests that need their own mappings. */
#pragma once

#include "lib/types.h"
#include "x86/pte.h"

#define PAGING_WINDOW		0x8000000000ul	/* second entry of the root table */
#define PAGING_WINDOW_PAGES	512u

/* Writes the entry of window page `index` (0: not present) and drops it from this processor's TLB; returns its address. */
void *paging_set(unsigned int index, uint64_t pte);
/* The entry itself, for accessed and dirty bits. */
uint64_t paging_get(unsigned int index);
