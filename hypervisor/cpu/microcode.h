/* SPDX-License-Identifier: BSD-3-Clause */
/* Microcode updates (SDM vol 3, 9.11): their form, and loading one into this CPU. */
#pragma once

#include "lib/types.h"

struct microcode_header {
	uint32_t header_version;	/* 1 */
	uint32_t revision;
	uint32_t date;			/* BCD mmddyyyy */
	uint32_t signature;		/* CPUID 1 EAX */
	uint32_t checksum;		/* all words of total_size add up to 0 */
	uint32_t loader_revision;	/* 1 */
	uint32_t platforms;		/* bit n: platform id n, MSR 0x17 bits 52:50 */
	uint32_t data_size;		/* bytes behind the header; 0: 2000 */
	uint32_t total_size;		/* multiple of 1024; used when data_size is not 0 */
	uint32_t reserved[3];
};
_Static_assert(sizeof(struct microcode_header) == 48, "microcode header (SDM vol 3, table 9-7)");

#define MICROCODE_MAX_SIZE	(1u << 20)	/* some times the largest known */

/* Bytes of the whole update, or 0: the header is not that of an update we take. */
uint32_t microcode_size(const struct microcode_header *h);
/* NULL, or what is wrong with these `size` bytes as an update for this CPU. Own memory: it is read more than once. */
const char *microcode_check(const void *update, uint32_t size) __must_check;
/* Loads a checked update, 16-byte aligned, into this CPU; the revision in it afterwards. Interrupts off, no guest on any CPU. */
uint32_t microcode_apply(const void *update);
/* The revision in this CPU. */
uint32_t microcode_revision(void);
