/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ELF executables of 32 or 64 bits. Segments go to their physical addresses; then the image is started
 * by the multiboot 1 protocol if it has that header (Multiboot Specification 0.6.96), or at the address
 * of its PVH note (Xen's docs/misc/pvh). Both enter 32-bit protected mode with EBX at an info structure.
 */
#include "boot/elf.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "boot/load.h"
#include "boot/e820.h"
#include "boot/file.h"
#include "core/layout.h"
#include "core/log.h"
#include "core/vm.h"

#define MAX_PHDRS		64u
#define MAX_NOTES_SIZE		65536u

#define MB_HEADER_MAGIC		0x1BADB002u
#define MB_LOADER_MAGIC		0x2BADB002u
#define MB_SEARCH		8192u
#define MB_FLAG_PLAIN_ADDRESS	0x00010000u	/* a.out-like load addresses follow */
#define MB_FLAGS_KNOWN		0x00010007u

#define PVH_MAGIC		0x336EC578u
#define NOTE_PHYS32_ENTRY	18u

/* The ELF header of either class, widened. */
struct image {
	const struct boot_file *file;
	bool is64;
	uint64_t entry;
	unsigned int nr_phdrs;
	Elf64_Phdr phdr[MAX_PHDRS];
};

struct mb_module {
	uint32_t start, end, string, reserved;
};

struct mb_mmap {
	uint32_t entry_size;		/* without this field */
	struct e820_entry entry;
} __attribute__((packed));

/* Multiboot information, section 3.3, up to boot_loader_name; what is behind it is ours. */
struct mb_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
	uint32_t mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
	uint32_t drives_length, drives_addr, config_table, boot_loader_name;
	struct mb_module module;
	struct mb_mmap mmap[E820_MAX];
	char name[16];
};

#define MB_INFO_MEMORY		0x001u
#define MB_INFO_CMDLINE		0x004u
#define MB_INFO_MODULES		0x008u
#define MB_INFO_MMAP		0x040u
#define MB_INFO_NAME		0x200u

struct pvh_module {
	uint64_t paddr, size, cmdline, reserved;
};

struct pvh_mmap {
	uint64_t addr, size;
	uint32_t type, reserved;
};

/* struct hvm_start_info version 1, and what it points to. */
struct pvh_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
	struct pvh_module module;
	struct pvh_mmap mmap[E820_MAX];
};

static int reject(const struct boot_file *kernel, const char *why)
{
	log_error("kernel '%s': %s", kernel->path, why);
	return -ENOEXEC;
}

static int read_phdrs32(struct image *img, const Elf32_Ehdr *eh)
{
	Elf32_Phdr phdr[MAX_PHDRS];
	int err;

	if (eh->e_phentsize != sizeof(phdr[0]) || eh->e_phnum == 0 || eh->e_phnum > MAX_PHDRS)
		return reject(img->file, "its ELF program header table is missing, too large or of odd entry size");
	err = boot_file_read(img->file, eh->e_phoff, phdr, eh->e_phnum * sizeof(phdr[0]));
	if (err)
		return err;
	img->entry = eh->e_entry;
	img->nr_phdrs = eh->e_phnum;
	for (unsigned int i = 0; i < img->nr_phdrs; i++)
		img->phdr[i] = (Elf64_Phdr){
			.p_type = phdr[i].p_type, .p_offset = phdr[i].p_offset, .p_vaddr = phdr[i].p_vaddr,
			.p_paddr = phdr[i].p_paddr, .p_filesz = phdr[i].p_filesz, .p_memsz = phdr[i].p_memsz,
		};
	return 0;
}

static int read_phdrs64(struct image *img, const Elf64_Ehdr *eh)
{
	if (eh->e_phentsize != sizeof(img->phdr[0]) || eh->e_phnum == 0 || eh->e_phnum > MAX_PHDRS)
		return reject(img->file, "its ELF program header table is missing, too large or of odd entry size");
	img->entry = eh->e_entry;
	img->nr_phdrs = eh->e_phnum;
	return boot_file_read(img->file, eh->e_phoff, img->phdr, eh->e_phnum * sizeof(img->phdr[0]));
}

static int read_headers(struct image *img)
{
	union {
		Elf32_Ehdr e32;
		Elf64_Ehdr e64;
	} eh;
	int err;

	if (img->file->size < sizeof(eh))
		return reject(img->file, "too short for an ELF executable");
	err = boot_file_read(img->file, 0, &eh, sizeof(eh));
	if (err)
		return err;
	if (memcmp(eh.e32.e_ident, ELFMAG, SELFMAG) != 0 || eh.e32.e_ident[EI_DATA] != ELFDATA2LSB)
		return reject(img->file, "not a little-endian ELF file");
	/* type and machine are at the same place in both classes */
	if (eh.e32.e_type != ET_EXEC)
		return reject(img->file, "not an ELF executable (type ET_EXEC); shared objects cannot be placed");
	img->is64 = eh.e32.e_ident[EI_CLASS] == ELFCLASS64;
	if (eh.e32.e_machine != (img->is64 ? EM_X86_64 : EM_386))
		return reject(img->file, "an ELF file for another processor; x86 of 32 or 64 bits is needed");
	return img->is64 ? read_phdrs64(img, &eh.e64) : read_phdrs32(img, &eh.e32);
}

