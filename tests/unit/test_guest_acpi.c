/* SPDX-License-Identifier: BSD-3-Clause */
/* ACPI tables of a pre-launched VM: structure, checksums, what MADT and FADT say, and iasl's opinion of all of them. */
/* unit: hypervisor/machine/guest_acpi.c hypervisor/machine/acpi_write.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/vm_mem.c tests/fake/vm_vm.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emul/vpci/ivshmem.h"
#include "cpu/features.h"
#include "emul/vpm.h"
#include "lib/util.h"
#include "machine/acpi_write.h"
#include "machine/load.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "vm_mem.h"
#include "vm_vm.h"
#include "x86/apicreg.h"

#define RAM_SIZE (2ul << 20)

bool feature_has(enum feature f) { (void)f; return false; }

static struct vm *vm;
static struct scenario_vm cfg;
static uint8_t *ram;

static void make(uint16_t nr_vcpus)
{
	vm = fake_vm_create(nr_vcpus);
	vm->cfg = &cfg;
	cfg = (struct scenario_vm){ 0 };
	ram = aligned_alloc(SIZE_2M, RAM_SIZE);
	memset(ram, 0xa5, RAM_SIZE);
	pgtable_set_caps(2, 2, true);
	ck_assert_int_eq(gpa_create(vm), 0);
	ck_assert_int_eq(gpa_map(vm, gpa(0), hpa((uint64_t)ram), RAM_SIZE, PG_R | PG_W | PG_X | PG_WB), 0);
}

static void teardown(void)
{
	gpa_destroy(vm);
	fake_vm_destroy(vm);
	free(ram);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static uint64_t build(void)
{
	struct load_job job = { .vm = vm };

	return guest_acpi_build(&job);
}

static uint8_t sum(const void *p, uint32_t n)
{
	const uint8_t *b = p;
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *b++);
	return s;
}

static bool shared_memory;

bool ivshmem_memory_range(const struct vm *who, uint64_t *first, uint64_t *last)
{
	(void)who;
	*first = 0x1234500000;
	*last = 0x12345fffff;
	return shared_memory;
}

static uint64_t u64_at(const void *p) { uint64_t v; memcpy(&v, p, 8); return v; }
static uint32_t u32_at(const void *p) { uint32_t v; memcpy(&v, p, 4); return v; }

/* Table with this signature named by the XSDT, or the DSDT; checked. */
static const struct acpi_header *table(uint64_t rsdp_gpa, const char *signature)
{
	const struct acpi_rsdp *r = (const void *)(ram + rsdp_gpa);
	const struct acpi_header *x = (const void *)(ram + r->xsdt), *h;
	uint32_t i;

	ck_assert_mem_eq(r->signature, "RSD PTR ", 8);
	ck_assert_uint_eq(sum(r, 20), 0);
	ck_assert_uint_eq(sum(r, sizeof(*r)), 0);
	ck_assert_mem_eq(x->signature, "XSDT", 4);
	ck_assert_uint_eq(sum(x, x->length), 0);
	for (i = 0; i < (x->length - sizeof(*x)) / 8; i++) {
		h = (const void *)(ram + u64_at((const uint8_t *)(x + 1) + 8 * i));
		ck_assert_uint_eq(sum(h, h->length), 0);
		if (!memcmp(h->signature, "FACP", 4) && !strcmp(signature, "DSDT")) {
			h = (const void *)(ram + u64_at((const uint8_t *)h + 140));
			ck_assert_uint_eq(sum(h, h->length), 0);
		}
		if (!memcmp(h->signature, signature, 4))
			return h;
	}
	ck_abort_msg("no %s", signature);
}

START_TEST(madt_lists_every_vcpu)
{
	const struct acpi_header *h;
	const uint8_t *e, *end;
	unsigned int nr_cpus = 0, nr_ioapics = 0;
	uint64_t rsdp;

	make(64);
	vm->vcpus[63]->vapic_id = 300;	/* needs an x2APIC entry */
	rsdp = build();
	ck_assert_uint_ne(rsdp, 0);
	h = table(rsdp, "APIC");
	ck_assert_uint_eq(u32_at((const uint8_t *)h + 36), APIC_BASE_DEFAULT);
	end = (const uint8_t *)h + h->length;
	for (e = (const uint8_t *)h + 44; e < end; e += e[1]) {
		ck_assert_uint_ge(e[1], 8);
		if (e[0] == 0) {
			ck_assert_uint_eq(e[3], nr_cpus++);
			ck_assert_uint_eq(u32_at(e + 4), 1);
		} else if (e[0] == 9) {
			ck_assert_uint_eq(u32_at(e + 4), 300);
			ck_assert_uint_eq(u32_at(e + 8), 1);
			ck_assert_uint_eq(u32_at(e + 12), nr_cpus++);
		} else {
			ck_assert_uint_eq(e[0], 1);
			ck_assert_uint_eq(u32_at(e + 4), IOAPIC_BASE_DEFAULT);
			nr_ioapics++;
		}
	}
	ck_assert_ptr_eq(e, end);
	ck_assert_uint_eq(nr_cpus, 64);
	ck_assert_uint_eq(nr_ioapics, 1);
}
END_TEST

