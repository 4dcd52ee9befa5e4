/* SPDX-License-Identifier: BSD-3-Clause */
/* Segment, task and gate descriptors (SDM volume 3, 3.4, 6.14, 7.7). */
#pragma once

#ifndef __ASSEMBLER__
#include "lib/types.h"
#endif

/* Selectors of the host GDT; the same on every CPU. */
#define SEL_NULL	0x00
#define SEL_CODE32	0x08	/* boot only */
#define SEL_CODE	0x10
#define SEL_DATA	0x18
#define SEL_TSS		0x20	/* two slots */
#define GDT_SLOTS	6

#define DESC_CODE64	0x00af9b000000ffff	/* present, ring 0, accessed, execute/read, L */
#define DESC_CODE32	0x00cf9b000000ffff
#define DESC_DATA	0x00cf93000000ffff

/* Interrupt stack table slots, 1-based as gates name them; 0 keeps the current stack. */
#define IST_NMI		1
#define IST_DF		2
#define IST_MC		3
#define NR_IST		3

#ifndef __ASSEMBLER__

struct tss {
	uint32_t rsvd0;
	uint64_t rsp[3];
	uint64_t rsvd1;
	uint64_t ist[7];
	uint64_t rsvd2;
	uint16_t rsvd3;
	uint16_t iomap;
} __packed;
_Static_assert(sizeof(struct tss) == 104, "64-bit TSS");

/*
 *  15          0 15        0 15 14-13 12-8  7-3 2-0 15         0 31       0 31  0
 * | offset 15:0 | selector  | P | DPL |type | 0 |IST|offset31:16|off 63:32 | 0   |
 */
struct idt_gate {
	uint16_t offset_lo, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_hi, rsvd;
};
_Static_assert(sizeof(struct idt_gate) == 16, "64-bit gate");

#define GATE_INTERRUPT	0x8e	/* present, ring 0, clears IF */
#define DESC_TSS_AVAIL	0x89ul	/* present, available 64-bit TSS */

/* Access rights as the VMCS keeps them (SDM volume 3, table 24-2). */
#define SEG_AR_ACCESSED	(1u << 0)
#define SEG_AR_TYPE	0xfu
#define SEG_AR_S	(1u << 4)
#define SEG_AR_DPL_SHIFT 5
#define SEG_AR_P	(1u << 7)
#define SEG_AR_L	(1u << 13)
#define SEG_AR_DB	(1u << 14)
#define SEG_AR_G	(1u << 15)
#define SEG_AR_UNUSABLE	(1u << 16)

#endif
