/* SPDX-License-Identifier: BSD-3-Clause */
/* The ACPI reader on right tables, wrong tables, and tables with random damage. */
/* unit: hypervisor/hw/acpi.c hypervisor/hw/acpi_table.c hypervisor/hw/acpi_dmar.c */
/* unit-flags: -iquote tests/fake/hw */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hw/acpi.h"
#include "hw/acpi_table.h"
#include "lib/errno.h"
#include "log/log.h"
#include "mm/hostmap.h"
#include "x86/insn.h"

/*
 * The machine's memory: pieces of exactly their size, so that the sanitizer
 * sees each byte read past a table's end. A view larger than the piece is
 * refused, as memory beyond the machine's would be.
 */
static struct piece { uint64_t base; uint32_t size; uint8_t *bytes; } pieces[16];
static uint32_t nr_pieces, boot_id = 2, nr_logged;

void *hostmap_device(hpa_t start, uint64_t size)
{
	for (uint32_t i = 0; i < nr_pieces; i++)
		if (start.v >= pieces[i].base && start.v - pieces[i].base + size <= pieces[i].size)
			return pieces[i].bytes + (start.v - pieces[i].base);
	return NULL;
}

struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
	(void)subleaf;
	if (leaf == 0)
		return (struct cpuid_regs){ .eax = boot_id > 255 ? 0xb : 1 };
	if (leaf == 1)
		return (struct cpuid_regs){ .ebx = boot_id << 24 };
	return (struct cpuid_regs){ .ebx = 1, .edx = boot_id };
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
	nr_logged++;
}

static void put(uint8_t *p, uint32_t off, uint64_t v, uint32_t size)
{
	memcpy(p + off, &v, size);
}

static void sum(uint8_t *p, uint32_t at, uint32_t size)
{
	uint8_t s = 0;

	p[at] = 0;
	for (uint32_t i = 0; i < size; i++)
		s = (uint8_t)(s + p[i]);
	p[at] = (uint8_t)-s;
}

static uint8_t *place(uint64_t base, uint32_t size)
{
	pieces[nr_pieces].base = base;
	pieces[nr_pieces].size = size;
	pieces[nr_pieces].bytes = calloc(1, size);
	return pieces[nr_pieces++].bytes;
}

static uint8_t *table(uint64_t base, const char *signature, uint32_t size)
{
	uint8_t *t = place(base, size);

	memcpy(t, signature, 4);
	put(t, 4, size, 4);
	return t;
}

static uint8_t *piece_of(const char *signature)
{
	for (uint32_t i = 0; i < nr_pieces; i++)
		if (memcmp(pieces[i].bytes, signature, 4) == 0)
			return pieces[i].bytes;
	ck_abort_msg("no such table");
	return NULL;
}

static void seal(uint8_t *t)
{
	sum(t, 9, (uint32_t)(t[4] | t[5] << 8));
}

static const uint8_t madt_entries[] = {
	0, 8, 0, 0, 1, 0, 0, 0,				/* CPU 0 */
	0, 8, 1, 1, 0, 0, 0, 0,				/* CPU 1, disabled */
	0, 8, 2, 2, 1, 0, 0, 0,				/* CPU 2 */
	9, 16, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,	/* CPU 2 again */
	9, 16, 0, 0, 0x2c, 1, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0,	/* CPU 0x12c */
	1, 12, 8, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,	/* I/O APIC 8 */
	1, 12, 9, 0, 0, 0, 0xc1, 0xfe, 24, 0, 0, 0,	/* I/O APIC 9 */
	2, 10, 0, 0, 2, 0, 0, 0, 0, 0,			/* ISA 0 is GSI 2 */
	2, 10, 0, 9, 9, 0, 0, 0, 13, 0,			/* ISA 9: level, high */
	4, 6, 0xff, 0, 0, 1,				/* local NMI: not read */
	5, 12, 0, 0, 0, 0, 0xe1, 0xfe, 0, 0, 0, 0,	/* local APIC address */
	0x7f, 2,					/* unknown */
};

