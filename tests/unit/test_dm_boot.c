/* SPDX-License-Identifier: BSD-3-Clause */
/* The loaders: good kernels of each kind, and files made to hurt. */
/* unit: devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/log.c devicemodel/core/irq.c devicemodel/core/mem.c tests/fake/dm_vm.c tests/fake/dm_hsm.c devicemodel/boot/bzimage.c devicemodel/boot/elf.c devicemodel/boot/load.c devicemodel/boot/file.c devicemodel/boot/e820.c devicemodel/boot/acpi.c devicemodel/boot/aml.c devicemodel/boot/dsdt.c devicemodel/pci/bus.c devicemodel/pci/cfg.c devicemodel/pci/msix.c devicemodel/platform/uart.c tests/fake/dm_chr.c tests/fake/dm_file.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
#include <check.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/e820.h"
#include "boot/load.h"
#include "core/layout.h"
#include "dm_file.h"
#include "dm_vm.h"
#include "pci/bus.h"
#include "public/vm.h"

#define MEMORY		(64u << 20)
#define ZERO_PAGE	(MEMORY - 0x1000)
#define KERNEL_SIZE	8192u

static struct vm vm;
static struct acrn_vcpu_regs regs;
static uint8_t kernel[KERNEL_SIZE];

static void setup(void)
{
	fake_vm_open(&vm, MEMORY, 2);
	ck_assert_int_eq(pci_bus_open(&vm), 0);
	fake_bzimage(kernel, sizeof(kernel));
}

static void teardown(void)
{
	pci_bus_close(&vm);
	fake_vm_close(&vm);
}

static int load(const void *image, size_t len)
{
	config_set(&vm.config, "boot.kernel", fake_file(0, image, len));
	return boot_load(&vm, &regs);
}

static uint8_t *guest(uint64_t gpa)
{
	return mem_ptr(&vm, gpa, 4096);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static void put32(void *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

START_TEST(bzimage_boots)
{
	const uint8_t *zp = guest(ZERO_PAGE);
	uint8_t initrd[5000];
	uint64_t rsdp;

	memset(initrd, 0x33, sizeof(initrd));
	config_set(&vm.config, "boot.ramdisk", fake_file(1, initrd, sizeof(initrd)));
	config_set(&vm.config, "boot.args", "console=ttyS0");
	ck_assert_int_eq(load(kernel, sizeof(kernel)), 0);
	ck_assert_uint_eq(regs.vcpu_regs.rip, 0x1000000);
	ck_assert_uint_eq(regs.vcpu_regs.gprs.rsi, ZERO_PAGE);
	ck_assert_uint_eq(regs.vcpu_regs.cs_ar, 0xC09B);
	ck_assert_uint_eq(regs.vcpu_regs.cs_sel, 0x10);
	ck_assert_uint_eq(guest(0x1000000)[0], 0x90);
	ck_assert_uint_eq(guest(0x1000000)[KERNEL_SIZE - 1024], 0);
	ck_assert_uint_eq(get32(zp + 0x202), 0x53726448);
	ck_assert_uint_eq(zp[0x210], 0xFF);
	ck_assert_str_eq((char *)guest(get32(zp + 0x228)), "console=ttyS0");
	ck_assert_uint_eq(get32(zp + 0x21C), sizeof(initrd));
	ck_assert_uint_eq(get32(zp + 0x218) % 4096, 0);
	ck_assert(memcmp(mem_ptr(&vm, get32(zp + 0x218), sizeof(initrd)), initrd, sizeof(initrd)) == 0);
	memcpy(&rsdp, zp + 0x70, 8);
	ck_assert_uint_eq(rsdp, LAYOUT_ACPI_BASE);
	ck_assert_uint_eq(zp[0x1E8], 4);
}
END_TEST

START_TEST(fixed_kernels_go_where_they_want)
{
	kernel[0x234] = 0;
	put32(kernel + 0x258, 0x200000);
	ck_assert_int_eq(load(kernel, sizeof(kernel)), 0);
	ck_assert_uint_eq(regs.vcpu_regs.rip, 0x200000);
}
END_TEST

/* One field of a good header is spoilt. */
static const struct { unsigned int at, len; uint64_t value; } spoil[] = {
	{ 0x1FE, 2, 0 },			/* boot flag */
	{ 0x202, 4, 0 },			/* HdrS */
	{ 0x206, 2, 0x0209 },			/* old protocol */
	{ 0x211, 1, 0 },			/* zImage */
	{ 0x1F1, 1, 255 },			/* setup longer than the file */
	{ 0x1F1, 1, 15 },			/* setup as long as the file */
	{ 0x230, 4, 0 }, { 0x230, 4, 3 }, { 0x230, 4, 0x80000000 },	/* alignment */
	{ 0x230, 4, 0x40000000 },		/* beyond memory */
	{ 0x260, 4, 0xFFFFFFFF }, { 0x260, 4, MEMORY },	/* init_size */
};

