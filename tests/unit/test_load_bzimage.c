/* SPDX-License-Identifier: BSD-3-Clause */
/* bzImage kernels: a good one's registers and zero page; truncated and hostile headers, field by field. */
/* unit: hypervisor/machine/load.c hypervisor/machine/load_bzimage.c hypervisor/machine/load_elf.c hypervisor/machine/guest_acpi.c hypervisor/machine/acpi_write.c hypervisor/mm/e820.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/hv_string.c tests/fake/hv_load.c tests/fake/vm_mem.c tests/fake/vm_vm.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "hv_load.h"
#include "lib/errno.h"
#include <string.h>
#include "x86/cr.h"

/* Offsets of the boot protocol. */
enum {
	SETUP_SECTS = 0x1f1, SYSSIZE = 0x1f4, BOOT_FLAG = 0x1fe, HEADER = 0x202, VERSION = 0x206, LOADFLAGS = 0x211,
	CODE32 = 0x214, RAMDISK = 0x218, RAMDISK_SIZE = 0x21c, CMDLINE = 0x228, INITRD_MAX = 0x22c, ALIGNMENT = 0x230,
	RELOCATABLE = 0x234, SETUP_DATA = 0x250, PREF = 0x258, INIT_SIZE = 0x260,
};

#define SETUP		(3u * 512)	/* two setup sectors */
#define PAYLOAD		0x3000u
#define SIZE		(SETUP + PAYLOAD)
#define PREF_ADDRESS	0x1000000ul

static uint8_t *file;	/* exactly as long as the image, so that the sanitizer sees one byte too many */
static struct load_image image;

static void put(uint32_t at, uint64_t v, unsigned int n) { memcpy(file + at, &v, n); }

static void make(uint32_t size)
{
	uint32_t i;

	free(file);
	file = calloc(1, SIZE);
	put(SETUP_SECTS, 2, 1);
	put(SYSSIZE, PAYLOAD / 16, 4);
	put(BOOT_FLAG, 0xaa55, 2);
	put(HEADER, 0x53726448, 4);
	put(VERSION, 0x20f, 2);
	put(LOADFLAGS, 1, 1);
	put(INITRD_MAX, 0x7fffffff, 4);
	put(ALIGNMENT, 0x200000, 4);
	put(RELOCATABLE, 1, 1);
	put(PREF, PREF_ADDRESS, 8);
	put(INIT_SIZE, 0x8000, 4);
	put(SETUP_DATA, 0x1234, 8);
	for (i = SETUP; i < SIZE; i++)
		file[i] = (uint8_t)(i * 7);
	file = realloc(file, size ? size : 1);
	image = (struct load_image){ .kernel = file, .kernel_size = size, .cmdline = "console=ttyS0 quiet" };
}

static void setup(void)
{
	hv_load_make();
	make(SIZE);
}

static void teardown(void)
{
	free(file);
	file = NULL;
	hv_load_free();
}

static int load(void) { return load_kernel(hv_load.vm, &image); }
static uint64_t get(uint64_t at, unsigned int n) { uint64_t v = 0; memcpy(&v, hv_load.ram + at, n); return v; }
static uint64_t zero_page(void) { return hv_load.regs.gprs.rsi; }

START_TEST(a_good_image)
{
	const struct acrn_regs *r = &hv_load.regs;
	uint64_t z, gdt[4];

	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(hv_load.nr_regs, 1);
	ck_assert_uint_eq(r->rip, PREF_ADDRESS);
	ck_assert_uint_eq(r->cr0 & (CR0_PE | CR0_PG), CR0_PE);
	ck_assert_uint_eq(r->ia32_efer | r->cr4 | r->cr3, 0);
	ck_assert_uint_eq(r->rflags & RFLAGS_IF, 0);
	ck_assert_uint_eq(r->gprs.rbp | r->gprs.rdi | r->gprs.rbx, 0);
	ck_assert_uint_eq(r->cs_sel, 0x10);
	ck_assert_uint_eq(r->ds_sel, 0x18);
	ck_assert_mem_eq(hv_load.ram + PREF_ADDRESS, file + SETUP, PAYLOAD);
	z = zero_page();
	ck_assert_uint_lt(z, 0xa0000);
	ck_assert_uint_ge(z, 0x1000);
	/* The boot protocol wants all of the zero page but the header cleared. */
	ck_assert_uint_eq(get(z, 8) | get(z + 0x1e0, 8), 0);
	ck_assert_uint_eq(get(z + 0x70, 8), 0xf2400);
	ck_assert_uint_eq(get(z + 0x210, 1), 0xff);
	ck_assert_uint_eq(get(z + CODE32, 4), PREF_ADDRESS);
	ck_assert_uint_eq(get(z + RAMDISK, 4) | get(z + RAMDISK_SIZE, 4), 0);
	ck_assert_uint_eq(get(z + SETUP_DATA, 8), 0);
	ck_assert_str_eq((char *)hv_load.ram + get(z + CMDLINE, 4), image.cmdline);
	memcpy(gdt, hv_load.ram + r->gdt.base, sizeof(gdt));
	ck_assert_uint_eq(gdt[2], 0x00cf9b000000ffff);
	ck_assert_uint_eq(gdt[3], 0x00cf93000000ffff);
	ck_assert_uint_eq(r->gdt.limit, 31);
}
END_TEST

