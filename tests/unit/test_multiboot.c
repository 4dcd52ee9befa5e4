/* SPDX-License-Identifier: BSD-3-Clause */
/* Readers of multiboot information: good ones, and every way of being cut short or too long. */
/* unit: hypervisor/boot/multiboot1.c hypervisor/boot/multiboot2.c hypervisor/boot/boot.c hypervisor/mm/e820.c */
/* unit-flags: -include tests/fake/direct_base.h */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "lib/util.h"
#include "mm/hostmap.h"

#define MEMORY	0x10000u
#define INFO	0x1000u

static uint8_t *memory;	/* physical 0..MEMORY, on the heap: ASan sees every step outside */
static struct boot_info bi;
static uint32_t end;	/* where the next tag goes */

void hostmap_image(hpa_t *start, uint64_t *size)
{
	*start = hpa(0x200000);
	*size = 0x45678;
}

static void setup(void)
{
	memory = calloc(1, MEMORY);
	fake_direct_base = (uint64_t)memory;
	boot_map_limit = MEMORY;
	memset(&bi, 0, sizeof(bi));
	end = INFO + 8;
}

static void teardown(void)
{
	free(memory);
}

static void put32(uint32_t at, uint32_t v) { memcpy(memory + at, &v, 4); }
static void put64(uint32_t at, uint64_t v) { memcpy(memory + at, &v, 8); }

/* Appends a tag whose stated size is that of its data; returns its address. */
static uint32_t tag(uint32_t type, const void *data, uint32_t size)
{
	uint32_t at = end;

	put32(at, type);
	put32(at + 4, size + 8);
	if (size)
		memcpy(memory + at + 8, data, size);
	end = ALIGN_UP(at + 8 + size, 8u);
	return at;
}

static void close_info(void)
{
	tag(0, NULL, 0);
	put32(INFO, end - INFO);
}

static uint32_t mmap_tag(void)
{
	struct { uint32_t step, version; struct { uint64_t base, size; uint32_t type, rsvd; } e[3]; } m = {
		24, 0, { { 0, 0x9fc00, 1, 0 }, { 0x100000, 0xff00000, 1, 0 }, { 0xff00000, 0x100000, 3, 0 } },
	};

	return tag(6, &m, sizeof(m));
}

static uint32_t module_tag(uint32_t start, uint32_t stop, const char *string)
{
	uint8_t data[4096] = { 0 };

	memcpy(data, &start, 4);
	memcpy(data + 4, &stop, 4);
	strcpy((char *)data + 8, string);
	return tag(3, data, (uint32_t)(8 + strlen(string) + 1));
}

static uint32_t good_info(void)
{
	uint8_t rsdp[36] = "RSD PTR new";
	uint32_t module;

	tag(2, "GRUB 2.06", 10);
	tag(1, "uart=disabled x", 16);
	module = module_tag(0x300000, 0x345678, "linux_vm0 console=ttyS0  quiet");
	module_tag(0x400000, 0x400000, "empty");
	mmap_tag();
	tag(15, rsdp, 36);
	tag(14, "RSD PTR old.........", 20);
	tag(12, "efi64...", 8);
	tag(99, "unknown", 7);
	close_info();
	return module;
}

START_TEST(mb2_reads_everything)
{
	good_info();
	ck_assert_ptr_null(boot_info_read(&bi, MULTIBOOT2_MAGIC, INFO));
	ck_assert_str_eq(bi.protocol, "multiboot2");
	ck_assert_str_eq(bi.loader, "GRUB 2.06");
	ck_assert_str_eq(bi.cmdline, "uart=disabled x");
	ck_assert_uint_eq(bi.nr_modules, 2);
	ck_assert_uint_eq(bi.module[0].start.v, 0x300000);
	ck_assert_uint_eq(bi.module[0].size, 0x45678);
	ck_assert_str_eq(bi.module[0].string, "linux_vm0 console=ttyS0  quiet");
	ck_assert_uint_eq(bi.module[1].size, 0);
	ck_assert_uint_eq(bi.e820.nr, 3);
	ck_assert_uint_eq(bi.e820.entry[2].type, E820_ACPI);
	ck_assert_uint_eq(bi.rsdp_size, 36);
	ck_assert_mem_eq(bi.rsdp, "RSD PTR new", 11);
	ck_assert(bi.efi);
}
END_TEST

START_TEST(modules_are_found_by_first_word)
{
	good_info();
	ck_assert_ptr_null(boot_info_read(&boot_info, MULTIBOOT2_MAGIC, INFO));
	ck_assert_ptr_eq(boot_module_find("linux_vm0"), &boot_info.module[0]);
	ck_assert_str_eq(boot_module_args(&boot_info.module[0]), "console=ttyS0  quiet");
	ck_assert_ptr_eq(boot_module_find("empty"), &boot_info.module[1]);
	ck_assert_str_eq(boot_module_args(&boot_info.module[1]), "");
	ck_assert_ptr_null(boot_module_find("linux_vm"));
	ck_assert_ptr_null(boot_module_find("linux_vm00"));
	ck_assert_ptr_null(boot_module_find(""));
}
END_TEST

