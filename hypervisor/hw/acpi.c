/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the ACPI tables (ACPI 6.5, 5.2) and hands them to their readers. */
#include "hw/acpi.h"

#include "hw/acpi_table.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/hostmap.h"
#include "x86/cpuid.h"
#include "x86/insn.h"

#define RSDP_V1_SIZE	20u
#define RSDP_V2_SIZE	36u
#define BIOS_AREA	0xe0000ul
#define BIOS_AREA_END	0x100000ul
#define EBDA_SEGMENT	0x40eul		/* BIOS data area: real-mode segment of the EBDA */
#define EBDA_SEARCH	1024u
/* No real table is near this; a bigger length is damage. */
#define TABLE_MAX	(16u << 20)

struct acpi_info acpi;

/* The bytes [base, base + size), mapped where they were not; NULL: impossible. */
static const uint8_t *acpi_view(uint64_t base, uint64_t size)
{
	return range_fits(base, size, 1ul << 52) ? hostmap_device(hpa(base), size) : NULL;
}

static bool rsdp_ok(const uint8_t *p)
{
	return memcmp(p, "RSD PTR ", 8) == 0 && acpi_sum_ok(p, RSDP_V1_SIZE);
}

/* The RSDP is 16-byte aligned in the first KB of the EBDA or in the BIOS area (5.2.5.1). */
static uint64_t rsdp_search(uint64_t base, uint64_t size)
{
	const uint8_t *p = acpi_view(base, size);

	for (uint64_t off = 0; p && off + RSDP_V1_SIZE <= size; off += 16)
		if (rsdp_ok(p + off))
			return base + off;
	return 0;
}

static uint64_t rsdp_find(void)
{
	const uint8_t *bda = acpi_view(EBDA_SEGMENT, 2);
	uint64_t ebda = bda ? (uint64_t)acpi_u16(bda, 0) << 4 : 0;
	uint64_t found = 0;

	if (ebda >= 0x80000 && ebda < 0xa0000)
		found = rsdp_search(ebda, EBDA_SEARCH);
	return found ? found : rsdp_search(BIOS_AREA, BIOS_AREA_END - BIOS_AREA);
}

/* A whole table, checked; NULL after saying what is wrong with it. */
static const uint8_t *table_view(uint64_t base, uint32_t *size)
{
	const uint8_t *t = base ? acpi_view(base, ACPI_HEADER_SIZE) : NULL;

	if (!t) {
		log_warn("acpi: no table can be at 0x%lx", base);
		return NULL;
	}
	*size = acpi_u32(t, 4);
	if (*size < ACPI_HEADER_SIZE || *size > TABLE_MAX) {
		log_warn("acpi: table %.4s at 0x%lx claims %u bytes: ignored", (const char *)t, base, *size);
		return NULL;
	}
	t = acpi_view(base, *size);
	if (!t || !acpi_sum_ok(t, *size)) {
		log_warn("acpi: table at 0x%lx, %u bytes: wrong checksum, ignored", base, *size);
		return NULL;
	}
	return t;
}

static void dsdt_read(uint64_t base)
{
	uint32_t size;
	const uint8_t *t = table_view(base, &size);

	if (t && memcmp(t, "DSDT", 4) == 0)
		acpi_read_s5(&acpi, t, size);
}

static uint32_t boot_apic_id(void)
{
	struct cpuid_regs r;

	if (cpuid(CPUID_LEAF_VENDOR, 0).eax >= CPUID_LEAF_TOPOLOGY) {
		r = cpuid(CPUID_LEAF_TOPOLOGY, 0);
		if (r.ebx)
			return r.edx;
	}
	return cpuid(CPUID_LEAF_FEATURES, 0).ebx >> 24;
}

/* `found` collects the tables without which there is no machine. */
static void table_read(uint64_t base, bool *madt_found)
{
	uint32_t size;
	uint64_t dsdt;
	const uint8_t *t = table_view(base, &size);

	if (!t)
		return;
	if (acpi.nr_tables < ACPI_MAX_TABLES) {
		acpi.table[acpi.nr_tables].hpa = base;
		acpi.table[acpi.nr_tables].size = size;
		memcpy(acpi.table[acpi.nr_tables++].signature, t, 4);
	}
	if (memcmp(t, "APIC", 4) == 0 && !*madt_found) {
		*madt_found = acpi_read_madt(&acpi, t, size, boot_apic_id()) == 0;
	} else if (memcmp(t, "FACP", 4) == 0) {
		acpi_read_fadt(&acpi, t, size, &dsdt);
		if (dsdt)
			dsdt_read(dsdt);
	} else if (memcmp(t, "HPET", 4) == 0) {
		acpi_read_hpet(&acpi, t, size);
	} else if (memcmp(t, "MCFG", 4) == 0) {
		acpi_read_mcfg(&acpi, t, size);
	} else if (memcmp(t, "DMAR", 4) == 0 && !acpi.dmar.found) {
		acpi_read_dmar(&acpi.dmar, t, size);
	}
}

/* The root table: XSDT with 8-byte entries where the RSDP has one that holds, else RSDT with 4-byte entries. */
static const uint8_t *root_view(uint64_t rsdp, uint32_t *size, uint32_t *entry_size)
{
	const uint8_t *p = acpi_view(rsdp, RSDP_V1_SIZE);
	const uint8_t *v2 = acpi_view(rsdp, RSDP_V2_SIZE);
	const uint8_t *t;

	if (!p || !rsdp_ok(p))
		return NULL;
	if (p[15] >= 2 && v2 && acpi_u32(v2, 20) >= RSDP_V2_SIZE && acpi_sum_ok(v2, RSDP_V2_SIZE) && acpi_u64(v2, 24)) {
		t = table_view(acpi_u64(v2, 24), size);
		if (t && memcmp(t, "XSDT", 4) == 0) {
			*entry_size = 8;
			return t;
		}
	}
	t = table_view(acpi_u32(p, 16), size);
	*entry_size = 4;
	return t && memcmp(t, "RSDT", 4) == 0 ? t : NULL;
}

/* See the header. */
int acpi_init(hpa_t rsdp)
{
	uint32_t size, entry_size;
	bool madt_found = false;
	const uint8_t *root;

	acpi = (struct acpi_info){ .rsdp = rsdp };
	if (!acpi.rsdp.v)
		acpi.rsdp.v = rsdp_find();
	if (!acpi.rsdp.v) {
		log_err("acpi: no RSDP: neither from the boot loader nor in the EBDA or the BIOS area");
		return -ENODEV;
	}
	root = root_view(acpi.rsdp.v, &size, &entry_size);
	if (!root) {
		log_err("acpi: RSDP at 0x%lx leads to no valid XSDT or RSDT", acpi.rsdp.v);
		return -ENODEV;
	}
	for (uint32_t off = ACPI_HEADER_SIZE; off + entry_size <= size; off += entry_size)
		table_read(entry_size == 8 ? acpi_u64(root, off) : acpi_u32(root, off), &madt_found);
	if (!madt_found) {
		log_err("acpi: no usable MADT (signature APIC): CPUs and I/O APICs are unknown");
		return -ENODEV;
	}
	log_info("acpi: %u CPUs, %u I/O APICs, HPET 0x%lx, ECAM 0x%lx, S5 %s%s", acpi.nr_cpus, acpi.nr_ioapics,
		 acpi.hpet_base, acpi.ecam_base, acpi.s5_found ? "found" : "missing", acpi.dmar.found ? ", DMAR" : "");
	return 0;
}