START_TEST(bzimage_spoilt)
{
	memcpy(kernel + spoil[_i].at, &spoil[_i].value, spoil[_i].len);
	ck_assert_int_lt(load(kernel, sizeof(kernel)), 0);
}
END_TEST

static const uint64_t fixed[] = { 0, 0xFFFFF, MEMORY, MEMORY - 0x3000, 1ull << 32, UINT64_MAX, UINT64_MAX - 0x1000 };

START_TEST(bzimage_fixed_nowhere)
{
	kernel[0x234] = 0;
	memcpy(kernel + 0x258, &fixed[_i], 8);
	ck_assert_int_lt(load(kernel, sizeof(kernel)), 0);
}
END_TEST

/* Every truncation and every single byte changed: any result, but no crash and nothing written astray. */
START_TEST(bzimage_truncated_and_mutated)
{
	for (size_t len = 1; len < 2048; len += 7)
		load(kernel, len);
	for (unsigned int at = 0x1F1; at < 0x280; at++)
		for (unsigned int value = 0; value < 256; value += 51) {
			uint8_t old = kernel[at];

			kernel[at] = value;
			load(kernel, sizeof(kernel));
			kernel[at] = old;
		}
	ck_assert_int_eq(load(kernel, sizeof(kernel)), 0);
}
END_TEST

START_TEST(short_header_is_not_overread)
{
	kernel[0x201] = 0xFF;			/* claims a header beyond what is read */
	ck_assert_int_eq(load(kernel, sizeof(kernel)), 0);
	ck_assert_uint_eq(guest(ZERO_PAGE)[0x280], 0);
}
END_TEST

START_TEST(command_line_limits)
{
	char args[4096];

	memset(args, 'a', sizeof(args));
	args[2047] = 0;
	config_set(&vm.config, "boot.args", args);
	ck_assert_int_eq(load(kernel, sizeof(kernel)), 0);
	args[2047] = 'a';
	args[2048] = 0;
	config_set(&vm.config, "boot.args", args);
	ck_assert_int_eq(load(kernel, sizeof(kernel)), -E2BIG);
	put32(kernel + 0x238, 0xFFFFFFFF);
	args[2048] = 'a';
	args[4095] = 0;
	config_set(&vm.config, "boot.args", args);
	ck_assert_int_eq(load(kernel, sizeof(kernel)), 0);
}
END_TEST

START_TEST(ramdisks_that_do_not_fit)
{
	size_t len = 50u << 20;
	uint8_t *big = calloc(1, len);

	config_set(&vm.config, "boot.ramdisk", fake_file(1, big, len));
	ck_assert_int_eq(load(kernel, sizeof(kernel)), -ENOSPC);	/* onto the kernel */
	put32(kernel + 0x22C, 0x00FFFFFF);				/* initrd_addr_max: 16 MB */
	ck_assert_int_eq(load(kernel, sizeof(kernel)), -ENOSPC);
	config_set(&vm.config, "boot.ramdisk", fake_file(1, big, 0));
	ck_assert_int_eq(load(kernel, sizeof(kernel)), -ENODATA);
	config_set(&vm.config, "boot.ramdisk", "/proc");
	ck_assert_int_eq(load(kernel, sizeof(kernel)), -EINVAL);
	free(big);
}
END_TEST

START_TEST(no_kernel)
{
	config_set(&vm.config, "boot.kernel", "/nonexistent/kernel");
	ck_assert_int_eq(boot_load(&vm, &regs), -ENOENT);
	ck_assert_int_eq(load("x", 1), -ENOEXEC);
	ck_assert_int_eq(load("\177ELF", 4), -ENOEXEC);
}
END_TEST

/* An ELF64 file: header, two program headers, a note with a PVH entry, code at 0x300. */
struct elf_file {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	Elf64_Nhdr nh;
	char name[4];
	uint32_t entry;
	uint8_t pad[0x300 - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr) - sizeof(Elf64_Nhdr) - 8];
	uint8_t code[256];
};

static struct elf_file elf;

static void make_elf(void)
{
	elf = (struct elf_file){
		.eh = { .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1, .e_entry = 0xFFFFFFFF81000010,
			.e_phoff = offsetof(struct elf_file, ph), .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 },
		.ph = { { .p_type = PT_LOAD, .p_offset = 0x300, .p_vaddr = 0xFFFFFFFF81000000, .p_paddr = 0x1000000,
			  .p_filesz = 256, .p_memsz = 0x10000 },
			{ .p_type = PT_NOTE, .p_offset = offsetof(struct elf_file, nh), .p_filesz = 20 } },
		.nh = { .n_namesz = 4, .n_descsz = 4, .n_type = 18 },
		.name = "Xen",
		.entry = 0x1000040,
	};
	memcpy(elf.eh.e_ident, ELFMAG "\2\1\1", 7);
	memset(elf.code, 0xCC, sizeof(elf.code));
}

