/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing ACPI tables into a buffer: headers, checksums (ACPI 6.4, 5.2.6). */
#pragma once

#include "lib/types.h"

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision, creator_id, creator_revision;
} __packed;
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.4, table 5.4");

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum_all, reserved[3];
} __packed;
_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.4, table 5.3");

/* Fills the header of a table of `length` bytes, checksum included; call it when the table is complete. */
void acpi_seal(void *table, const char *signature, uint8_t revision, uint32_t length);
/* Fills an RSDP that points to an XSDT at this guest-physical address. */
void acpi_rsdp_fill(struct acpi_rsdp *r, uint64_t xsdt);
/* Makes the byte at `sum` such that all n bytes add up to 0. */
void acpi_checksum(void *p, uint32_t n, uint8_t *sum);
