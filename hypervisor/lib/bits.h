/* SPDX-License-Identifier: BSD-3-Clause */
/* Bit operations; the atomic_ ones are safe between CPUs and full barriers. */
#pragma once

#include "lib/types.h"

static inline void atomic_set_bit(uint64_t *word, unsigned int bit)
{
	__atomic_fetch_or(word, 1ul << bit, __ATOMIC_SEQ_CST);
}

static inline void atomic_clear_bit(uint64_t *word, unsigned int bit)
{
	__atomic_fetch_and(word, ~(1ul << bit), __ATOMIC_SEQ_CST);
}

static inline bool atomic_test_and_set_bit(uint64_t *word, unsigned int bit)
{
	return __atomic_fetch_or(word, 1ul << bit, __ATOMIC_SEQ_CST) & (1ul << bit);
}

static inline bool atomic_test_and_clear_bit(uint64_t *word, unsigned int bit)
{
	return __atomic_fetch_and(word, ~(1ul << bit), __ATOMIC_SEQ_CST) & (1ul << bit);
}

/* Index of the lowest / highest set bit; `v` must not be 0. */
static inline unsigned int bit_lowest(uint64_t v) { return (unsigned int)__builtin_ctzl(v); }
static inline unsigned int bit_highest(uint64_t v) { return 63u - (unsigned int)__builtin_clzl(v); }

static inline unsigned int bits_count(uint64_t v)
{
	unsigned int n = 0;

	for (; v; v &= v - 1)
		n++;
	return n;
}