START_TEST(pvh_boots)
{
	const uint8_t *info = guest(ZERO_PAGE);

	make_elf();
	config_set(&vm.config, "boot.args", "quiet");
	memset(guest(0x1000000), 0xFF, 4096);
	ck_assert_int_eq(load(&elf, sizeof(elf)), 0);
	ck_assert_uint_eq(regs.vcpu_regs.rip, 0x1000040);
	ck_assert_uint_eq(regs.vcpu_regs.gprs.rbx, ZERO_PAGE);
	ck_assert_uint_eq(guest(0x1000000)[255], 0xCC);
	ck_assert_uint_eq(guest(0x1000000)[256], 0);		/* bss is cleared */
	ck_assert_uint_eq(get32(info), 0x336EC578);
	ck_assert_uint_eq(get32(info + 4), 1);
	ck_assert_uint_eq(get32(info + 12), 0);
	ck_assert_str_eq((char *)guest(get32(info + 24)), "quiet");
	ck_assert_uint_eq(get32(info + 32), LAYOUT_ACPI_BASE);
	ck_assert_uint_eq(get32(info + 48), 4);
}
END_TEST

START_TEST(multiboot_boots)
{
	const uint8_t *info = guest(ZERO_PAGE);
	const uint32_t header[3] = { 0x1BADB002, 3, -(0x1BADB002 + 3) };
	uint8_t module[100] = { 7 };

	make_elf();
	memcpy(elf.code + 32, header, sizeof(header));
	config_set(&vm.config, "boot.ramdisk", fake_file(1, module, sizeof(module)));
	ck_assert_int_eq(load(&elf, sizeof(elf)), 0);
	ck_assert_uint_eq(regs.vcpu_regs.rip, 0x1000010);	/* the virtual entry made physical */
	ck_assert_uint_eq(regs.vcpu_regs.gprs.rax, 0x2BADB002);
	ck_assert_uint_eq(get32(info) & 0x24D, 0x24D);
	ck_assert_uint_eq(get32(info + 20), 1);
	ck_assert_uint_eq(get32(mem_ptr(&vm, get32(mem_ptr(&vm, get32(info + 24), 4)), 4)), 7);
	elf.code[36] = 0x07;
	put32(elf.code + 40, -(0x1BADB002 + 0x07));
	ck_assert_int_eq(load(&elf, sizeof(elf)), 0);
	elf.code[36] = 0x10;					/* a mandatory flag nobody knows */
	put32(elf.code + 40, -(0x1BADB002 + 0x10));
	ck_assert_int_eq(load(&elf, sizeof(elf)), -ENOEXEC);
}
END_TEST

START_TEST(elf_without_a_way_to_start)
{
	make_elf();
	elf.name[0] = 'Y';
	ck_assert_int_eq(load(&elf, sizeof(elf)), -ENOEXEC);
	make_elf();
	elf.ph[0].p_type = PT_NULL;
	ck_assert_int_eq(load(&elf, sizeof(elf)), -ENOEXEC);
	make_elf();
	elf.entry = 0xF0000000;
	ck_assert_int_eq(load(&elf, sizeof(elf)), -ENOEXEC);
}
END_TEST

static const struct { size_t at, len; uint64_t value; } spoil_elf[] = {
	{ offsetof(struct elf_file, eh.e_type), 2, ET_DYN },
	{ offsetof(struct elf_file, eh.e_machine), 2, EM_386 },
	{ offsetof(struct elf_file, eh.e_ident) + EI_DATA, 1, ELFDATA2MSB },
	{ offsetof(struct elf_file, eh.e_ident) + EI_CLASS, 1, ELFCLASS32 },
	{ offsetof(struct elf_file, eh.e_phnum), 2, 0 },
	{ offsetof(struct elf_file, eh.e_phnum), 2, 65 },
	{ offsetof(struct elf_file, eh.e_phentsize), 2, 1 },
	{ offsetof(struct elf_file, eh.e_phoff), 8, UINT64_MAX },
	{ offsetof(struct elf_file, eh.e_phoff), 8, sizeof(struct elf_file) - 8 },
	{ offsetof(struct elf_file, ph[0].p_filesz), 8, 257 },
	{ offsetof(struct elf_file, ph[0].p_filesz), 8, UINT64_MAX },
	{ offsetof(struct elf_file, ph[0].p_memsz), 8, 255 },
	{ offsetof(struct elf_file, ph[0].p_memsz), 8, MEMORY },
	{ offsetof(struct elf_file, ph[0].p_memsz), 8, UINT64_MAX },
	{ offsetof(struct elf_file, ph[0].p_offset), 8, UINT64_MAX },
	{ offsetof(struct elf_file, ph[0].p_paddr), 8, UINT64_MAX },
	{ offsetof(struct elf_file, ph[0].p_paddr), 8, MEMORY - 0x3000 },
	{ offsetof(struct elf_file, ph[0].p_paddr), 8, LAYOUT_ACPI_BASE },
	{ offsetof(struct elf_file, ph[1].p_offset), 8, UINT64_MAX },
	{ offsetof(struct elf_file, ph[1].p_filesz), 8, 1 << 20 },
	{ offsetof(struct elf_file, nh.n_namesz), 4, UINT32_MAX },
	{ offsetof(struct elf_file, nh.n_descsz), 4, UINT32_MAX },
	{ offsetof(struct elf_file, nh.n_descsz), 4, 16 },
};