static int load_segment(struct vm *vm, const struct image *img, const Elf64_Phdr *ph, uint64_t *top)
{
	uint64_t limit = vm->mem.lowmem_size - BOOT_AREA_SIZE;
	uint8_t *dst;

	if (ph->p_filesz > ph->p_memsz)
		return reject(img->file, "an ELF segment is larger in the file than in memory");
	if (ph->p_offset > img->file->size || ph->p_filesz > img->file->size - ph->p_offset)
		return reject(img->file, "truncated: an ELF segment lies beyond the end of the file");
	dst = mem_ptr(vm, ph->p_paddr, ph->p_memsz);
	if (!dst || ph->p_paddr > limit || ph->p_memsz > limit - ph->p_paddr ||
	    (ph->p_paddr < LAYOUT_ACPI_END && ph->p_paddr + ph->p_memsz > LAYOUT_ACPI_BASE)) {
		log_error("kernel '%s': a segment goes to 0x%" PRIx64 "..0x%" PRIx64 ", which is not free memory of this VM (it ends at 0x%" PRIx64 ")",
			  img->file->path, ph->p_paddr, ph->p_paddr + ph->p_memsz, limit);
		return -ENOSPC;
	}
	if (ph->p_paddr + ph->p_memsz > *top)
		*top = ph->p_paddr + ph->p_memsz;
	memset(dst + ph->p_filesz, 0, ph->p_memsz - ph->p_filesz);
	return boot_file_read(img->file, ph->p_offset, dst, ph->p_filesz);
}

static int load_segments(struct vm *vm, const struct image *img, uint64_t *top)
{
	unsigned int nr_loaded = 0;

	*top = 0;
	for (unsigned int i = 0; i < img->nr_phdrs; i++) {
		int err;

		if (img->phdr[i].p_type != PT_LOAD || img->phdr[i].p_memsz == 0)
			continue;
		err = load_segment(vm, img, &img->phdr[i], top);
		if (err)
			return err;
		nr_loaded++;
	}
	return nr_loaded ? 0 : reject(img->file, "an ELF file with nothing to load");
}

/* Physical address of the entry point: ELF gives a virtual one. */
static uint64_t physical_entry(const struct image *img)
{
	for (unsigned int i = 0; i < img->nr_phdrs; i++) {
		const Elf64_Phdr *ph = &img->phdr[i];

		if (ph->p_type == PT_LOAD && img->entry >= ph->p_vaddr && img->entry - ph->p_vaddr < ph->p_memsz)
			return ph->p_paddr + (img->entry - ph->p_vaddr);
	}
	return img->entry;
}

/* 1 with a usable multiboot header, 0 without one, -errno for one that asks for the impossible. */
static int find_multiboot(const struct image *img)
{
	uint32_t word[MB_SEARCH / 4];
	uint64_t len = img->file->size < MB_SEARCH ? img->file->size & ~3ull : MB_SEARCH;
	int err = boot_file_read(img->file, 0, word, len);

	if (err)
		return err;
	for (unsigned int i = 0; i + 3 <= len / 4; i++) {
		if (word[i] != MB_HEADER_MAGIC || word[i] + word[i + 1] + word[i + 2] != 0)
			continue;
		if (word[i + 1] & 0xFFFF & ~MB_FLAGS_KNOWN)
			return reject(img->file, "its multiboot header demands a feature this loader does not have");
		return 1;
	}
	return 0;
}

/* Walk one PT_NOTE segment's bytes for Xen's PHYS32_ENTRY. */
static bool scan_notes(const uint8_t *p, uint64_t len, uint64_t *entry)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr nh;
		uint64_t name, desc;

		memcpy(&nh, p, sizeof(nh));
		name = ((uint64_t)nh.n_namesz + 3) & ~3ull;
		desc = ((uint64_t)nh.n_descsz + 3) & ~3ull;
		p += sizeof(nh);
		len -= sizeof(nh);
		if (name > len || desc > len - name)
			return false;
		if (nh.n_type == NOTE_PHYS32_ENTRY && nh.n_namesz == 4 && memcmp(p, "Xen", 4) == 0 &&
		    (nh.n_descsz == 4 || nh.n_descsz == 8)) {
			*entry = 0;
			memcpy(entry, p + name, nh.n_descsz);
			return true;
		}
		p += name + desc;
		len -= name + desc;
	}
	return false;
}

