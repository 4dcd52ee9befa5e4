/* SPDX-License-Identifier: BSD-3-Clause */
/* ELF kernels by PVH note and multiboot, 32- and 64-bit: registers and start blocks; truncated and hostile files. */
/* unit: hypervisor/machine/load.c hypervisor/machine/load_bzimage.c hypervisor/machine/load_elf.c hypervisor/machine/guest_acpi.c hypervisor/machine/acpi_write.c hypervisor/mm/e820.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/hv_load.c tests/fake/hv_string.c tests/fake/vm_mem.c tests/fake/vm_vm.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "hv_load.h"
#include "lib/errno.h"
#include "x86/cr.h"

#define SIZE		0x2400u
#define NOTE_AT		0x200u
#define MB_AT		0x300u
#define CODE_AT		0x1000u
#define CODE_SIZE	0x1234u
#define PADDR		0x1000000ul
#define MEMSZ		0x3000u
#define ENTRY		(PADDR + 0x40)
#define PVH_ENTRY	(PADDR + 0x80)

static uint8_t *file;
static struct load_image image;

static void put(uint32_t at, uint64_t v, unsigned int n) { memcpy(file + at, &v, n); }
static uint64_t get(uint64_t at, unsigned int n) { uint64_t v = 0; memcpy(&v, hv_load.ram + at, n); return v; }

static void put_note(void)
{
	put(NOTE_AT, 4, 4);
	put(NOTE_AT + 4, 4, 4);
	put(NOTE_AT + 8, 18, 4);
	memcpy(file + NOTE_AT + 12, "Xen", 4);
	put(NOTE_AT + 16, PVH_ENTRY, 4);
}

static void put_multiboot(void)
{
	put(MB_AT, 0x1badb002, 4);
	put(MB_AT + 4, 3, 4);
	put(MB_AT + 8, -(0x1badb002ul + 3), 4);
}

static void make64(void)
{
	Elf64_Ehdr e = { .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1, .e_entry = ENTRY, .e_phoff = 64,
			 .e_ehsize = 64, .e_phentsize = 56, .e_phnum = 2 };
	Elf64_Phdr p[2] = {
		{ .p_type = PT_LOAD, .p_offset = CODE_AT, .p_paddr = PADDR, .p_vaddr = 0xffffffff81000000, .p_filesz = CODE_SIZE,
		  .p_memsz = MEMSZ },
		{ .p_type = PT_NOTE, .p_offset = NOTE_AT, .p_filesz = 20, .p_memsz = 20 },
	};

	memcpy(e.e_ident, ELFMAG "\2\1\1", 7);
	memcpy(file, &e, sizeof(e));
	memcpy(file + 64, p, sizeof(p));
}

static void make32(void)
{
	Elf32_Ehdr e = { .e_type = ET_EXEC, .e_machine = EM_386, .e_version = 1, .e_entry = ENTRY, .e_phoff = 52,
			 .e_ehsize = 52, .e_phentsize = 32, .e_phnum = 2 };
	Elf32_Phdr p[2] = {
		{ .p_type = PT_LOAD, .p_offset = CODE_AT, .p_paddr = PADDR, .p_vaddr = 0xc1000000, .p_filesz = CODE_SIZE,
		  .p_memsz = MEMSZ },
		{ .p_type = PT_NOTE, .p_offset = NOTE_AT, .p_filesz = 20, .p_memsz = 20 },
	};

	memcpy(e.e_ident, ELFMAG "\1\1\1", 7);
	memcpy(file, &e, sizeof(e));
	memcpy(file + 52, p, sizeof(p));
}

static void make(bool wide, bool note, bool multiboot)
{
	uint32_t i;

	free(file);
	file = calloc(1, SIZE);
	for (i = CODE_AT; i < SIZE; i++)
		file[i] = (uint8_t)(i * 5 | 1);
	if (wide)
		make64();
	else
		make32();
	if (note)
		put_note();
	if (multiboot)
		put_multiboot();
	image = (struct load_image){ .kernel = file, .kernel_size = SIZE, .cmdline = "a=b" };
}

static void setup(void)
{
	hv_load_make();
	make(true, true, true);
}

static void teardown(void)
{
	free(file);
	file = NULL;
	hv_load_free();
}

static int load(void) { return load_kernel(hv_load.vm, &image); }

static void check_loaded(void)
{
	uint32_t i;

	ck_assert_mem_eq(hv_load.ram + PADDR, file + CODE_AT, CODE_SIZE);
	for (i = CODE_SIZE; i < MEMSZ; i++)
		ck_assert_uint_eq(hv_load.ram[PADDR + i], 0);
	ck_assert_uint_eq(hv_load.ram[PADDR + MEMSZ], 0xa5);
	ck_assert_uint_eq(hv_load.regs.cr0 & (CR0_PE | CR0_PG), CR0_PE);
	ck_assert_uint_eq(hv_load.regs.cs_ar, 0xc09b);
	ck_assert_uint_eq(hv_load.regs.cs_limit, 0xffffffff);
}

/* _i bit 0: 64-bit file; bit 1: with a ramdisk */
START_TEST(pvh)
{
	static const uint8_t disk[] = "ramdisk";
	uint64_t s, m;
	unsigned int i;

	make(_i & 1, true, false);
	image.ramdisk = _i & 2 ? disk : NULL;
	image.ramdisk_size = _i & 2 ? sizeof(disk) : 0;
	ck_assert_int_eq(load(), 0);
	check_loaded();
	ck_assert_uint_eq(hv_load.regs.rip, PVH_ENTRY);
	s = hv_load.regs.gprs.rbx;
	ck_assert_uint_lt(s, 0xa0000);
	ck_assert_uint_eq(get(s, 4), 0x336ec578);
	ck_assert_uint_eq(get(s + 4, 4), 1);
	ck_assert_uint_eq(get(s + 12, 4), _i & 2 ? 1 : 0);
	ck_assert_str_eq((char *)hv_load.ram + get(s + 24, 8), "a=b");
	ck_assert_uint_eq(get(s + 32, 8), 0xf2400);
	m = get(s + 40, 8);
	ck_assert_uint_ge(get(s + 48, 4), 3);
	for (i = 0; i < get(s + 48, 4); i++)
		ck_assert(get(m + 24 * i + 16, 4) == E820_RAM || get(m + 24 * i + 16, 4) == E820_RESERVED);
	if (_i & 2) {
		ck_assert_uint_eq(get(get(s + 16, 8) + 8, 8), sizeof(disk));
		ck_assert_mem_eq(hv_load.ram + get(get(s + 16, 8), 8), disk, sizeof(disk));
	}
}
END_TEST