static const uint8_t s5_aml[] = {
	0x10, 0x20, '_', 'S', '5', '_',			/* the name, but not named */
	0x08, '_', 'S', '4', '_', 0x12, 0x06, 0x04, 0x0a, 0x03, 0x00, 0x00, 0x00,
	0x08, '\\', '_', 'S', '5', '_', 0x12, 0x46, 0x00, 0x04, 0x0a, 0x05, 0x01, 0x00, 0x00,
};

/* Two units, one of them with an I/O APIC and a device behind a bridge; one range; a structure nobody reads. */
static const uint8_t dmar_structures[] = {
	0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0xd8, 0xfe, 0, 0, 0, 0,	1, 8, 0, 0, 0, 0, 2, 0,
	0, 0, 34, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe, 0, 0, 0, 0,	3, 8, 0, 0, 9, 0xf0, 31, 7,
								1, 10, 0, 0, 0, 0, 28, 0, 0, 0,
	0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0xda, 0xfe, 0, 0, 0, 0,
	1, 0, 32, 0, 0, 0, 0, 0, 0, 0x10, 0, 0x7a, 0, 0, 0, 0,	0xff, 0x3f, 0, 0x7a, 0, 0, 0, 0,
								1, 8, 0, 0, 0, 0, 20, 0,
	2, 0, 8, 0, 1, 0, 0, 0,
};
#define DMAR_SIZE	(48u + (uint32_t)sizeof(dmar_structures))
#define DMAR_UNIT(n)	(48u + (n) * 24u)	/* of the first two */
#define DMAR_RMRR	(48u + 24u + 34u + 16u)

static void dmar_fill(uint8_t *t)
{
	t[36] = 38;
	t[37] = 1;
	memcpy(t + 48, dmar_structures, sizeof(dmar_structures));
}

static void fadt_fill(uint8_t *t)
{
	put(t, 40, 0x1000, 4);
	put(t, 48, 0xb2, 4);
	t[52] = 0xf1;
	put(t, 56, 0xb000, 4);
	put(t, 64, 0xb004, 4);
	put(t, 68, 0xb104, 4);
	put(t, 76, 0xb008, 4);
	t[89] = 2;
	put(t, 112, 1 << 10, 4);
	t[116] = 1;
	put(t, 120, 0xcf9, 8);
	t[128] = 0x0e;
	put(t, 140, 0x50000, 8);
	/* The extended PM1a control block counts; memory space does not. */
	t[172] = 1;
	put(t, 176, 0xc004, 8);
	t[208] = 0;
	put(t, 212, 0x12345678, 8);
}

/* RSDP, XSDT, RSDT (with the same tables), MADT, FADT, DSDT, HPET, MCFG, DMAR. */
static void machine(void)
{
	static const uint64_t tables[] = { 0x20000, 0x30000, 0x60000, 0x70000, 0x80000 };
	uint8_t *t;

	nr_pieces = 0;
	t = place(0x90000, 36);
	memcpy(t, "RSD PTR ", 8);
	t[15] = 2;
	put(t, 16, 0xb0000, 4);
	put(t, 20, 36, 4);
	put(t, 24, 0xa0000, 8);
	sum(t, 8, 20);
	sum(t, 32, 36);
	t = table(0xa0000, "XSDT", 36 + 5 * 8);
	for (int i = 0; i < 5; i++)
		put(t, 36 + 8 * i, tables[i], 8);
	seal(t);
	t = table(0xb0000, "RSDT", 36 + 5 * 4);
	for (int i = 0; i < 5; i++)
		put(t, 36 + 4 * i, tables[i], 4);
	seal(t);
	t = table(0x20000, "APIC", 44 + sizeof(madt_entries));
	put(t, 36, 0xfee00000, 4);
	memcpy(t + 44, madt_entries, sizeof(madt_entries));
	seal(t);
	t = table(0x30000, "FACP", 244);
	fadt_fill(t);
	seal(t);
	t = table(0x50000, "DSDT", 36 + sizeof(s5_aml));
	memcpy(t + 36, s5_aml, sizeof(s5_aml));
	seal(t);
	t = table(0x60000, "HPET", 56);
	put(t, 44, 0xfed00000, 8);
	seal(t);
	t = table(0x70000, "MCFG", 44 + 32);
	put(t, 44, 0xa0000000, 8);
	put(t, 52, 1, 2);
	put(t, 60, 0xb0000000, 8);
	t[71] = 0x7f;
	seal(t);
	t = table(0x80000, "DMAR", DMAR_SIZE);
	dmar_fill(t);
	seal(t);
}