static int find_pvh(const struct image *img, uint64_t *entry)
{
	for (unsigned int i = 0; i < img->nr_phdrs; i++) {
		const Elf64_Phdr *ph = &img->phdr[i];
		uint8_t *notes;
		bool found;
		int err;

		if (ph->p_type != PT_NOTE || ph->p_filesz == 0 || ph->p_filesz > MAX_NOTES_SIZE ||
		    ph->p_offset > img->file->size || ph->p_filesz > img->file->size - ph->p_offset)
			continue;
		notes = malloc(ph->p_filesz);
		if (!notes)
			return -ENOMEM;
		err = boot_file_read(img->file, ph->p_offset, notes, ph->p_filesz);
		found = !err && scan_notes(notes, ph->p_filesz, entry);
		free(notes);
		if (err || found)
			return err;
	}
	return reject(img->file, "an ELF file with neither a multiboot header nor a PVH note: nothing says how to start it");
}

static void fill_mb_info(struct vm *vm, uint32_t gpa, uint64_t module, uint64_t module_size)
{
	struct e820_entry map[E820_MAX];
	unsigned int n = e820_build(&vm->mem, map);
	struct mb_info info = {
		.flags = MB_INFO_MEMORY | MB_INFO_CMDLINE | MB_INFO_MMAP | MB_INFO_NAME |
			 (module_size ? MB_INFO_MODULES : 0),
		.mem_lower = 640,
		.mem_upper = (vm->mem.lowmem_size >> 10) - 1024,
		.cmdline = BOOT_CMDLINE(vm->mem.lowmem_size),
		.mods_count = module_size ? 1 : 0,
		.mods_addr = gpa + offsetof(struct mb_info, module),
		.mmap_length = n * sizeof(struct mb_mmap),
		.mmap_addr = gpa + offsetof(struct mb_info, mmap),
		.boot_loader_name = gpa + offsetof(struct mb_info, name),
		.module = { module, module + module_size, BOOT_CMDLINE(vm->mem.lowmem_size), 0 },
		.name = "acrn-dm",
	};

	for (unsigned int i = 0; i < n; i++)
		info.mmap[i] = (struct mb_mmap){ sizeof(map[i]), map[i] };
	memcpy(mem_ptr(vm, gpa, sizeof(info)), &info, sizeof(info));
}

static void fill_pvh_info(struct vm *vm, uint32_t gpa, uint64_t module, uint64_t module_size)
{
	struct e820_entry map[E820_MAX];
	unsigned int n = e820_build(&vm->mem, map);
	struct pvh_info info = {
		.magic = PVH_MAGIC,
		.version = 1,
		.nr_modules = module_size ? 1 : 0,
		.modlist = gpa + offsetof(struct pvh_info, module),
		.cmdline = BOOT_CMDLINE(vm->mem.lowmem_size),
		.rsdp = LAYOUT_ACPI_BASE,
		.memmap = gpa + offsetof(struct pvh_info, mmap),
		.memmap_entries = n,
		.module = { .paddr = module, .size = module_size },
	};

	for (unsigned int i = 0; i < n; i++)
		info.mmap[i] = (struct pvh_mmap){ map[i].addr, map[i].size, map[i].type, 0 };
	memcpy(mem_ptr(vm, gpa, sizeof(info)), &info, sizeof(info));
}

int elf_load(struct vm *vm, const struct boot_file *kernel, struct boot_entry *entry)
{
	uint64_t lowmem = vm->mem.lowmem_size, top, start, module, module_size;
	uint32_t info = BOOT_INFO(lowmem);
	struct image *img = calloc(1, sizeof(*img));
	int err, multiboot = 0;

	if (!img)
		return -ENOMEM;
	img->file = kernel;
	err = read_headers(img);
	if (!err)
		err = multiboot = find_multiboot(img);
	start = physical_entry(img);
	if (err == 0)
		err = find_pvh(img, &start);
	if (err >= 0)
		err = load_segments(vm, img, &top);
	free(img);
	if (!err)
		err = boot_write_cmdline(vm, BOOT_CMDLINE_MAX - 1);
	if (!err)
		err = boot_load_ramdisk(vm, lowmem - BOOT_AREA_SIZE, &module, &module_size);
	if (err)
		return err;
	if (start > UINT32_MAX || !mem_ptr(vm, start, 1))
		return reject(kernel, "its entry point lies outside the VM's memory");
	if (module_size && module < top) {
		log_error("kernel '%s' and the ramdisk do not fit in the VM's memory together: give it more by -m", kernel->path);
		return -ENOSPC;
	}
	if (multiboot)
		fill_mb_info(vm, info, module, module_size);
	else
		fill_pvh_info(vm, info, module, module_size);
	*entry = (struct boot_entry){ .eip = start, .eax = multiboot ? MB_LOADER_MAGIC : 0, .ebx = info };
	return 0;
}