START_TEST(multiboot)
{
	static const uint8_t disk[] = "ramdisk";
	uint64_t s, at, end;

	make(_i & 1, false, true);
	image.ramdisk = _i & 2 ? disk : NULL;
	image.ramdisk_size = _i & 2 ? sizeof(disk) : 0;
	ck_assert_int_eq(load(), 0);
	check_loaded();
	ck_assert_uint_eq(hv_load.regs.rip, ENTRY);
	ck_assert_uint_eq(hv_load.regs.gprs.rax, 0x2badb002);
	s = hv_load.regs.gprs.rbx;
	ck_assert_uint_eq(get(s, 4) & 0x245, 0x245);
	ck_assert_uint_eq(get(s, 4) >> 3 & 1, _i & 2 ? 1 : 0);
	ck_assert_uint_eq(get(s + 4, 4), 640);
	ck_assert_uint_eq(get(s + 8, 4), HV_LOAD_RAM / 1024 - 1024);
	ck_assert_str_eq((char *)hv_load.ram + get(s + 16, 4), "a=b");
	at = get(s + 48, 4);
	for (end = at + get(s + 44, 4); at < end; at += get(at, 4) + 4)
		ck_assert_uint_eq(get(at, 4), 20);
	ck_assert_uint_eq(at, end);
	if (_i & 2) {
		at = get(s + 24, 4);
		ck_assert_uint_eq(get(s + 20, 4), 1);
		ck_assert_uint_eq(get(at + 4, 4) - get(at, 4), sizeof(disk));
		ck_assert_mem_eq(hv_load.ram + get(at, 4), disk, sizeof(disk));
	}
}
END_TEST

