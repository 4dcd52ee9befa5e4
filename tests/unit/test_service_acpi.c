/* SPDX-License-Identifier: BSD-3-Clause */
/* The Service VM's ACPI root: other VMs' CPUs disabled in its MADT copy, DMAR left out, hostile MADTs, no room. */
/* unit: hypervisor/machine/service_acpi.c hypervisor/machine/acpi_write.c hypervisor/mm/e820.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/vm_mem.c tests/fake/vm_vm.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/features.h"
#include "hw/acpi.h"
#include "lib/util.h"
#include "machine/acpi_write.h"
#include "machine/load.h"
#include "mm/hostmap.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "vm_mem.h"
#include "vm_vm.h"

#define RAM_SIZE (2ul << 20)

bool feature_has(enum feature f) { (void)f; return false; }

struct acpi_info acpi;
static struct vm *vm;
static uint8_t *ram, *madt;	/* madt: exactly as long as the table says */
static bool unreadable;
static struct e820_map map, left;

void *hostmap_device(hpa_t start, uint64_t size)
{
	(void)size;
	return unreadable ? NULL : (void *)start.v;
}

uint64_t load_place(struct load_job *job, uint64_t size, uint64_t align, uint64_t limit, const char *what)
{
	uint64_t at;

	(void)what;
	return e820_take(job->free, ALIGN_UP(size, PAGE_SIZE), align, limit, &at) ? 0 : at;
}

static void setup(void)
{
	vm = fake_vm_create(2);
	vm->vcpus[0]->vapic_id = 0;
	vm->vcpus[1]->vapic_id = 4;
	ram = aligned_alloc(SIZE_2M, RAM_SIZE);
	memset(ram, 0, RAM_SIZE);
	pgtable_set_caps(2, 2, true);
	ck_assert_int_eq(gpa_create(vm), 0);
	ck_assert_int_eq(gpa_map(vm, gpa(0), hpa((uint64_t)ram), RAM_SIZE, PG_R | PG_W | PG_X | PG_WB), 0);
	memset(&map, 0, sizeof(map));
	ck_assert_int_eq(e820_add(&map, PAGE_SIZE, RAM_SIZE - PAGE_SIZE, E820_RAM), 0);
	left = map;
	memset(&acpi, 0, sizeof(acpi));
	unreadable = false;
	madt = NULL;
}

static void teardown(void)
{
	gpa_destroy(vm);
	fake_vm_destroy(vm);
	free(ram);
	free(madt);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void add_table(const char *signature, uint64_t at, uint32_t size)
{
	acpi.table[acpi.nr_tables].hpa = at;
	acpi.table[acpi.nr_tables].size = size;
	memcpy(acpi.table[acpi.nr_tables++].signature, signature, 4);
}

static void add_madt(const void *entries, uint32_t n)
{
	madt = calloc(1, 44 + n);
	memcpy(madt + 44, entries, n);
	acpi_seal(madt, "APIC", 4, 44 + n);
	add_table("APIC", (uint64_t)madt, 44 + n);
}

static uint64_t build(void)
{
	struct load_job job = { .vm = vm, .e820 = &map, .free = &left };

	return service_acpi_build(&job);
}

static uint64_t u64_at(const void *p) { uint64_t v; memcpy(&v, p, 8); return v; }
static uint32_t u32_at(const void *p) { uint32_t v; memcpy(&v, p, 4); return v; }

static uint8_t sum(const void *p, uint32_t n)
{
	const uint8_t *b = p;
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *b++);
	return s;
}

/* The XSDT in guest memory, checked. */
static const uint8_t *xsdt(uint64_t rsdp)
{
	const uint8_t *x = ram + u64_at(ram + rsdp + 24);

	ck_assert_uint_eq(sum(ram + rsdp, 36), 0);
	ck_assert_uint_eq(sum(ram + rsdp, 20), 0);
	ck_assert_uint_eq(sum(x, u32_at(x + 4)), 0);
	return x;
}

/* local APIC 0, 1, 4; x2APIC 4, 0x104; an I/O APIC; an override */
static const uint8_t entries[] = {
	0, 8, 0, 0, 1, 0, 0, 0,
	0, 8, 1, 1, 1, 0, 0, 0,
	0, 8, 2, 4, 3, 0, 0, 0,
	9, 16, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
	9, 16, 0, 0, 4, 1, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0,
	1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,
	2, 10, 0, 0, 2, 0, 0, 0, 0, 0,
};

