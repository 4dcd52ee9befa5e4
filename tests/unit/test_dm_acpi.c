/* SPDX-License-Identifier: BSD-3-Clause */
/* The ACPI tables: checksums, pointers, contents; and iasl reads every one of them without complaint. */
/* unit: devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/log.c devicemodel/core/irq.c devicemodel/core/mem.c tests/fake/dm_vm.c tests/fake/dm_hsm.c devicemodel/boot/acpi.c devicemodel/boot/aml.c devicemodel/boot/dsdt.c devicemodel/pci/bus.c devicemodel/pci/cfg.c devicemodel/pci/lpc.c devicemodel/pci/hostbridge.c devicemodel/pci/msix.c devicemodel/platform/uart.c tests/fake/dm_chr.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/acpi.h"
#include "boot/acpi_table.h"
#include "boot/aml.h"
#include "core/layout.h"
#include "dm_vm.h"
#include "pci/bus.h"
#include "pci/hostbridge.h"
#include "pci/lpc.h"

#define MEMORY (16u << 20)

static struct vm vm;

static void setup(void)
{
	fake_vm_open(&vm, MEMORY, 3);
	config_set(&vm.config, "lpc.com1", "stdio");
	config_set(&vm.config, "lpc.com3", "pty");
	ck_assert_int_eq(pci_bus_open(&vm), 0);
	ck_assert_int_eq(pci_bus_add(&vm, &hostbridge_ops, 0, 0, ""), 0);
	ck_assert_int_eq(pci_bus_add(&vm, &lpc_ops, 31, 0, ""), 0);
	ck_assert_int_eq(acpi_build(&vm), 0);
}

static void teardown(void)
{
	pci_bus_close(&vm);
	fake_vm_close(&vm);
}

static uint8_t sum(const void *p, uint32_t len)
{
	return -acpi_checksum(p, len);
}

static const struct acpi_rsdp *rsdp(void)
{
	return mem_ptr(&vm, LAYOUT_ACPI_BASE, sizeof(struct acpi_rsdp));
}

/* The table at @gpa, after looking that all of it is below 1 MB and sums to 0. */
static struct acpi_header *table_at(uint64_t gpa)
{
	struct acpi_header *h;

	ck_assert_uint_ge(gpa, LAYOUT_ACPI_BASE);
	ck_assert_uint_lt(gpa, LAYOUT_ACPI_END);
	h = mem_ptr(&vm, gpa, sizeof(*h));
	ck_assert_uint_le(gpa + h->length, LAYOUT_ACPI_END);
	ck_assert_uint_eq(sum(h, h->length), 0);
	return h;
}

static struct acpi_header *find(const char *signature)
{
	struct acpi_header *xsdt = table_at(rsdp()->xsdt);

	for (uint32_t i = 0; i < (xsdt->length - sizeof(*xsdt)) / 8; i++) {
		struct acpi_header *h;
		uint64_t gpa;

		memcpy(&gpa, (uint8_t *)(xsdt + 1) + 8 * i, 8);
		h = table_at(gpa);
		if (memcmp(h->signature, signature, 4) == 0)
			return h;
	}
	ck_abort_msg("no table %s", signature);
	return NULL;
}

START_TEST(roots_are_right)
{
	struct acpi_header *rsdt, *xsdt;

	ck_assert(memcmp(rsdp()->signature, "RSD PTR ", 8) == 0);
	ck_assert_uint_eq(sum(rsdp(), 20), 0);
	ck_assert_uint_eq(sum(rsdp(), 36), 0);
	rsdt = table_at(rsdp()->rsdt);
	xsdt = table_at(rsdp()->xsdt);
	ck_assert_uint_eq((rsdt->length - 36) / 4, (xsdt->length - 36) / 8);
	for (uint32_t i = 0; i < (rsdt->length - 36) / 4; i++)
		ck_assert(memcmp((uint8_t *)(rsdt + 1) + 4 * i, (uint8_t *)(xsdt + 1) + 8 * i, 4) == 0);
}
END_TEST

START_TEST(fadt_names_the_ports)
{
	struct acpi_fadt *f = (struct acpi_fadt *)find("FACP");
	struct acpi_facs *facs = mem_ptr(&vm, f->facs, sizeof(*facs));

	ck_assert_uint_eq(f->pm1a_evt_blk, LAYOUT_PM1A_EVT_PORT);
	ck_assert_uint_eq(f->x_pm1a_cnt_blk.address, LAYOUT_PM1A_CNT_PORT);
	ck_assert_uint_eq(f->pm_tmr_blk, LAYOUT_PM_TMR_PORT);
	ck_assert_uint_eq(f->reset_reg.address, LAYOUT_RESET_PORT);
	ck_assert_uint_eq(f->smi_cmd, 0);
	ck_assert_uint_eq(f->iapc_boot_arch & 2, 0);
	ck_assert(memcmp(facs->signature, "FACS", 4) == 0);
	ck_assert_uint_eq(f->facs % 64, 0);
	ck_assert(memcmp(table_at(f->dsdt)->signature, "DSDT", 4) == 0);
	ck_assert_uint_eq(f->x_dsdt, f->dsdt);
}
END_TEST

