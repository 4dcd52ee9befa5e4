/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers and bit names of the local APIC (SDM vol. 3, chapter 11) and of
 * the I/O APIC (82093AA data sheet; ICH "IOxAPIC").
 *
 * A local APIC register is named by its byte offset in the xAPIC's page; the
 * x2APIC has the same register at MSR X2APIC_MSR(offset), where ICR is one
 * 64-bit register at APIC_ICR_LOW and DFR and ICR_HIGH do not exist.
 */
#pragma once

#include "lib/types.h"

/* Where the xAPIC's page lies after reset; moved by IA32_APIC_BASE (x86/msr.h). */
#define APIC_BASE_DEFAULT	0xfee00000ul
#define APIC_PAGE_SIZE		0x1000ul

/* The x2APIC's MSRs, table 11-6. */
#define X2APIC_MSR_FIRST	0x800u
#define X2APIC_MSR_LAST		0x8ffu
#define X2APIC_MSR(reg)		(X2APIC_MSR_FIRST + ((uint32_t)(reg) >> 4))
#define MSR_X2APIC_ID		0x802u
#define MSR_X2APIC_VERSION	0x803u
#define MSR_X2APIC_TPR		0x808u
#define MSR_X2APIC_PPR		0x80au
#define MSR_X2APIC_EOI		0x80bu
#define MSR_X2APIC_LDR		0x80du
#define MSR_X2APIC_SVR		0x80fu
#define MSR_X2APIC_ISR0		0x810u
#define MSR_X2APIC_TMR0		0x818u
#define MSR_X2APIC_IRR0		0x820u
#define MSR_X2APIC_ESR		0x828u
#define MSR_X2APIC_LVT_CMCI	0x82fu
#define MSR_X2APIC_ICR		0x830u
#define MSR_X2APIC_LVT_TIMER	0x832u
#define MSR_X2APIC_LVT_THERMAL	0x833u
#define MSR_X2APIC_LVT_PMI	0x834u
#define MSR_X2APIC_LVT_LINT0	0x835u
#define MSR_X2APIC_LVT_LINT1	0x836u
#define MSR_X2APIC_LVT_ERROR	0x837u
#define MSR_X2APIC_TMICT	0x838u
#define MSR_X2APIC_TMCCT	0x839u
#define MSR_X2APIC_TDCR		0x83eu
#define MSR_X2APIC_SELF_IPI	0x83fu

/* Register offsets, table 11-1. */
#define APIC_ID			0x020u
#define APIC_VERSION		0x030u
#define APIC_TPR		0x080u
#define APIC_APR		0x090u
#define APIC_PPR		0x0a0u
#define APIC_EOI		0x0b0u
#define APIC_RRD		0x0c0u
#define APIC_LDR		0x0d0u
#define APIC_DFR		0x0e0u
#define APIC_SVR		0x0f0u
#define APIC_ISR0		0x100u	/* 8 registers of 32 vectors, 16 bytes apart */
#define APIC_TMR0		0x180u
#define APIC_IRR0		0x200u
#define APIC_ESR		0x280u
#define APIC_LVT_CMCI		0x2f0u
#define APIC_ICR_LOW		0x300u
#define APIC_ICR_HIGH		0x310u
#define APIC_LVT_TIMER		0x320u
#define APIC_LVT_THERMAL	0x330u
#define APIC_LVT_PMI		0x340u
#define APIC_LVT_LINT0		0x350u
#define APIC_LVT_LINT1		0x360u
#define APIC_LVT_ERROR		0x370u
#define APIC_TMICT		0x380u	/* timer initial count */
#define APIC_TMCCT		0x390u	/* timer current count */
#define APIC_TDCR		0x3e0u	/* timer divide configuration */
#define APIC_SELF_IPI		0x3f0u	/* x2APIC only */