/* Entries are 20 bytes; the map is the VM's whole memory, and the firmware area is not RAM. */
START_TEST(the_memory_map)
{
	uint64_t z, at, total = 0;
	unsigned int i;

	ck_assert_int_eq(load(), 0);
	z = zero_page();
	ck_assert_uint_ge(get(z + 0x1e8, 1), 3);
	for (i = 0; i < get(z + 0x1e8, 1); i++) {
		at = z + 0x2d0 + 20 * i;
		total += get(at + 8, 8);
		if (get(at + 16, 4) == E820_RAM)
			ck_assert(get(at, 8) + get(at + 8, 8) <= 0xa0000 || get(at, 8) >= 0x100000);
	}
	ck_assert_uint_eq(total, HV_LOAD_RAM);
}
END_TEST

START_TEST(a_ramdisk)
{
	static const uint8_t disk[5000] = { 1, 2, 3, [4999] = 9 };
	uint64_t at;

	image.ramdisk = disk;
	image.ramdisk_size = sizeof(disk);
	put(INITRD_MAX, 0x17fffff, 4);
	ck_assert_int_eq(load(), 0);
	at = get(zero_page() + RAMDISK, 4);
	ck_assert_uint_eq(get(zero_page() + RAMDISK_SIZE, 4), sizeof(disk));
	ck_assert_uint_eq(at % 4096, 0);
	ck_assert_uint_le(at + sizeof(disk), 0x1800000);
	ck_assert_mem_eq(hv_load.ram + at, disk, sizeof(disk));
	ck_assert_mem_eq(hv_load.ram + PREF_ADDRESS, file + SETUP, PAYLOAD);
}
END_TEST

START_TEST(a_ramdisk_that_does_not_fit)
{
	uint8_t *disk = calloc(1, 20ul << 20);

	image.ramdisk = disk;
	image.ramdisk_size = 20ul << 20;
	put(INIT_SIZE, 14u << 20, 4);
	ck_assert_int_eq(load(), -ENOMEM);
	ck_assert_uint_eq(hv_load.nr_regs, 0);
	free(disk);
}
END_TEST

/* Its place taken (by the VM's memory ending there): a relocatable kernel goes elsewhere, aligned; another is refused. */
START_TEST(relocation)
{
	put(PREF, HV_LOAD_RAM - 0x1000, 8);
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(hv_load.regs.rip % 0x200000, 0);
	ck_assert_uint_ge(hv_load.regs.rip, 0x100000);
	ck_assert_uint_eq(get(zero_page() + CODE32, 4), hv_load.regs.rip);
	ck_assert_mem_eq(hv_load.ram + hv_load.regs.rip, file + SETUP, PAYLOAD);
	put(RELOCATABLE, 0, 1);
	ck_assert_int_lt(load(), 0);
	ck_assert_uint_eq(hv_load.nr_regs, 1);
}
END_TEST

START_TEST(addresses_of_the_scenario)
{
	hv_load.cfg.kernel.load_addr = 0x800000;
	hv_load.cfg.kernel.entry_addr = 0x800200;
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(hv_load.regs.rip, 0x800200);
	ck_assert_mem_eq(hv_load.ram + 0x800000, file + SETUP, PAYLOAD);
}
END_TEST

