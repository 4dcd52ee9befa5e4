/* SPDX-License-Identifier: BSD-3-Clause */
/* ACPI table headers. */
#include "machine/acpi_write.h"

#include "lib/string.h"

void acpi_checksum(void *p, uint32_t n, uint8_t *sum)
{
	const uint8_t *b = p;
	uint8_t s = 0;

	*sum = 0;
	while (n--)
		s = (uint8_t)(s + *b++);
	*sum = (uint8_t)-s;
}

void acpi_seal(void *table, const char *signature, uint8_t revision, uint32_t length)
{
	struct acpi_header *h = table;

	memcpy(h->signature, signature, 4);
	h->length = length;
	h->revision = revision;
	memcpy(h->oem_id, "QUERCU", 6);
	memcpy(h->oem_table_id, "QUERCUS ", 8);
	h->oem_revision = 1;
	memcpy(&h->creator_id, "QRCS", 4);
	h->creator_revision = 1;
	acpi_checksum(table, length, &h->checksum);
}

void acpi_rsdp_fill(struct acpi_rsdp *r, uint64_t xsdt)
{
	*r = (struct acpi_rsdp){ .revision = 2, .length = sizeof(*r), .xsdt = xsdt };
	memcpy(r->signature, "RSD PTR ", 8);
	memcpy(r->oem_id, "QUERCU", 6);
	acpi_checksum(r, 20, &r->checksum);
	acpi_checksum(r, sizeof(*r), &r->checksum_all);
}
