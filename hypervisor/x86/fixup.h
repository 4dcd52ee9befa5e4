/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Instructions that may fault, and where to go on when they do. Each use adds
 * a pair of addresses to the section .fixup, which cpu/exception.c searches:
 *
 *   8 bytes: address of the instruction | 8 bytes: address to continue at
 */
#pragma once

#include "lib/types.h"

struct fixup_entry {
	uint64_t insn, fixup;
};

/* Table limits, from the linker script. */
extern const struct fixup_entry fixup_start[], fixup_end[];

/* In an asm template: the instruction at local label `insn` goes on at `target` on a fault. */
#define FIXUP(insn, target)			\
	".pushsection .fixup,\"a\"\n\t"		\
	".balign 8\n\t"				\
	".quad " insn ", " target "\n\t"	\
	".popsection\n\t"