static void fini(void)
{
	while (nr_pieces)
		free(pieces[--nr_pieces].bytes);
}

static void check_all(void)
{
	ck_assert_uint_eq(acpi.nr_cpus, 3);
	ck_assert_uint_eq(acpi.apic_id[0], 2);
	ck_assert_uint_eq(acpi.apic_id[1], 0);
	ck_assert_uint_eq(acpi.apic_id[2], 0x12c);
	ck_assert_uint_eq(acpi.lapic_base, 0xfee10000);
	ck_assert_uint_eq(acpi.nr_ioapics, 2);
	ck_assert_uint_eq(acpi.ioapic[1].id, 9);
	ck_assert_uint_eq(acpi.ioapic[1].base, 0xfec10000);
	ck_assert_uint_eq(acpi.ioapic[1].gsi_base, 24);
	ck_assert_uint_eq(acpi.nr_overrides, 2);
	ck_assert_uint_eq(acpi.override[0].gsi, 2);
	ck_assert_uint_eq(acpi.override[1].irq, 9);
	ck_assert_uint_eq(acpi.override[1].flags, 13);
	ck_assert_uint_eq(acpi.pm1a_evt, 0xb000);
	ck_assert_uint_eq(acpi.pm1a_cnt, 0xc004);
	ck_assert_uint_eq(acpi.pm1b_cnt, 0xb104);
	ck_assert_uint_eq(acpi.pm_tmr, 0xb008);
	ck_assert_uint_eq(acpi.smi_cmd, 0xb2);
	ck_assert_uint_eq(acpi.acpi_enable, 0xf1);
	ck_assert_uint_eq(acpi.reset_port, 0xcf9);
	ck_assert_uint_eq(acpi.reset_value, 0x0e);
	ck_assert(acpi.s5_found);
	ck_assert_uint_eq(acpi.s5_typa, 5);
	ck_assert_uint_eq(acpi.s5_typb, 1);
	ck_assert_uint_eq(acpi.hpet_base, 0xfed00000);
	ck_assert_uint_eq(acpi.ecam_base, 0xb0000000);
	ck_assert_uint_eq(acpi.ecam_end_bus, 0x7f);
	ck_assert(acpi.dmar.found && acpi.dmar.intr_remap);
	ck_assert_uint_eq(acpi.dmar.nr_units, 3);
	ck_assert_uint_eq(acpi.dmar.unit[0].base, 0xfed80000);
	ck_assert_uint_eq(acpi.dmar.unit[1].base, 0xfed90000);
	ck_assert_uint_eq(acpi.dmar.unit[1].segment, 0);
	ck_assert_uint_eq(acpi.dmar.unit[2].segment, 1);
	ck_assert_uint_eq(acpi.dmar.nr_ioapics, 1);
	ck_assert_uint_eq(acpi.dmar.ioapic[0].id, 9);
	ck_assert_uint_eq(acpi.dmar.ioapic[0].bdf, 0xf0ff);
	ck_assert_uint_eq(acpi.dmar.nr_rmrrs, 1);
	ck_assert_uint_eq(acpi.dmar.rmrr[0].base, 0x7a001000);
	ck_assert_uint_eq(acpi.dmar.rmrr[0].size, 0x3000);
}

START_TEST(reads_everything)
{
	machine();
	ck_assert_int_eq(acpi_init(hpa(0x90000)), 0);
	check_all();
	/* A broken XSDT: the RSDT serves. */
	piece_of("XSDT")[9] ^= 1;
	ck_assert_int_eq(acpi_init(hpa(0x90000)), 0);
	check_all();
	/* ACPI 1.0 has no XSDT. */
	pieces[0].bytes[15] = 0;
	sum(pieces[0].bytes, 8, 20);
	ck_assert_int_eq(acpi_init(hpa(0x90000)), 0);
	check_all();
	fini();
}
END_TEST