START_TEST(memory_in_use_is_reserved)
{
	good_info();
	ck_assert_ptr_null(boot_info_read(&bi, MULTIBOOT2_MAGIC, INFO));
	ck_assert_int_eq(boot_reserve(&bi), 0);
	/* page 0, image 0x46 pages, module 0x46 pages */
	ck_assert_uint_eq(e820_ram_bytes(&bi.e820) - e820_ram_bytes(&host_e820), (1 + 0x46 + 0x46) * PAGE_SIZE);
	ck_assert_uint_eq(e820_ram_bytes(&e820_firmware), e820_ram_bytes(&bi.e820));
}
END_TEST

/* The EFI map serves where there is no other; free after boot services: loader, boot services, conventional. */
START_TEST(mb2_efi_map)
{
	struct { uint32_t step, version; struct { uint32_t type, pad; uint64_t base, virt, pages, attr, more; } e[4]; } m = {
		48, 1, { { 7, 0, 0, 0, 16, 0, 0 }, { 3, 0, 0x100000, 0, 256, 0, 0 },
			 { 9, 0, 0x200000, 0, 1, 0, 0 }, { 6, 0, 0x201000, 0, 1, 0, 0 } },
	};

	tag(17, &m, sizeof(m));
	close_info();
	ck_assert_ptr_null(multiboot2_read(&bi, INFO));
	ck_assert_uint_eq(bi.e820.nr, 4);
	ck_assert_uint_eq(e820_ram_bytes(&bi.e820), 0x10000 + 0x100000);
	ck_assert_uint_eq(bi.e820.entry[2].type, E820_ACPI);
	ck_assert_uint_eq(bi.e820.entry[3].type, E820_RESERVED);
}
END_TEST

/* Every total size from 0 to the right one must be refused, without a step outside. */
START_TEST(mb2_every_truncation_is_refused)
{
	uint32_t full;

	good_info();
	full = end - INFO;
	for (uint32_t total = 0; total < full; total++) {
		memset(&bi, 0, sizeof(bi));
		put32(INFO, total);
		ck_assert_ptr_nonnull(multiboot2_read(&bi, INFO));
	}
}
END_TEST

