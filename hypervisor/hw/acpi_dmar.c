/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DMAR table (VT-d specification, chapter 8): a header, then structures
 *
 *	+0 type  +2 length  ...   a unit: +4 flags +6 segment +8 registers   +16 device scopes
 *	                          memory: +6 segment +8 base +16 last byte   +24 device scopes
 *
 * A scope names a device: +0 type +1 length +4 enumeration id +5 bus +6 (device, function) a hop.
 */
#include "hw/acpi_table.h"
#include "hw/pci.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"

#define DMAR_FLAGS		37u
#define DMAR_FLAG_INTR_REMAP	(1u << 0)
#define DMAR_STRUCTURES		48u
#define DMAR_DRHD		0u
#define DMAR_RMRR		1u
#define DRHD_SIZE		16u
#define RMRR_SIZE		24u
#define SCOPE_SIZE		6u	/* before the path */
#define SCOPE_IOAPIC		3u
#define HOP_SIZE		2u

/* One behind a bridge stays unknown: then interrupts are not remapped. */
static int add_ioapic(struct acpi_dmar *d, const uint8_t *s)
{
	uint32_t n = d->nr_ioapics;

	if (s[6] > 31 || s[7] > 7)
		return -EINVAL;
	if (s[1] != SCOPE_SIZE + HOP_SIZE || n == ARRAY_SIZE(d->ioapic))
		return 0;
	d->ioapic[n].id = s[4];
	d->ioapic[n].bdf = PCI_BDF(s[5], s[6], s[7]);
	d->nr_ioapics++;
	return 0;
}

/* The scopes of a structure. Which unit serves a device need not be known: all units get the same tables. */
static int read_scopes(struct acpi_dmar *d, const uint8_t *s, uint32_t left, bool want_ioapics)
{
	while (left) {
		if (left < SCOPE_SIZE || s[1] < SCOPE_SIZE + HOP_SIZE || s[1] > left || s[1] % HOP_SIZE)
			return -EINVAL;
		if (want_ioapics && s[0] == SCOPE_IOAPIC && add_ioapic(d, s))
			return -EINVAL;
		left -= s[1];
		s += s[1];
	}
	return 0;
}

static int read_unit(struct acpi_dmar *d, const uint8_t *s, uint32_t len)
{
	uint32_t n = d->nr_units;
	uint64_t base;

	if (len < DRHD_SIZE || n == ACPI_MAX_IOMMUS)
		return -EINVAL;
	base = acpi_u64(s, 8);
	if (!base || !IS_ALIGNED(base, PAGE_SIZE) || base >= 1ul << 52)
		return -EINVAL;
	d->unit[n].base = base;
	d->unit[n].segment = acpi_u16(s, 6);
	d->nr_units++;
	return read_scopes(d, s + DRHD_SIZE, len - DRHD_SIZE, d->unit[n].segment == 0);
}

static int read_rmrr(struct acpi_dmar *d, const uint8_t *s, uint32_t len)
{
	uint32_t n = d->nr_rmrrs;
	uint64_t base, last;

	if (len < RMRR_SIZE || n == ARRAY_SIZE(d->rmrr))
		return -EINVAL;
	base = acpi_u64(s, 8);
	last = acpi_u64(s, 16);
	if (!IS_ALIGNED(base, PAGE_SIZE) || !IS_ALIGNED(last + 1, PAGE_SIZE) || last < base || last >= 1ul << 52)
		return -EINVAL;
	if (acpi_u16(s, 6) == 0) {
		d->rmrr[n].base = base;
		d->rmrr[n].size = last + 1 - base;
		d->nr_rmrrs++;
	}
	return read_scopes(d, s + RMRR_SIZE, len - RMRR_SIZE, false);
}

static int read_structure(struct acpi_dmar *d, const uint8_t *s, uint32_t len)
{
	switch (acpi_u16(s, 0)) {
	case DMAR_DRHD:
		return read_unit(d, s, len);
	case DMAR_RMRR:
		return read_rmrr(d, s, len);
	default:
		return 0;	/* ATS, affinity, names: not used */
	}
}

/* See the header. */
void acpi_read_dmar(struct acpi_dmar *d, const uint8_t *t, uint32_t size)
{
	uint32_t off = DMAR_STRUCTURES, len;
	int err = 0;

	*d = (struct acpi_dmar){ .found = true };
	for (; !err && off < size; off += len) {
		len = size - off < 4 ? 0 : acpi_u16(t, off + 2);
		err = len < 4 || len > size - off ? -EINVAL : read_structure(d, t + off, len);
		if (err)
			log_err("acpi: DMAR structure at offset %u makes no sense: the table is not used", off);
	}
	d->intr_remap = size > DMAR_FLAGS && (t[DMAR_FLAGS] & DMAR_FLAG_INTR_REMAP);
	if (err)
		*d = (struct acpi_dmar){ .found = true };
}