/* Version register, 11.4.8. */
#define APIC_VERSION_MASK	0xffu
#define APIC_VERSION_INTEGRATED	0x14u		/* 0x10..0x15 for an on-chip APIC */
#define APIC_VERSION_MAX_LVT(v)	(((v) >> 16) & 0xffu)	/* index of the last LVT entry */
#define APIC_VERSION_MAX_LVT_SHIFT 16
#define APIC_VERSION_EOI_SUPPRESS (1u << 24)

/* Spurious-interrupt vector register, 11.9. */
#define APIC_SVR_VECTOR_MASK	0xffu
#define APIC_SVR_ENABLE		(1u << 8)
#define APIC_SVR_FOCUS_OFF	(1u << 9)
#define APIC_SVR_EOI_SUPPRESS	(1u << 12)

/* Local vector table, 11.5.1. */
#define APIC_LVT_VECTOR_MASK	0xffu
#define APIC_LVT_DM_MASK	(7u << 8)
#define APIC_LVT_DM_SHIFT	8
#define APIC_LVT_DM_FIXED	(0u << 8)
#define APIC_LVT_DM_SMI		(2u << 8)
#define APIC_LVT_DM_NMI		(4u << 8)
#define APIC_LVT_DM_INIT	(5u << 8)
#define APIC_LVT_DM_EXTINT	(7u << 8)
#define APIC_LVT_PENDING	(1u << 12)
#define APIC_LVT_ACTIVE_LOW	(1u << 13)
#define APIC_LVT_REMOTE_IRR	(1u << 14)
#define APIC_LVT_LEVEL		(1u << 15)
#define APIC_LVT_MASKED		(1u << 16)
#define APIC_LVT_TIMER_MODE_MASK	(3u << 17)
#define APIC_LVT_TIMER_ONESHOT		(0u << 17)
#define APIC_LVT_TIMER_PERIODIC		(1u << 17)
#define APIC_LVT_TIMER_TSC_DEADLINE	(2u << 17)

/* Interrupt command register, 11.6.1. */
#define APIC_ICR_VECTOR_MASK	0xffu
#define APIC_ICR_DM_MASK	(7u << 8)
#define APIC_ICR_DM_SHIFT	8
#define APIC_ICR_DM_FIXED	(0u << 8)
#define APIC_ICR_DM_LOWEST	(1u << 8)
#define APIC_ICR_DM_SMI		(2u << 8)
#define APIC_ICR_DM_NMI		(4u << 8)
#define APIC_ICR_DM_INIT	(5u << 8)
#define APIC_ICR_DM_STARTUP	(6u << 8)
#define APIC_ICR_LOGICAL	(1u << 11)	/* else physical destination */
#define APIC_ICR_BUSY		(1u << 12)	/* delivery status, xAPIC only */
#define APIC_ICR_ASSERT		(1u << 14)
#define APIC_ICR_LEVEL		(1u << 15)
#define APIC_ICR_SH_MASK	(3u << 18)
#define APIC_ICR_SH_SHIFT	18
#define APIC_ICR_SH_NONE	(0u << 18)
#define APIC_ICR_SH_SELF	(1u << 18)
#define APIC_ICR_SH_ALL		(2u << 18)
#define APIC_ICR_SH_OTHERS	(3u << 18)
#define XAPIC_ICR_DEST_SHIFT	24		/* in ICR_HIGH: bits 63:56 of the pair */
#define X2APIC_ICR_DEST_SHIFT	32
#define XAPIC_ID_SHIFT		24
#define XAPIC_DEST_ALL		0xffu
#define X2APIC_DEST_ALL		0xffffffffu

/* Logical destinations, 11.6.2.2 (xAPIC) and 11.12.10.2 (x2APIC). */
#define APIC_DFR_FLAT		0xffffffffu
#define APIC_DFR_CLUSTER	0x0fffffffu
#define XAPIC_LDR_SHIFT		24
#define X2APIC_LDR_OF_ID(id)	((((uint32_t)(id) >> 4) << 16) | (1u << ((id) & 0xfu)))