START_TEST(elf_spoilt)
{
	make_elf();
	memcpy((uint8_t *)&elf + spoil_elf[_i].at, &spoil_elf[_i].value, spoil_elf[_i].len);
	ck_assert_int_lt(load(&elf, sizeof(elf)), 0);
}
END_TEST

START_TEST(elf_truncated_and_mutated)
{
	make_elf();
	for (size_t len = 4; len < sizeof(elf); len += 3)
		ck_assert_int_lt(load(&elf, len), 0);
	for (size_t at = 4; at < offsetof(struct elf_file, pad); at++)
		for (unsigned int value = 0; value < 256; value += 51) {
			uint8_t *p = (uint8_t *)&elf + at, old = *p;

			*p = value;
			load(&elf, sizeof(elf));
			*p = old;
		}
	ck_assert_int_eq(load(&elf, sizeof(elf)), 0);
}
END_TEST

START_TEST(elf32_boots)
{
	struct {
		Elf32_Ehdr eh;
		Elf32_Phdr ph;
		uint32_t header[3];
		uint8_t code[64];
	} e = {
		.eh = { .e_type = ET_EXEC, .e_machine = EM_386, .e_entry = 0x100010, .e_phoff = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1 },
		.ph = { .p_type = PT_LOAD, .p_vaddr = 0x100000, .p_paddr = 0x100000, .p_memsz = 64 },
		.header = { 0x1BADB002, 0, -0x1BADB002 },
	};

	memcpy(e.eh.e_ident, ELFMAG "\1\1\1", 7);
	e.ph.p_offset = (uint8_t *)e.code - (uint8_t *)&e;
	e.ph.p_filesz = 64;
	ck_assert_int_eq(load(&e, sizeof(e)), 0);
	ck_assert_uint_eq(regs.vcpu_regs.rip, 0x100010);
}
END_TEST

START_TEST(memory_map_is_sorted)
{
	struct mem mem = { .lowmem_size = 2ull << 30, .highmem_size = 1ull << 30 };
	struct e820_entry map[E820_MAX];
	unsigned int n = e820_build(&mem, map);

	ck_assert_uint_eq(n, 5);
	for (unsigned int i = 1; i < n; i++)
		ck_assert_uint_le(map[i - 1].addr + map[i - 1].size, map[i].addr);
	ck_assert_uint_eq(map[2].addr + map[2].size, 2ull << 30);
	ck_assert_uint_eq(map[4].addr, 4ull << 30);
	ck_assert_uint_eq(map[4].size, 1ull << 30);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dm_boot");
	TCase *tc = tcase_create("boot");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, bzimage_boots);
	tcase_add_test(tc, fixed_kernels_go_where_they_want);
	tcase_add_loop_test(tc, bzimage_spoilt, 0, sizeof(spoil) / sizeof(spoil[0]));
	tcase_add_loop_test(tc, bzimage_fixed_nowhere, 0, sizeof(fixed) / sizeof(fixed[0]));
	tcase_add_test(tc, bzimage_truncated_and_mutated);
	tcase_add_test(tc, short_header_is_not_overread);
	tcase_add_test(tc, command_line_limits);
	tcase_add_test(tc, ramdisks_that_do_not_fit);
	tcase_add_test(tc, no_kernel);
	tcase_add_test(tc, pvh_boots);
	tcase_add_test(tc, multiboot_boots);
	tcase_add_test(tc, elf_without_a_way_to_start);
	tcase_add_loop_test(tc, elf_spoilt, 0, sizeof(spoil_elf) / sizeof(spoil_elf[0]));
	tcase_add_test(tc, elf_truncated_and_mutated);
	tcase_add_test(tc, elf32_boots);
	tcase_add_test(tc, memory_map_is_sorted);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