START_TEST(the_scenario_chooses)
{
	image.type = SCENARIO_KERNEL_ELF_MULTIBOOT;
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(hv_load.regs.rip, ENTRY);
	image.type = SCENARIO_KERNEL_ELF_PVH;
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(hv_load.regs.rip, PVH_ENTRY);
	hv_load.cfg.kernel.entry_addr = PADDR + 4;
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(hv_load.regs.rip, PADDR + 4);
	make(true, false, true);
	image.type = SCENARIO_KERNEL_ELF_PVH;
	ck_assert_int_eq(load(), -ENOEXEC);
	make(true, true, false);
	image.type = SCENARIO_KERNEL_ELF_MULTIBOOT;
	ck_assert_int_eq(load(), -ENOEXEC);
	make(true, false, false);
	ck_assert_int_eq(load(), -ENOEXEC);
}
END_TEST

/* Every length: an error, or a kernel that is whole (the segment's last byte is not the file's last). */
START_TEST(truncated)
{
	uint32_t n;

	for (n = 0; n < SIZE; n += n < 0x340 ? 1 : 61) {
		make(_i, true, true);
		file = realloc(file, n ? n : 1);
		image.kernel = file;
		image.kernel_size = n;
		if (n >= CODE_AT + CODE_SIZE)
			ck_assert_int_eq(load(), 0);
		else
			ck_assert_msg(load() == -ENOEXEC, "%u bytes", n);
	}
}
END_TEST

static void expect_bad(uint32_t at, uint64_t v, unsigned int n, int err)
{
	unsigned int regs = hv_load.nr_regs;

	make(true, true, true);
	put(at, v, n);
	ck_assert_msg(load() == err, "offset %x = %lx", at, (unsigned long)v);
	ck_assert_uint_eq(hv_load.nr_regs, regs);
}

START_TEST(hostile_header)
{
	expect_bad(4, 3, 1, -ENOEXEC);		/* class */
	expect_bad(4, 0, 1, -ENOEXEC);
	expect_bad(5, 2, 1, -ENOEXEC);		/* big endian */
	expect_bad(16, ET_DYN, 2, -ENOEXEC);
	expect_bad(18, EM_ARM, 2, -ENOEXEC);
	expect_bad(32, SIZE - 111, 8, -ENOEXEC);	/* phoff */
	expect_bad(32, ~0ul - 50, 8, -ENOEXEC);
	expect_bad(54, 32, 2, -ENOEXEC);	/* phentsize */
	expect_bad(54, 0, 2, -ENOEXEC);
	expect_bad(56, 0, 2, -ENOEXEC);		/* phnum */
	expect_bad(56, 65, 2, -ENOEXEC);
	expect_bad(56, 0xffff, 2, -ENOEXEC);
}
END_TEST

START_TEST(hostile_segments)
{
	uint32_t p = 64;

	expect_bad(p, PT_NOTE, 4, -ENOEXEC);		/* nothing to load */
	expect_bad(p + 8, SIZE, 8, -ENOEXEC);		/* offset */
	expect_bad(p + 8, ~0ul - 8, 8, -ENOEXEC);
	expect_bad(p + 32, SIZE, 8, -ENOEXEC);		/* filesz */
	expect_bad(p + 32, ~0ul, 8, -ENOEXEC);
	expect_bad(p + 32, MEMSZ + 1, 8, -ENOEXEC);
	expect_bad(p + 40, CODE_SIZE - 1, 8, -ENOEXEC);	/* memsz < filesz */
	expect_bad(p + 40, 0, 8, -ENOEXEC);
	expect_bad(p + 40, ~0ul, 8, -ENOEXEC);
	expect_bad(p + 40, HV_LOAD_RAM, 8, -ENOMEM);
	expect_bad(p + 24, ~0ul - 0x800, 8, -ENOEXEC);	/* paddr */
	expect_bad(p + 24, 1ul << 32, 8, -ENOEXEC);
	expect_bad(p + 24, HV_LOAD_RAM - 0x1000, 8, -ENOMEM);
	expect_bad(p + 24, 0, 8, -ENOMEM);		/* page 0 */
	expect_bad(p + 24, 0x9f000, 8, -ENOMEM);	/* over the firmware area */
	expect_bad(p + 24, 0xf2000, 8, -ENOMEM);	/* over the ACPI tables */
}
END_TEST