/* Error status register, 11.5.3. */
#define APIC_ESR_SEND_ACCEPT	(1u << 2)
#define APIC_ESR_REDIRECTABLE	(1u << 4)
#define APIC_ESR_SEND_VECTOR	(1u << 5)
#define APIC_ESR_RECV_VECTOR	(1u << 6)
#define APIC_ESR_REGISTER	(1u << 7)

/* Divide configuration, 11.5.4: bits 3, 1:0; 0b1011 divides by one. */
#define APIC_TDCR_MASK		0xbu
#define APIC_TDCR_BY_1		0xbu
#define APIC_TDCR_BY_16		0x3u

/* MSI address and data, 11.11. */
#define MSI_ADDR_BASE		0xfee00000u
#define MSI_ADDR_BASE_MASK	0xfff00000u
#define MSI_ADDR_DEST_SHIFT	12
#define MSI_ADDR_DEST_MASK	(0xffu << 12)
#define MSI_ADDR_REDIRECT_HINT	(1u << 3)
#define MSI_ADDR_LOGICAL	(1u << 2)
#define MSI_DATA_VECTOR_MASK	0xffu
#define MSI_DATA_DM_MASK	(7u << 8)
#define MSI_DATA_DM_SHIFT	8
#define MSI_DATA_ASSERT		(1u << 14)
#define MSI_DATA_LEVEL		(1u << 15)

/* I/O APIC: an index and a data register in memory, the rest behind them. */
#define IOAPIC_BASE_DEFAULT	0xfec00000ul
#define IOAPIC_WINDOW_SIZE	0x1000ul
#define IOAPIC_REGSEL		0x00u
#define IOAPIC_WIN		0x10u
#define IOAPIC_EOI		0x40u		/* version 0x20 and later */
#define IOAPIC_REG_ID		0x00u
#define IOAPIC_REG_VERSION	0x01u
#define IOAPIC_REG_ARB		0x02u
#define IOAPIC_REG_RTE_LOW(pin)	(0x10u + 2u * (pin))
#define IOAPIC_REG_RTE_HIGH(pin) (0x11u + 2u * (pin))
#define IOAPIC_ID_SHIFT		24
#define IOAPIC_ID_MASK		(0xfu << 24)
#define IOAPIC_VERSION_MASK	0xffu
#define IOAPIC_VERSION_MAX_RTE(v) (((v) >> 16) & 0xffu)	/* index of the last pin */
#define IOAPIC_VERSION_MAX_RTE_SHIFT 16
#define IOAPIC_VERSION_HAS_EOI	0x20u

/*
 * Redirection table entry (compatibility format), 64 bits:
 *
 *   63      56 55         17 16   15   14    13    12   11   10  8 7     0
 *  +----------+-------------+----+----+-----+-----+----+----+------+------+
 *  |   dest   |  reserved   |mask|trig| RIRR| pol |busy|dest|  DM  |vector|
 *  +----------+-------------+----+----+-----+-----+----+mode+------+------+
 */
#define IOAPIC_RTE_VECTOR_MASK	0xfful
#define IOAPIC_RTE_DM_MASK	(7ul << 8)
#define IOAPIC_RTE_DM_SHIFT	8
#define IOAPIC_RTE_DM_FIXED	(0ul << 8)
#define IOAPIC_RTE_DM_LOWEST	(1ul << 8)
#define IOAPIC_RTE_DM_SMI	(2ul << 8)
#define IOAPIC_RTE_DM_NMI	(4ul << 8)
#define IOAPIC_RTE_DM_INIT	(5ul << 8)
#define IOAPIC_RTE_DM_EXTINT	(7ul << 8)
#define IOAPIC_RTE_LOGICAL	(1ul << 11)
#define IOAPIC_RTE_BUSY		(1ul << 12)
#define IOAPIC_RTE_ACTIVE_LOW	(1ul << 13)
#define IOAPIC_RTE_REMOTE_IRR	(1ul << 14)
#define IOAPIC_RTE_LEVEL	(1ul << 15)
#define IOAPIC_RTE_MASKED	(1ul << 16)
#define IOAPIC_RTE_DEST_SHIFT	56
