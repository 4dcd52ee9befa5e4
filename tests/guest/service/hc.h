/* SPDX-License-Identifier: BSD-3-Clause */
/* Hypercalls of the Service VM, and memory to make them with. */
#pragma once

#include "lib/types.h"
#include "public/hypercall.h"

/* One hypercall: RAX as it comes back. */
static inline int64_t hc(uint64_t id, uint64_t p1, uint64_t p2)
{
	register uint64_t r8 __asm__("r8") = id;
	int64_t ret;

	__asm__ volatile("vmcall" : "=a"(ret) : "D"(p1), "S"(p2), "r"(r8) : "memory");
	return ret;
}

/* Address of an object as the hypervisor takes it: memory is mapped one to one. */
#define GPA(p) ((uint64_t)(p))

/* Finds the largest piece of RAM below 4 GiB; arena_get() hands it out. */
void arena_init(void);
/* Zeroed pages in a row; ends the program when there are no more. */
void *arena_get(unsigned int nr_pages);
/* The whole piece, and what of it is not handed out. */
uint64_t arena_start(void);
uint64_t arena_size(void);
uint64_t arena_left(void);

/* A repeatable series of numbers (xorshift64); each processor seeds and has its own. */
void random_seed(uint64_t seed);
uint64_t random_next(void);
uint64_t random_below(uint64_t n);

/* Says "POOL: look NR" and gives the case's steps time to ask the console for the page pool. */
void pool_look(unsigned int nr);
