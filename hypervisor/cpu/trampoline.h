/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The page below 1 MiB where other CPUs start: code copied from trampoline.S,
 * and this at its end, filled in for one CPU at a time.
 */
#pragma once

#define TRAMPOLINE_DATA	0xf00	/* offset in the page */

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct trampoline_data {
	uint64_t boot_cr3;	/* identity map of the first 4 GiB; below 4 GiB itself */
	uint64_t efer;
	uint64_t host_cr3;
	uint64_t stack;		/* top */
	uint64_t entry;		/* C function, called with arg; does not return */
	uint64_t arg;
	uint64_t gdt[3];	/* null, 64-bit code, data */
	uint16_t gdt_limit;
	uint32_t gdt_base;
	uint16_t rsvd;
	uint32_t far_offset;	/* physical address of the 64-bit part */
	uint16_t far_selector;
} __packed;

/* The code, position independent but for TRAMPOLINE_DATA; and its 64-bit part. */
extern const uint8_t trampoline_start[], trampoline_64[], trampoline_end[];
#endif