/* RIP has 32 bits in protected mode: a kernel that wants to be beyond them must not get there (26.3.1.4). */
START_TEST(beyond_4_gb)
{
	hv_load.vm->load_order = SCENARIO_SERVICE;
	host_e820 = (struct e820_map){ 0 };
	ck_assert_int_eq(e820_add(&host_e820, 0x1000, HV_LOAD_RAM - 0x1000, E820_RAM), 0);
	ck_assert_int_eq(e820_add(&host_e820, 1ull << 32, 1ull << 30, E820_RAM), 0);
	put(PREF, 1ull << 32, 8);
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_lt(hv_load.regs.rip, HV_LOAD_RAM);
	put(RELOCATABLE, 0, 1);
	ck_assert_int_lt(load(), 0);
	host_e820 = (struct e820_map){ 0 };
}
END_TEST

/* What hangs behind the kernel proper (a signature) is not loaded over whatever lies behind its place. */
START_TEST(nothing_beyond_init_size_is_written)
{
	uint64_t i;

	put(SYSSIZE, 0x1000 / 16, 4);
	put(INIT_SIZE, 0x1000, 4);
	ck_assert_int_eq(load(), 0);
	ck_assert_mem_eq(hv_load.ram + PREF_ADDRESS, file + SETUP, 0x1000);
	for (i = 0x1000; i < PAYLOAD; i++)
		ck_assert_uint_eq(hv_load.ram[PREF_ADDRESS + i], 0xa5);
}
END_TEST

START_TEST(a_kernel_larger_than_its_init_size)
{
	put(INIT_SIZE, 0x2000, 4);
	ck_assert_int_eq(load(), -ENOEXEC);
}
END_TEST

/* Every length up to the whole file: refused, or whole. */
START_TEST(truncated)
{
	uint32_t n;

	for (n = 0; n < SIZE; n += n < 0x280 || n > SIZE - 40 ? 1 : 97) {
		make(SIZE);
		file = realloc(file, n ? n : 1);
		image.kernel = file;
		image.kernel_size = n;
		ck_assert_msg(load() == (n > SIZE - 16 ? 0 : -ENOEXEC), "%u bytes of %u", n, SIZE);
	}
}
END_TEST

START_TEST(hostile_fields)
{
	static const struct { uint32_t at; unsigned int size; uint64_t value; int err; } bad[] = {
		{ BOOT_FLAG, 2, 0, -ENOEXEC }, { HEADER, 4, 0, -ENOEXEC }, { VERSION, 2, 0x209, -ENOEXEC },
		{ LOADFLAGS, 1, 0, -ENOEXEC }, { SETUP_SECTS, 1, 255, -ENOEXEC }, { SETUP_SECTS, 1, 26, -ENOEXEC },
		{ SYSSIZE, 4, 0xffffffff, -ENOEXEC }, { SYSSIZE, 4, PAYLOAD / 16 + 1, -ENOEXEC }, { SYSSIZE, 4, 0, -ENOEXEC },
		{ ALIGNMENT, 4, 0, -ENOEXEC }, { ALIGNMENT, 4, 0x300000, -ENOEXEC }, { INIT_SIZE, 4, 0, -ENOEXEC },
		{ INIT_SIZE, 4, 0xffffffff, -ENOMEM }, { INIT_SIZE, 4, HV_LOAD_RAM, -ENOMEM },
		{ PREF, 8, ~0ull, 0 }, { PREF, 8, 0, 0 }, { PREF, 8, 0xf0000, 0 }, { PREF, 8, 1ull << 40, 0 },
		{ ALIGNMENT, 4, 0x80000000, 0 }, { INITRD_MAX, 4, 0, 0 }, { INITRD_MAX, 4, 0xffffffff, 0 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make(SIZE);
		put(bad[i].at, bad[i].value, bad[i].size);
		ck_assert_msg(load() == bad[i].err, "field %x = %lx", bad[i].at, (unsigned long)bad[i].value);
	}
}
END_TEST

START_TEST(a_long_command_line)
{
	char text[4000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	image.cmdline = text;
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(strlen((char *)hv_load.ram + get(zero_page() + CMDLINE, 4)), 2047);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("load_bzimage");
	TCase *c = tcase_create("load_bzimage");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_good_image);
	tcase_add_test(c, the_memory_map);
	tcase_add_test(c, a_ramdisk);
	tcase_add_test(c, a_ramdisk_that_does_not_fit);
	tcase_add_test(c, relocation);
	tcase_add_test(c, addresses_of_the_scenario);
	tcase_add_test(c, beyond_4_gb);
	tcase_add_test(c, nothing_beyond_init_size_is_written);
	tcase_add_test(c, a_kernel_larger_than_its_init_size);
	tcase_add_test(c, truncated);
	tcase_add_test(c, hostile_fields);
	tcase_add_test(c, a_long_command_line);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