START_TEST(cpus_of_others_are_disabled)
{
	uint8_t want[sizeof(entries)];
	const uint8_t *x, *copy;
	uint64_t rsdp;

	add_table("FACP", 0x1000000, 244);
	add_madt(entries, sizeof(entries));
	rsdp = build();
	ck_assert_uint_ne(rsdp, 0);
	x = xsdt(rsdp);
	ck_assert_uint_eq(u32_at(x + 4), 36 + 16);
	ck_assert_uint_eq(u64_at(x + 36), 0x1000000);
	ck_assert_uint_lt(u64_at(x + 44), RAM_SIZE);
	copy = ram + u64_at(x + 44);
	ck_assert_uint_eq(sum(copy, 44 + sizeof(entries)), 0);
	memcpy(want, entries, sizeof(want));
	want[8 + 4] = 0;
	want[24 + 16 + 8] = 0;
	ck_assert_mem_eq(copy + 44, want, sizeof(want));
	/* The machine's own table stays. */
	ck_assert_mem_eq(madt + 44, entries, sizeof(entries));
}
END_TEST

START_TEST(the_copies_are_no_ram_any_more)
{
	uint64_t rsdp, i;
	bool found = false;

	add_madt(entries, sizeof(entries));
	rsdp = build();
	for (i = 0; i < map.nr; i++)
		if (map.entry[i].type == E820_ACPI && rsdp >= map.entry[i].base && rsdp < map.entry[i].base + map.entry[i].size)
			found = true;
	ck_assert(found);
	ck_assert_uint_eq(e820_ram_bytes(&map) + ALIGN_UP(64 + 432 + 140, PAGE_SIZE), RAM_SIZE - PAGE_SIZE);
}
END_TEST

START_TEST(dmar_is_left_out)
{
	const uint8_t *x;

	add_table("DMAR", 0x2000000, 100);
	add_table("HPET", 0x3000000, 56);
	x = xsdt(build());
	ck_assert_uint_eq(u32_at(x + 4), 36 + 8);
	ck_assert_uint_eq(u64_at(x + 36), 0x3000000);
}
END_TEST

START_TEST(as_many_tables_as_are_kept)
{
	uint32_t i;
	const uint8_t *x;

	add_madt(entries, sizeof(entries));
	while (acpi.nr_tables < ACPI_MAX_TABLES)
		add_table("SSDT", 0x1000000 + 0x1000ul * acpi.nr_tables, 40);
	x = xsdt(build());
	ck_assert_uint_eq(u32_at(x + 4), 36 + 8 * ACPI_MAX_TABLES);
	for (i = 1; i < ACPI_MAX_TABLES; i++)
		ck_assert_uint_eq(u64_at(x + 36 + 8 * i), 0x1000000 + 0x1000ul * i);
}
END_TEST

/* Entries that are too short, of no length or that reach over the end end the walk; the sanitizer watches the copy. */
START_TEST(hostile_madts)
{
	static const uint8_t bad[][9] = {
		{ 0, 0, 1, 1, 1, 0, 0, 0, 0 }, { 0, 1, 1, 1, 1, 0, 0, 0, 0 }, { 0, 255, 1, 1, 1, 0, 0, 0, 0 },
		{ 0, 4, 1, 1, 0, 3, 7, 0, 9 }, { 9, 8, 0, 0, 7, 0, 0, 0, 0 }, { 0, 8, 1, 1, 1, 0, 0, 0, 9 },
	};
	unsigned int i;
	uint64_t rsdp;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		teardown();
		setup();
		add_madt(bad[i], sizeof(bad[i]));
		rsdp = build();
		ck_assert_uint_ne(rsdp, 0);
		/* Only the last one has an entry that is whole. */
		ck_assert_uint_eq(ram[u64_at(xsdt(rsdp) + 36) + 44 + 4], i == 5 ? 0 : bad[i][4]);
	}
}
END_TEST

START_TEST(a_madt_that_cannot_be_read_stays_the_machines)
{
	add_madt(entries, sizeof(entries));
	unreadable = true;
	ck_assert_uint_eq(u64_at(xsdt(build()) + 36), (uint64_t)madt);
}
END_TEST

START_TEST(no_room)
{
	add_madt(entries, sizeof(entries));
	memset(&left, 0, sizeof(left));
	ck_assert_uint_eq(build(), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("service_acpi");
	TCase *c = tcase_create("service_acpi");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, cpus_of_others_are_disabled);
	tcase_add_test(c, the_copies_are_no_ram_any_more);
	tcase_add_test(c, dmar_is_left_out);
	tcase_add_test(c, as_many_tables_as_are_kept);
	tcase_add_test(c, hostile_madts);
	tcase_add_test(c, a_madt_that_cannot_be_read_stays_the_machines);
	tcase_add_test(c, no_room);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