START_TEST(searches_the_bios_area)
{
	uint8_t *low, *bda;

	machine();
	low = place(0xe0000, 0x20000);
	memcpy(low + 0x1fff0, "RSD PTR ", 8);	/* cut off by the area's end */
	memcpy(low + 0x12348, pieces[0].bytes, 36);	/* not on a 16-byte boundary */
	ck_assert_int_eq(acpi_init(hpa(0)), -ENODEV);
	memcpy(low + 0x12340, pieces[0].bytes, 36);
	ck_assert_int_eq(acpi_init(hpa(0)), 0);
	ck_assert_uint_eq(acpi.rsdp.v, 0xf2340);
	/* The EBDA comes first. */
	bda = place(0x40e, 2);
	put(bda, 0, 0x9fc0, 2);
	memcpy(place(0x9fc00, 1024) + 0x10, pieces[0].bytes, 36);
	ck_assert_int_eq(acpi_init(hpa(0)), 0);
	ck_assert_uint_eq(acpi.rsdp.v, 0x9fc10);
	check_all();
	fini();
}
END_TEST

START_TEST(nothing_found_is_said)
{
	machine();
	nr_logged = 0;
	ck_assert_int_eq(acpi_init(hpa(0x90010)), -ENODEV);
	ck_assert_uint_gt(nr_logged, 0);
	piece_of("APIC")[9] ^= 1;
	nr_logged = 0;
	ck_assert_int_eq(acpi_init(hpa(0x90000)), -ENODEV);
	ck_assert_uint_gt(nr_logged, 0);
	fini();
}
END_TEST

START_TEST(boot_cpu_not_listed_is_added)
{
	machine();
	boot_id = 0x4000;
	ck_assert_int_eq(acpi_init(hpa(0x90000)), 0);
	ck_assert_uint_eq(acpi.nr_cpus, 4);
	ck_assert_uint_eq(acpi.apic_id[0], 0x4000);
	ck_assert_uint_eq(acpi.apic_id[1], 0);
	ck_assert_uint_eq(acpi.apic_id[3], 0x12c);
	boot_id = 2;
	fini();
}
END_TEST

static int madt_of(struct acpi_info *info, const uint8_t *entries, uint32_t size)
{
	uint8_t *t = calloc(1, 44 + size);
	int err;

	memset(info, 0, sizeof(*info));
	if (size)
		memcpy(t + 44, entries, size);
	err = acpi_read_madt(info, t, 44 + size, 0);
	free(t);
	return err;
}

START_TEST(madt_limits)
{
	struct acpi_info info;
	uint8_t many[200 * 8] = { 0 }, zero[] = { 0, 8, 0, 0, 1, 0, 0, 0, 1, 0 }, beyond[] = { 0, 8, 0, 0, 1, 0, 0, 0, 1, 12, 8 };
	uint8_t small[] = { 0, 8, 0, 0, 1, 0, 0, 0, 1, 4, 8, 0 }, ioapics[8 + 20 * 12] = { 0, 8, 0, 0, 1 };

	for (int i = 0; i < 200; i++)
		memcpy(many + 8 * i, (uint8_t[]){ 0, 8, 0, (uint8_t)i, 1, 0, 0, 0 }, 8);
	ck_assert_int_eq(madt_of(&info, many, sizeof(many)), 0);
	ck_assert_uint_eq(info.nr_cpus, MAX_PCPUS);
	/* A length of 0 would never end; one beyond the table and one too small for the type are left out. */
	ck_assert_int_eq(madt_of(&info, zero, sizeof(zero)), 0);
	ck_assert_uint_eq(info.nr_cpus, 1);
	ck_assert_int_eq(madt_of(&info, beyond, sizeof(beyond)), 0);
	ck_assert_int_eq(madt_of(&info, small, sizeof(small)), 0);
	ck_assert_uint_eq(info.nr_ioapics, 0);
	for (int i = 0; i < 20; i++)
		memcpy(ioapics + 8 + 12 * i, (uint8_t[]){ 1, 12, (uint8_t)i }, 3);
	ck_assert_int_eq(madt_of(&info, ioapics, sizeof(ioapics)), 0);
	ck_assert_uint_eq(info.nr_ioapics, 8);
	ck_assert_int_eq(madt_of(&info, NULL, 0), -EINVAL);
	ck_assert_int_eq(acpi_read_madt(&info, many, 43, 0), -EINVAL);
}
END_TEST