START_TEST(fadt_names_reset_and_sleep_registers)
{
	const uint8_t *f;
	uint64_t rsdp;

	make(1);
	rsdp = build();
	f = (const void *)table(rsdp, "FACP");
	ck_assert_uint_eq(u32_at(f + 4), 268);
	ck_assert_uint_eq(u32_at(f + 112), 1u << 20 | 1u << 10);
	ck_assert_uint_eq(f[116], 1);
	ck_assert_uint_eq(u64_at(f + 120), VPM_RESET_PORT);
	ck_assert_uint_eq(u64_at(f + 248), VPM_SLEEP_CTL);
	ck_assert_uint_eq(u64_at(f + 260), VPM_SLEEP_STS);
	ck_assert_uint_eq(u32_at(f + 40), u64_at(f + 140));
}
END_TEST

/* The tables stay in the area the guest's memory map reserves, and nothing else of its memory is touched. */
START_TEST(tables_stay_in_the_firmware_area)
{
	uint64_t i;

	make(64);
	ck_assert_uint_eq(build(), 0xf2400);
	for (i = 0; i < RAM_SIZE; i++)
		if (i < 0xe0000 || i >= 0x100000)
			ck_assert_uint_eq(ram[i], 0xa5);
}
END_TEST

START_TEST(no_memory_there)
{
	make(1);
	ck_assert_int_eq(gpa_unmap(vm, gpa(0xf0000), 0x10000), 0);
	ck_assert_uint_eq(build(), 0);
}
END_TEST

static void add_uarts(void)
{
	static const struct { uint16_t port; uint8_t irq; } uarts[] = { { 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 15 } };
	unsigned int i;

	for (i = 0; i < 3; i++)
		cfg.vuarts[i] = (struct scenario_vuart){
			.type = SCENARIO_VUART_CONSOLE, .io_base = uarts[i].port, .irq = uarts[i].irq,
		};
}

static void write_table(const char *path, const struct acpi_header *h)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(h, 1, h->length, f), h->length);
	fclose(f);
}

/* Text of a file; the caller frees it. */
static char *text_of(const char *path)
{
	FILE *f = fopen(path, "r");
	char *s = calloc(1, 1 << 20);

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(s, 1, (1 << 20) - 1, f), 0);
	fclose(f);
	return s;
}

/* Disassembles a table and, an AML one, compiles it again; returns the source text. */
static char *disassemble(const char *dir, const struct acpi_header *h, bool aml)
{
	char cmd[512], path[128], *text;

	snprintf(path, sizeof(path), "%s/t.dat", dir);
	write_table(path, h);
	snprintf(cmd, sizeof(cmd), "cd %s && iasl -d t.dat >log 2>&1", dir);
	ck_assert_msg(system(cmd) == 0, "%s", text_of((snprintf(path, sizeof(path), "%s/log", dir), path)));
	if (aml) {
		snprintf(cmd, sizeof(cmd), "cd %s && iasl -vw 3144 -p again t.dsl >log 2>&1", dir);
		snprintf(path, sizeof(path), "%s/log", dir);
		ck_assert_msg(system(cmd) == 0, "%s", text_of(path));
	}
	snprintf(path, sizeof(path), "%s/t.dsl", dir);
	text = text_of(path);
	ck_assert_msg(!strstr(text, "ERROR") && !strstr(text, "Invalid") && !strstr(text, "Unknown"), "%s", text);
	return text;
}

START_TEST(iasl_understands_the_tables)
{
	char dir[] = "/tmp/guest_acpi.XXXXXX", cmd[64], *text;
	uint64_t rsdp;

	make(4);
	if (system("command -v iasl >/dev/null 2>&1")) {
		printf("SKIP iasl_understands_the_tables: iasl (acpica-tools) is not installed\n");
		return;
	}
	ck_assert_ptr_nonnull(mkdtemp(dir));
	add_uarts();
	rsdp = build();
	text = disassemble(dir, table(rsdp, "DSDT"), true);
	/* S5 and all three UARTs came out as they went in. */
	ck_assert_ptr_nonnull(strstr(text, "Name (_S5, Package"));
	ck_assert_ptr_nonnull(strstr(text, "Device (COM1)"));
	ck_assert_ptr_nonnull(strstr(text, "Device (COM2)"));
	ck_assert_ptr_nonnull(strstr(text, "Device (COM3)"));
	ck_assert_ptr_nonnull(strstr(text, "0x02F8"));
	ck_assert_ptr_nonnull(strstr(text, "{15}"));
	ck_assert_ptr_null(strstr(text, "PCI0"));
	free(text);
	/* With a shared region its bus is there, with room for the BARs. */
	shared_memory = true;
	rsdp = build();
	shared_memory = false;
	text = disassemble(dir, table(rsdp, "DSDT"), true);
	ck_assert_ptr_nonnull(strstr(text, "Device (PCI0)"));
	ck_assert_ptr_nonnull(strstr(text, "EisaId (\"PNP0A03\")"));
	ck_assert_ptr_nonnull(strstr(text, "0xC07F"));
	ck_assert_ptr_nonnull(strstr(text, "0xD000FFFF"));
	ck_assert_ptr_nonnull(strstr(text, "0x0000001234500000"));
	ck_assert_ptr_nonnull(strstr(text, "0x00000012345FFFFF"));
	ck_assert_ptr_nonnull(strstr(text, "0x0000000000100000"));
	ck_assert_ptr_nonnull(strstr(text, "Device (COM3)"));
	free(text);
	free(disassemble(dir, table(rsdp, "FACP"), false));
	free(disassemble(dir, table(rsdp, "APIC"), false));
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("guest_acpi");
	TCase *c = tcase_create("guest_acpi");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, madt_lists_every_vcpu);
	tcase_add_test(c, fadt_names_reset_and_sleep_registers);
	tcase_add_test(c, tables_stay_in_the_firmware_area);
	tcase_add_test(c, no_memory_there);
	tcase_add_test(c, iasl_understands_the_tables);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