/* Any tag size anywhere: either refused or read within bounds (ASan watches). */
START_TEST(mb2_every_tag_size_is_survived)
{
	static const uint32_t big[] = { 0x10000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff };
	uint32_t module = good_info();

	for (uint32_t size = 0; size < 200; size++) {
		memset(&bi, 0, sizeof(bi));
		put32(module + 4, size);
		(void)!multiboot2_read(&bi, INFO);
		ck_assert_uint_le(bi.nr_modules, BOOT_MODULES_MAX);
		if (size < 16)
			ck_assert_uint_eq(bi.nr_modules, 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(big); i++) {
		put32(module + 4, big[i]);
		ck_assert_ptr_nonnull(multiboot2_read(&bi, INFO));
	}
}
END_TEST

START_TEST(mb2_bad_contents)
{
	uint32_t map;

	ck_assert_ptr_nonnull(multiboot2_read(&bi, MEMORY - 4));
	ck_assert_ptr_nonnull(multiboot2_read(&bi, INFO + 4));
	ck_assert_ptr_nonnull(multiboot2_read(&bi, 0xfffffff8));
	close_info();
	ck_assert_ptr_nonnull(multiboot2_read(&bi, INFO));	/* no memory map */

	end = INFO + 8;
	map = mmap_tag();
	close_info();
	for (uint32_t step = 0; step < 24; step++) {
		put32(map + 8, step);
		ck_assert_ptr_nonnull(multiboot2_read(&bi, INFO));
	}

	end = INFO + 8;
	module_tag(0x2000, 0x1fff, "backwards");
	mmap_tag();
	close_info();
	ck_assert_ptr_nonnull(multiboot2_read(&bi, INFO));
}
END_TEST

START_TEST(mb2_too_many_and_too_long)
{
	char text[3000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	mmap_tag();
	tag(1, text, 1025);
	close_info();
	ck_assert_ptr_nonnull(multiboot2_read(&bi, INFO));

	end = INFO + 8;
	mmap_tag();
	tag(1, text, 1000);
	tag(2, text, 1000);	/* a loader's name is not worth stopping for */
	module_tag(1, 2, text);
	close_info();
	ck_assert_ptr_nonnull(multiboot2_read(&bi, INFO));
	ck_assert_str_eq(bi.loader, "");
	ck_assert_uint_eq(strlen(bi.cmdline), 1000);

	end = INFO + 8;
	memset(&bi, 0, sizeof(bi));
	mmap_tag();
	for (unsigned int i = 0; i < BOOT_MODULES_MAX; i++)
		module_tag(0x1000, 0x2000, "m");
	module_tag(0x1000, 0x2000, "one too many");
	close_info();
	ck_assert_ptr_nonnull(multiboot2_read(&bi, INFO));
	ck_assert_uint_eq(bi.nr_modules, BOOT_MODULES_MAX);
}
END_TEST

/* multiboot1: the structure at INFO, its parts behind. */
#define MB1_STRINGS	0x2000u
#define MB1_MODULES	0x3000u
#define MB1_MAP		0x4000u

static void mb1_good(void)
{
	put32(INFO, 1u << 2 | 1u << 3 | 1u << 6 | 1u << 9);
	put32(INFO + 16, MB1_STRINGS);
	strcpy((char *)memory + MB1_STRINGS, "loglevel=2");
	put32(INFO + 20, 1);
	put32(INFO + 24, MB1_MODULES);
	put32(MB1_MODULES, 0x300000);
	put32(MB1_MODULES + 4, 0x300010);
	put32(MB1_MODULES + 8, MB1_STRINGS + 100);
	strcpy((char *)memory + MB1_STRINGS + 100, "kernel arg");
	put32(INFO + 44, 48);
	put32(INFO + 48, MB1_MAP);
	put32(MB1_MAP, 20);
	put64(MB1_MAP + 12, 0xa0000);
	put32(MB1_MAP + 20, 1);
	put32(MB1_MAP + 24, 20);
	put64(MB1_MAP + 28, 0x100000);
	put64(MB1_MAP + 36, 0x4000000);
	put32(MB1_MAP + 44, 1);
	put32(INFO + 64, MB1_STRINGS + 200);
	strcpy((char *)memory + MB1_STRINGS + 200, "loader");
}

START_TEST(mb1_reads_everything)
{
	mb1_good();
	ck_assert_ptr_null(boot_info_read(&bi, MULTIBOOT1_MAGIC, INFO));
	ck_assert_str_eq(bi.protocol, "multiboot1");
	ck_assert_str_eq(bi.cmdline, "loglevel=2");
	ck_assert_str_eq(bi.loader, "loader");
	ck_assert_uint_eq(bi.nr_modules, 1);
	ck_assert_uint_eq(bi.module[0].size, 16);
	ck_assert_str_eq(bi.module[0].string, "kernel arg");
	ck_assert_uint_eq(e820_ram_bytes(&bi.e820), 0x40a0000);
}
END_TEST

static const struct { const char *what; uint32_t at, value; } mb1_damage[] = {
	{ "no memory map", INFO, 0 },
	{ "command line outside", INFO + 16, 0xfffffff0 },
	{ "command line at the very end", INFO + 16, MEMORY },
	{ "modules outside", INFO + 24, 0xffffff00 },
	{ "too many modules", INFO + 20, 33 },
	{ "very many modules", INFO + 20, 0xffffffff },
	{ "module backwards", MB1_MODULES + 4, 1 },
	{ "module string outside", MB1_MODULES + 8, MEMORY + 1 },
	{ "map outside", INFO + 48, MEMORY - 8 },
	{ "map very long", INFO + 44, 0xfffffff0 },
	{ "entry too short", MB1_MAP, 19 },
};

START_TEST(mb1_damage_is_refused)
{
	mb1_good();
	put32(mb1_damage[_i].at, mb1_damage[_i].value);
	ck_assert_msg(multiboot1_read(&bi, INFO) != NULL, "%s was accepted", mb1_damage[_i].what);
}
END_TEST

START_TEST(mb1_strings_need_an_end)
{
	mb1_good();
	memset(memory + MEMORY - 100, 'x', 100);
	put32(INFO + 16, MEMORY - 100);
	ck_assert_ptr_nonnull(multiboot1_read(&bi, INFO));
	ck_assert_ptr_nonnull(multiboot1_read(&bi, MEMORY - 10));
}
END_TEST

START_TEST(mb1_huge_entry_size_ends_the_map)
{
	mb1_good();
	put32(MB1_MAP, 0xffffffff);
	ck_assert_ptr_null(multiboot1_read(&bi, INFO));
	ck_assert_uint_eq(bi.e820.nr, 1);
}
END_TEST

START_TEST(unknown_loader)
{
	ck_assert_ptr_nonnull(boot_info_read(&bi, 0x12345678, INFO));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("multiboot");
	TCase *t = tcase_create("multiboot");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, mb2_reads_everything);
	tcase_add_test(t, modules_are_found_by_first_word);
	tcase_add_test(t, memory_in_use_is_reserved);
	tcase_add_test(t, mb2_efi_map);
	tcase_add_test(t, mb2_every_truncation_is_refused);
	tcase_add_test(t, mb2_every_tag_size_is_survived);
	tcase_add_test(t, mb2_bad_contents);
	tcase_add_test(t, mb2_too_many_and_too_long);
	tcase_add_test(t, mb1_reads_everything);
	tcase_add_loop_test(t, mb1_damage_is_refused, 0, (int)ARRAY_SIZE(mb1_damage));
	tcase_add_test(t, mb1_strings_need_an_end);
	tcase_add_test(t, mb1_huge_entry_size_ends_the_map);
	tcase_add_test(t, unknown_loader);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
