/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Readers of single ACPI tables, private to hw/. Each takes a table whose
 * signature, length and checksum acpi.c has verified, trusts nothing in it, and
 * fills its part of struct acpi_info. Pure functions; boot CPU.
 *
 * Every table begins with (ACPI 6.5, 5.2.6):
 *
 *	+0 signature  +4 length  +8 revision  +9 checksum  +10 OEM id, table id, revision, creator ... +36 body
 */
#pragma once

#include "hw/acpi.h"
#include "lib/types.h"

#define ACPI_HEADER_SIZE 36u

/* Unaligned little-endian field at byte `off`; the caller has checked the bounds. */
uint16_t acpi_u16(const uint8_t *table, uint32_t off);
uint32_t acpi_u32(const uint8_t *table, uint32_t off);
uint64_t acpi_u64(const uint8_t *table, uint32_t off);

/* True when the bytes sum to 0 modulo 256 (5.2.6). */
bool acpi_sum_ok(const uint8_t *p, uint32_t size);

/* MADT (5.2.12): CPUs, I/O APICs, overrides. `boot_apic_id` is moved to the front. 0, or -EINVAL: no usable CPU. */
int acpi_read_madt(struct acpi_info *info, const uint8_t *t, uint32_t size, uint32_t boot_apic_id) __must_check;
/* FADT (5.2.9): power management ports and the reset register; *dsdt is the DSDT's address or 0. */
void acpi_read_fadt(struct acpi_info *info, const uint8_t *t, uint32_t size, uint64_t *dsdt);
/* HPET (IA-PC HPET 1.0a, 3.2.4). */
void acpi_read_hpet(struct acpi_info *info, const uint8_t *t, uint32_t size);
/* MCFG (PCI Firmware 3.2, 4.1.2): segment 0 only. */
void acpi_read_mcfg(struct acpi_info *info, const uint8_t *t, uint32_t size);
/* DMAR (VT-d specification, chapter 8). A table with anything wrong in it leaves no unit: half of them confine nothing. */
void acpi_read_dmar(struct acpi_dmar *dmar, const uint8_t *t, uint32_t size);
/* Finds Name(\_S5_, Package(){typa, typb, ...}) in DSDT bytes (20.2.5, 7.4.2). */
void acpi_read_s5(struct acpi_info *info, const uint8_t *t, uint32_t size);
