/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypervisor's own address space: direct map, W^X image, guarded stacks. */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

struct pgtable;

#define HOST_STACK_BASE	0xffffc00000000000ul

/* Builds the tables from host_e820 and loads CR3. Boot CPU, after frame_init(). Panics on failure. */
void hostmap_init(void);
/* Loads CR3 and the page-attribute MSRs on a secondary CPU. */
void hostmap_load(void);

/* CR3 value of the tables. After hostmap_init(). */
uint64_t hostmap_root(void);
/* True when the address is mapped. Any context, also after a fault. */
bool hostmap_readable(uint64_t va);

/* An address of the hypervisor's own code. */
bool hostmap_is_text(uint64_t va);

/* Maps a device range uncached into the direct map; returns its address or NULL. Boot or vCPU thread. */
void *hostmap_device(hpa_t start, uint64_t size) __must_check;

/*
 * A stack of `pages` pages with an unmapped guard page below; returns the
 * lowest usable address or NULL. At most 15 pages. Contents undefined. A stack
 * put back keeps its pages for the next one of that size. Any CPU.
 */
void *hostmap_stack_get(uint32_t pages) __must_check;
void hostmap_stack_put(void *stack, uint32_t pages);
/* Pages that stacks put back keep. Any CPU. */
uint32_t hostmap_stacks_spare(void);

/* Physical range of the hypervisor image (text..bss). */
void hostmap_image(hpa_t *start, uint64_t *size);

/* For mm/hostcheck.c: the tables; code and constants, which nobody writes; the first byte of the n-th guard page, 0 behind the last. */
const struct pgtable *hostmap_table(void);
void hostmap_text(hpa_t *text, hpa_t *rodata, hpa_t *end);
uint64_t hostmap_guard(uint32_t n);