static bool s5_of(struct acpi_info *info, const uint8_t *aml, uint32_t size)
{
	uint8_t *t = calloc(1, 36 + size);

	memset(info, 0, sizeof(*info));
	memcpy(t + 36, aml, size);
	acpi_read_s5(info, t, 36 + size);
	free(t);
	return info->s5_found;
}

START_TEST(s5_forms)
{
	struct acpi_info info;
	const uint8_t zeros[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00 };
	const uint8_t one[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0a, 0x07 };
	const uint8_t method[] = { 0x14, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00 };
	const uint8_t word[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x02, 0x0b, 0x05, 0x00, 0x00 };
	const uint8_t high[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x02, 0x0a, 0xff, 0x0a, 0x06 };

	ck_assert(s5_of(&info, zeros, sizeof(zeros)));
	ck_assert_uint_eq(info.s5_typa, 0);
	ck_assert(!s5_of(&info, one, sizeof(one)));
	ck_assert(!s5_of(&info, method, sizeof(method)));
	ck_assert(!s5_of(&info, word, sizeof(word)));
	/* The register's field has three bits. */
	ck_assert(s5_of(&info, high, sizeof(high)));
	ck_assert_uint_eq(info.s5_typa, 7);
	ck_assert_uint_eq(info.s5_typb, 6);
	/* Cut off anywhere: not found, and nothing read past the end. */
	for (uint32_t n = 0; n < sizeof(high); n++)
		ck_assert(!s5_of(&info, high, n));
}
END_TEST

START_TEST(mcfg_checks_its_ranges)
{
	struct acpi_info info = { 0 };
	uint8_t t[44 + 16] = { 0 };

	put(t, 44, 0xb0000000, 8);
	t[54] = 5;
	t[55] = 4;
	acpi_read_mcfg(&info, t, sizeof(t));
	ck_assert_uint_eq(info.ecam_base, 0);
	t[54] = 4;
	acpi_read_mcfg(&info, t, sizeof(t) - 1);
	ck_assert_uint_eq(info.ecam_base, 0);
	put(t, 44, 0xb0000800, 8);
	acpi_read_mcfg(&info, t, sizeof(t));
	ck_assert_uint_eq(info.ecam_base, 0);
	put(t, 44, 0xb0000000, 8);
	acpi_read_mcfg(&info, t, sizeof(t));
	ck_assert_uint_eq(info.ecam_base, 0xb0000000);
	acpi_read_mcfg(&info, t, 36);
}
END_TEST

START_TEST(short_tables_are_refused)
{
	struct acpi_info info = { 0 };
	uint8_t t[116] = { 0 };
	uint64_t dsdt = 1;

	acpi_read_fadt(&info, t, 115, &dsdt);
	ck_assert_uint_eq(dsdt, 0);
	put(t, 40, 0x1234, 4);
	put(t, 64, 0x12345, 4);
	put(t, 112, 1 << 10, 4);
	acpi_read_fadt(&info, t, 116, &dsdt);
	ck_assert_uint_eq(dsdt, 0x1234);
	ck_assert_uint_eq(info.pm1a_cnt, 0);
	ck_assert_uint_eq(info.reset_port, 0);
	acpi_read_hpet(&info, t, 55);
	ck_assert_uint_eq(info.hpet_base, 0);
}
END_TEST

/* One byte changed; the table is exactly as long as it says, so that the sanitizer sees reads past its end. */
static uint32_t dmar_units_with(uint32_t at, uint8_t value, uint32_t size)
{
	struct acpi_dmar d;
	uint8_t *full = calloc(1, DMAR_SIZE), *t = malloc(size);

	dmar_fill(full);
	full[at] = value;
	memcpy(t, full, size);
	acpi_read_dmar(&d, t, size);
	ck_assert(d.found);
	ck_assert(d.nr_units == 3 || (!d.nr_units && !d.nr_rmrrs && !d.nr_ioapics && !d.intr_remap));
	free(t);
	free(full);
	return d.nr_units;
}