/* A second segment whose end wraps around makes the sum look small: refused before anything of it is written. */
START_TEST(segments_that_wrap)
{
	make(true, true, true);
	put(64 + 56, PT_LOAD, 4);
	put(64 + 56 + 24, ~0ul - 0xfff, 8);
	put(64 + 56 + 40, 0x2000, 8);
	ck_assert_int_lt(load(), 0);
	ck_assert_uint_eq(hv_load.nr_regs, 0);
}
END_TEST

/* Notes that reach over their segment or the file give no entry; here that leaves multiboot. */
START_TEST(hostile_notes)
{
	static const struct { uint32_t at; uint64_t v; unsigned int n; } bad[] = {
		{ NOTE_AT, 0xffffffff, 4 }, { NOTE_AT, 8, 4 }, { NOTE_AT + 4, 0xffffffff, 4 }, { NOTE_AT + 4, 0, 4 },
		{ NOTE_AT + 4, 8, 4 }, { NOTE_AT + 8, 17, 4 }, { NOTE_AT + 12, 'Y', 1 }, { 64 + 56 + 8, SIZE - 4, 8 },
		{ 64 + 56 + 8, ~0ul, 8 }, { 64 + 56 + 32, ~0ul, 8 }, { 64 + 56 + 32, 11, 8 }, { 64 + 56 + 32, 16, 8 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make(true, true, true);
		put(bad[i].at, bad[i].v, bad[i].n);
		ck_assert_int_eq(load(), 0);
		ck_assert_msg(hv_load.regs.rip == ENTRY, "case %u", i);
	}
}
END_TEST

/* The right note may stand behind others; an 8-byte descriptor is taken whole. */
START_TEST(a_note_behind_another)
{
	make(true, true, false);
	memmove(file + NOTE_AT + 24, file + NOTE_AT, 20);
	put(NOTE_AT, 3, 4);
	put(NOTE_AT + 4, 5, 4);
	put(NOTE_AT + 8, 1, 4);
	put(64 + 56 + 32, 48, 8);
	put(NOTE_AT + 24 + 4, 8, 4);
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(hv_load.regs.rip, PVH_ENTRY);
}
END_TEST

/* The entry has 32 bits: VM entry would fail beyond (26.3.1.4), so it is said at once. */
START_TEST(entries_beyond_4_gb)
{
	make(true, true, false);
	put(64 + 56 + 32, 24, 8);
	put(NOTE_AT + 4, 8, 4);
	put(NOTE_AT + 20, 1, 4);
	ck_assert_int_eq(load(), -ENOEXEC);
	make(true, false, true);
	put(24, 0xffffffff81000000, 8);
	ck_assert_int_eq(load(), -ENOEXEC);
	ck_assert_uint_eq(hv_load.nr_regs, 0);
}
END_TEST

START_TEST(multiboot_header_must_be_whole_and_near)
{
	make(true, false, true);
	put(MB_AT + 8, 0, 4);
	ck_assert_int_eq(load(), -ENOEXEC);
	make(true, false, false);
	memmove(file + 0x2000, "\2\260\255\33\0\0\0\0\376\117\122\344", 12);
	ck_assert_int_eq(load(), -ENOEXEC);
	make(true, false, false);
	memmove(file + 0x2000 - 12, "\2\260\255\33\0\0\0\0\376\117\122\344", 12);
	ck_assert_int_eq(load(), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("load_elf");
	TCase *c = tcase_create("load_elf");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, pvh, 0, 4);
	tcase_add_loop_test(c, multiboot, 0, 4);
	tcase_add_test(c, the_scenario_chooses);
	tcase_add_loop_test(c, truncated, 0, 2);
	tcase_add_test(c, hostile_header);
	tcase_add_test(c, hostile_segments);
	tcase_add_test(c, segments_that_wrap);
	tcase_add_test(c, hostile_notes);
	tcase_add_test(c, a_note_behind_another);
	tcase_add_test(c, entries_beyond_4_gb);
	tcase_add_test(c, multiboot_header_must_be_whole_and_near);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
