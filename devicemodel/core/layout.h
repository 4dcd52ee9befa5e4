/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest-physical map and port map of a post-launched VM: the fixed numbers that the loader,
 * the ACPI tables and the devices must agree on. Nothing here is code.
 *
 *   0                 RAM ("low memory", at most LAYOUT_LOWMEM_LIMIT)
 *   0x80000000        PCI 32-bit memory window
 *   0xE0000000        ECAM, 256 buses
 *   0xFEC00000        IOAPIC, HPET at 0xFED00000, local APIC at 0xFEE00000
 *   0x100000000       the rest of the RAM
 *   0x4000000000      PCI 64-bit memory window
 */
#pragma once

#define LAYOUT_LOWMEM_LIMIT	0x80000000ULL
#define LAYOUT_HIGHMEM_BASE	0x100000000ULL
#define LAYOUT_HIGHMEM_LIMIT	0x4000000000ULL	/* RAM must end below the 64-bit PCI window */

#define LAYOUT_PCI32_BASE	0x80000000ULL
#define LAYOUT_PCI32_END	0xE0000000ULL	/* first byte after the window */
#define LAYOUT_PCI64_BASE	0x4000000000ULL
#define LAYOUT_PCI64_END	0x8000000000ULL
#define LAYOUT_PCIIO_BASE	0x2000U
#define LAYOUT_PCIIO_END	0x10000U

#define LAYOUT_ECAM_BASE	0xE0000000ULL
#define LAYOUT_ECAM_SIZE	0x10000000ULL	/* buses 0..255 */
#define LAYOUT_IOAPIC_BASE	0xFEC00000ULL
#define LAYOUT_HPET_BASE	0xFED00000ULL
#define LAYOUT_HPET_SIZE	0x400ULL
#define LAYOUT_LAPIC_BASE	0xFEE00000ULL

#define LAYOUT_ACPI_BASE	0xF2400ULL	/* RSDP; the tables follow, below 1 MB */
#define LAYOUT_ACPI_END		0x100000ULL

/* Interrupt lines (GSI). ISA interrupts are wired 1:1 except the timer, IRQ0 -> GSI 2. */
#define LAYOUT_GSI_TIMER	2
#define LAYOUT_GSI_RTC		8
#define LAYOUT_GSI_SCI		9
#define LAYOUT_GSI_PCI_FIRST	16	/* INTx of PCI slots in turn: four lines, 16..19 */
#define LAYOUT_GSI_PCI_COUNT	4
#define LAYOUT_GSI_HPET_FIRST	20	/* HPET timers may use 20..23 */
#define LAYOUT_NR_GSI		24

/* ACPI power management ports (ACPI 6.4 section 4.8) */
#define LAYOUT_PM1A_EVT_PORT	0x400	/* status 2 bytes, enable 2 bytes */
#define LAYOUT_PM1A_CNT_PORT	0x404	/* 2 bytes */
#define LAYOUT_PM_TMR_PORT	0x408	/* 4 bytes */
#define LAYOUT_RESET_PORT	0xCF9
#define LAYOUT_RESET_VALUE	0x06
#define LAYOUT_S5_SLP_TYP	5	/* SLP_TYP value meaning S5, also in the DSDT's _S5 */
