/* SPDX-License-Identifier: BSD-3-Clause */
/* Registers and tables of a DMA remapping unit (Intel VT-d architecture specification 3.x; sections in brackets). */
#pragma once

/* Registers by byte offset [11.4]. 64-bit ones take 64-bit accesses. */
#define VTD_CAP		0x08u	/* 64 */
#define VTD_ECAP	0x10u	/* 64 */
#define VTD_GCMD	0x18u
#define VTD_GSTS	0x1cu
#define VTD_RTADDR	0x20u	/* 64 */
#define VTD_CCMD	0x28u	/* 64 */
#define VTD_FSTS	0x34u
#define VTD_FECTL	0x38u
#define VTD_FEDATA	0x3cu
#define VTD_FEADDR	0x40u
#define VTD_FEUADDR	0x44u
#define VTD_PMEN	0x64u
#define VTD_IQT		0x88u	/* 64 */
#define VTD_IQA		0x90u	/* 64 */
#define VTD_IRTA	0xb8u	/* 64 */
#define VTD_IOTLB(ecap)	(16u * (uint32_t)((ecap) >> 8 & 0x3ff) + 8u)	/* 64 */

#define VTD_CAP_DOMAINS(c)	(1u << (4 + 2 * ((c) & 7)))
#define VTD_CAP_RWBF		(1ul << 4)	/* the write buffer needs flushing */
#define VTD_CAP_PMR		(3ul << 5)	/* protected low or high memory regions */
#define VTD_CAP_LEVELS_3	(1ul << 9)
#define VTD_CAP_LEVELS_4	(1ul << 10)
#define VTD_CAP_FAULT_AT(c)	(16u * (uint32_t)((c) >> 24 & 0x3ff))
#define VTD_CAP_2M		(1ul << 34)
#define VTD_CAP_1G		(1ul << 35)
#define VTD_CAP_NR_FAULTS(c)	((uint32_t)((c) >> 40 & 0xff) + 1)
#define VTD_CAP_DRAIN_WRITES	(1ul << 54)
#define VTD_CAP_DRAIN_READS	(1ul << 55)

#define VTD_ECAP_COHERENT	(1ul << 0)
#define VTD_ECAP_QI		(1ul << 1)
#define VTD_ECAP_IR		(1ul << 3)
#define VTD_ECAP_EIM		(1ul << 4)

/* Global command and status: the same bits [11.4.4]. */
#define VTD_GCMD_TE		(1u << 31)	/* DMA remapping */
#define VTD_GCMD_SRTP		(1u << 30)	/* take RTADDR */
#define VTD_GCMD_WBF		(1u << 27)
#define VTD_GCMD_QIE		(1u << 26)
#define VTD_GCMD_IRE		(1u << 25)	/* interrupt remapping */
#define VTD_GCMD_SIRTP		(1u << 24)	/* take IRTA */
#define VTD_GCMD_CFI		(1u << 23)	/* let compatibility-format interrupts pass */
#define VTD_GCMD_MODES		0x96ffffffu	/* what stays; the others are commands of one moment */

#define VTD_CCMD_ICC		(1ul << 63)	/* set: invalidate; clear: done */
#define VTD_CCMD_GLOBAL		(1ul << 61)
#define VTD_IOTLB_IVT		(1ul << 63)
#define VTD_IOTLB_GLOBAL	(1ul << 60)
#define VTD_IOTLB_DOMAIN	(2ul << 60)
#define VTD_IOTLB_DRAINS_SHIFT	48		/* CAP bits 54, 55 belong at 48 (writes), 49 (reads) */
#define VTD_IOTLB_DID_SHIFT	32

#define VTD_FSTS_PFO		(1u << 0)	/* more faults than records */
#define VTD_FSTS_PPF		(1u << 1)	/* a record is filled */
#define VTD_FSTS_IQE		(1u << 4)	/* invalidation queue error */
#define VTD_FSTS_ICE		(1u << 5)
#define VTD_FSTS_ITE		(1u << 6)
#define VTD_FECTL_IM		(1u << 31)
#define VTD_PMEN_EPM		(1u << 31)
#define VTD_PMEN_PRS		(1u << 0)

/* Fault record, high half [11.4.14]. The low half is the page, or the index << 48 of an interrupt. */
#define VTD_FAULT_F		(1ul << 63)
#define VTD_FAULT_READ		(1ul << 62)
#define VTD_FAULT_REASON(hi)	((uint8_t)((hi) >> 32))
#define VTD_FAULT_SOURCE(hi)	((uint16_t)(hi))
#define VTD_REASON_IR_FIRST	0x20u		/* 0x20..0x2f: interrupt remapping */
#define VTD_REASON_IR_LAST	0x2fu

/* Invalidation descriptors, 128 bits [6.5.2]. */
#define VTD_QI_CONTEXT_GLOBAL	0x11ul
#define VTD_QI_IOTLB_GLOBAL	0x12ul
#define VTD_QI_IOTLB_DOMAIN	0x22ul
#define VTD_QI_IOTLB_DRAINS_SHIFT 6		/* writes 6, reads 7 */
#define VTD_QI_DID_SHIFT	16
#define VTD_QI_IEC_GLOBAL	0x04ul
#define VTD_QI_IEC_INDEX	0x14ul
#define VTD_QI_IEC_INDEX_SHIFT	32
#define VTD_QI_WAIT_STATUS	0x25ul		/* writes bits 63:32 to the address in the high half */

/* Root and context entries, 16 bytes each: low and high half [9.1, 9.3]. Second-level entries: x86/pte.h. */
#define VTD_ENTRY_P		(1ul << 0)
#define VTD_CONTEXT_AW(levels)	((levels) - 2ul)
#define VTD_CONTEXT_DID_SHIFT	8
#define VTD_CONTEXT_DID(hi)	((uint16_t)((hi) >> 8))

/*
 * Interrupt remapping entry [9.10], physical destination, fixed delivery:
 *
 *  127      84 83  82 81 80 79   64 63         32 31 24 23  16 15     5 4  3  2 1 0
 * +-----------+------+-----+-------+-------------+-----+------+---------+----+----+-+
 * |     0     | SVT  | SQ  |  SID  | destination |  0  |vector|    0    |TM  | 0  |P|
 * +-----------+------+-----+-------+-------------+-----+------+---------+----+----+-+
 */
#define VTD_IRTE_LEVEL		(1ul << 4)
#define VTD_IRTE_VECTOR_SHIFT	16
#define VTD_IRTE_DEST_SHIFT	32		/* EIME: 32 bits */
#define VTD_IRTE_XAPIC_DEST_SHIFT 40		/* else 8 */
#define VTD_IRTE_SVT_SID	(1ul << 18)	/* the whole source id counts */
#define VTD_IRTA_EIME		(1ul << 11)
#define VTD_IRTA_256		7ul		/* 2^(7+1) entries */

/* Remappable messages and I/O APIC entries [5.1.2, 5.1.5]. */
#define VTD_MSI_REMAP		(1u << 4)
#define VTD_MSI_INDEX_SHIFT	5		/* index 14:0 */
#define VTD_RTE_REMAP		(1ul << 48)
#define VTD_RTE_INDEX_SHIFT	49		/* index 14:0 */