START_TEST(dmar_with_anything_wrong_is_not_used)
{
	static const struct { uint32_t at; uint8_t value; } bad[] = {
		{ DMAR_UNIT(0) + 2, 0 }, { DMAR_UNIT(0) + 2, 3 },	/* lengths */
		{ DMAR_UNIT(0) + 2, 12 }, { DMAR_UNIT(0) + 3, 0xff },
		{ DMAR_UNIT(0) + 8, 0x10 }, { DMAR_UNIT(0) + 15, 0x80 },	/* registers: no page, no address */
		{ DMAR_UNIT(0) + 17, 0 }, { DMAR_UNIT(0) + 17, 6 },	/* scopes' lengths */
		{ DMAR_UNIT(0) + 17, 10 }, { DMAR_UNIT(0) + 17, 7 },
		{ DMAR_UNIT(1) + 16 + 6, 32 }, { DMAR_UNIT(1) + 16 + 7, 8 },	/* no such device, function */
		{ DMAR_RMRR + 8, 1 }, { DMAR_RMRR + 16, 0xfe },		/* no pages */
		{ DMAR_RMRR + 11, 0x7b }, { DMAR_RMRR + 23, 0x80 },	/* ends before it begins; no address */
		{ DMAR_RMRR + 2, 23 },
	};

	ck_assert_uint_eq(dmar_units_with(36, 38, DMAR_SIZE), 3);
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(dmar_units_with(bad[i].at, bad[i].value, DMAR_SIZE) == 0, "byte %u = 0x%x", bad[i].at,
			      bad[i].value);
	/* Cut off anywhere but between two structures. */
	for (uint32_t size = 49; size < DMAR_SIZE; size++)
		if (size != DMAR_UNIT(1) && size != DMAR_RMRR - 16 && size != DMAR_RMRR && size != DMAR_SIZE - 8)
			ck_assert_uint_eq(dmar_units_with(36, 38, size), 0);
}
END_TEST

START_TEST(dmar_limits)
{
	struct acpi_dmar d;
	uint8_t t[48 + 17 * 24] = { 0 };

	for (uint32_t i = 0; i < 17; i++) {
		t[48 + 16 * i + 2] = 16;
		t[48 + 16 * i + 10] = (uint8_t)(i + 1);
	}
	acpi_read_dmar(&d, t, 48 + 16 * 16);
	ck_assert_uint_eq(d.nr_units, 16);
	/* One more: its devices would not be confined. */
	acpi_read_dmar(&d, t, 48 + 17 * 16);
	ck_assert_uint_eq(d.nr_units, 0);
	ck_assert(d.found);
	acpi_read_dmar(&d, t, 36);
	ck_assert(d.found && !d.nr_units && !d.intr_remap);
}
END_TEST

/* Random bytes changed, checksums put right again: any answer will do, but no access outside. */
START_TEST(random_damage)
{
	srand(4711);
	for (int round = 0; round < 4000; round++) {
		machine();
		for (int n = rand() % 8; n >= 0; n--) {
			struct piece *p = &pieces[1 + (uint32_t)rand() % (nr_pieces - 1)];

			p->bytes[(uint32_t)rand() % p->size] = (uint8_t)rand();
		}
		for (uint32_t i = 1; i < nr_pieces; i++)
			sum(pieces[i].bytes, 9, pieces[i].size);
		if (acpi_init(hpa(0x90000)) == 0) {
			ck_assert_uint_ge(acpi.nr_cpus, 1);
			ck_assert_uint_le(acpi.nr_cpus, MAX_PCPUS);
			ck_assert_uint_eq(acpi.apic_id[0], 2);
			ck_assert_uint_le(acpi.nr_ioapics, 8);
			ck_assert_uint_le(acpi.nr_overrides, 16);
			ck_assert_uint_le(acpi.dmar.nr_units, ACPI_MAX_IOMMUS);
		}
		fini();
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("acpi");
	TCase *tc = tcase_create("acpi");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, reads_everything);
	tcase_add_test(tc, searches_the_bios_area);
	tcase_add_test(tc, nothing_found_is_said);
	tcase_add_test(tc, boot_cpu_not_listed_is_added);
	tcase_add_test(tc, madt_limits);
	tcase_add_test(tc, s5_forms);
	tcase_add_test(tc, mcfg_checks_its_ranges);
	tcase_add_test(tc, short_tables_are_refused);
	tcase_add_test(tc, dmar_with_anything_wrong_is_not_used);
	tcase_add_test(tc, dmar_limits);
	tcase_add_test(tc, random_damage);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