START_TEST(madt_lists_cpus_and_overrides)
{
	struct acpi_madt *m = (struct acpi_madt *)find("APIC");
	const uint8_t *p = (uint8_t *)(m + 1), *end = (uint8_t *)m + m->header.length;
	unsigned int nr_cpus = 0, nr_ioapics = 0, nr_overrides = 0;

	for (; p < end; p += p[1]) {
		ck_assert_uint_ge(p[1], 6);
		if (p[0] == ACPI_MADT_LAPIC)
			ck_assert_uint_eq(p[3], nr_cpus++);
		nr_ioapics += p[0] == ACPI_MADT_IOAPIC;
		nr_overrides += p[0] == ACPI_MADT_OVERRIDE;
	}
	ck_assert(p == end);
	ck_assert_uint_eq(nr_cpus, 3);
	ck_assert_uint_eq(nr_ioapics, 1);
	ck_assert_uint_eq(nr_overrides, 2);
}
END_TEST

static bool has_iasl(void)
{
	return system("iasl -v >/dev/null 2>&1") == 0;
}

/* Disassemble @h and compile the result again: no error in either, and the DSDT comes out the same. */
static void round_trip(const char *dir, struct acpi_header *h)
{
	char path[128], command[512], name[5] = { 0 };
	FILE *f;

	memcpy(name, h->signature, 4);
	snprintf(path, sizeof(path), "%s/%s.dat", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(h, 1, h->length, f), h->length);
	fclose(f);
	snprintf(command, sizeof(command),
		 "cd %s && iasl -d %s.dat >%s.log 2>&1 && ! grep -i -E 'error|invalid|warning' %s.log && "
		 "iasl -p %s.again %s.dsl >%s.log 2>&1 && grep -q '0 Errors\\|Table Input' %s.log",
		 dir, name, name, name, name, name, name, name);
	ck_assert_msg(system(command) == 0, "iasl does not like %s, see %s", name, dir);
}

START_TEST(iasl_reads_them_all)
{
	char dir[] = "/tmp/dm-acpi-XXXXXX", command[64];
	struct acpi_fadt *f = (struct acpi_fadt *)find("FACP");

	if (!has_iasl()) {
		fprintf(stderr, "SKIP iasl_reads_them_all: iasl (package acpica-tools) is not installed\n");
		return;
	}
	ck_assert_ptr_nonnull(mkdtemp(dir));
	round_trip(dir, table_at(f->dsdt));
	round_trip(dir, find("FACP"));
	round_trip(dir, find("APIC"));
	round_trip(dir, find("HPET"));
	round_trip(dir, find("MCFG"));
	if (getenv("DM_KEEP_ACPI")) {
		fprintf(stderr, "kept %s\n", dir);
		return;
	}
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(dsdt_mentions_what_is_configured)
{
	struct acpi_fadt *f = (struct acpi_fadt *)find("FACP");
	struct acpi_header *d = table_at(f->dsdt);
	const char *body = (char *)(d + 1);
	size_t len = d->length - sizeof(*d);

	ck_assert_ptr_nonnull(memmem(body, len, "COM1", 4));
	ck_assert_ptr_nonnull(memmem(body, len, "COM3", 4));
	ck_assert_ptr_null(memmem(body, len, "COM2", 4));
	ck_assert_ptr_nonnull(memmem(body, len, "_S5_", 4));
}
END_TEST

START_TEST(no_memory_no_tables)
{
	vm.mem.region[0].size = LAYOUT_ACPI_BASE + 4096;
	ck_assert_int_eq(acpi_build(&vm), -EFAULT);
}
END_TEST

/* PkgLength in its three sizes: ACPI 6.4, 20.2.4. */
START_TEST(aml_lengths)
{
	static const struct { unsigned int body; uint8_t bytes[3]; unsigned int n; } want[] = {
		{ 0, { 5 }, 1 }, { 58, { 63 }, 1 }, { 59, { 0x41, 4 }, 2 }, { 4089, { 0x4F, 0xFF }, 2 },
		{ 4090, { 0x81, 0x00, 0x01 }, 3 },
	};
	static uint8_t buf[8192];
	struct aml aml;

	aml_init(&aml, buf, sizeof(buf));
	aml_scope_begin(&aml, "ABCD");
	for (unsigned int i = 0; i < want[_i].body; i++)
		aml_integer(&aml, 0);
	aml_end(&aml);
	ck_assert(aml_ok(&aml));
	ck_assert(memcmp(buf + 1, want[_i].bytes, want[_i].n) == 0);
	ck_assert(memcmp(buf + 1 + want[_i].n, "ABCD", 4) == 0);
	ck_assert_uint_eq(aml.len, 1 + want[_i].n + 4 + want[_i].body);
}
END_TEST

START_TEST(aml_overflow_is_noticed)
{
	uint8_t buf[16];
	struct aml aml;

	aml_init(&aml, buf, sizeof(buf));
	aml_scope_begin(&aml, "\\_SB_");
	for (int i = 0; i < 20; i++)
		aml_integer(&aml, 5);
	aml_end(&aml);
	ck_assert(!aml_ok(&aml));
	aml_init(&aml, buf, sizeof(buf));
	aml_scope_begin(&aml, "_SB_");
	ck_assert(!aml_ok(&aml));	/* not closed */
	aml_init(&aml, buf, sizeof(buf));
	aml_end(&aml);
	ck_assert(!aml_ok(&aml));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dm_acpi");
	TCase *tc = tcase_create("tables"), *aml = tcase_create("aml");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, roots_are_right);
	tcase_add_test(tc, fadt_names_the_ports);
	tcase_add_test(tc, madt_lists_cpus_and_overrides);
	tcase_add_test(tc, iasl_reads_them_all);
	tcase_add_test(tc, dsdt_mentions_what_is_configured);
	tcase_add_test(tc, no_memory_no_tables);
	tcase_add_loop_test(aml, aml_lengths, 0, 5);
	tcase_add_test(aml, aml_overflow_is_noticed);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, aml);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
