/* SPDX-License-Identifier: BSD-3-Clause */
/* ELF kernels: PVH (Xen's physical entry note) and multiboot 1; 32- and 64-bit files, loaded by physical address. */
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/load.h"
#include "public/scenario.h"
#include "public/vm.h"
#include "vm/gpa.h"
#include "vm/vm.h"

#define LIMIT_4G	(1ul << 32)
#define LOW_LIMIT	0x9f000u
#define PT_LOAD		1u
#define PT_NOTE		4u
#define MAX_PHDRS	64u
#define CMDLINE_MAX	2048u
#define NOTE_XEN_PHYS32	18u
#define PVH_MAGIC	0x336ec578u
#define MB_HEADER	0x1badb002u
#define MB_EAX		0x2badb002u
#define MB_SEARCH	8192u
#define MAP_SLOTS	64u

/* One program header, both classes alike. */
struct segment {
	uint32_t type;
	uint64_t offset, paddr, filesz, memsz;
};

struct elf {
	const uint8_t *file;
	uint64_t size;
	bool is64;
	uint64_t entry, phoff;
	uint32_t phnum, phentsize;
};

static int bad(const struct load_job *job, const char *why)
{
	log_err("vm %s: its ELF kernel cannot be used: %s\n", job->vm->name, why);
	return ERR(-ENOEXEC);
}

/* Little-endian field of 2, 4 or 8 bytes; the caller has checked that it lies in the file. */
static uint64_t get(const struct elf *e, uint64_t at, unsigned int bytes)
{
	uint64_t v = 0;

	memcpy(&v, e->file + at, bytes);
	return v;
}

static int parse_header(const struct load_job *job, struct elf *e)
{
	e->file = job->image->kernel;
	e->size = job->image->kernel_size;
	if (e->size < 64)
		return bad(job, "the file is shorter than an ELF header");
	e->is64 = e->file[4] == 2;
	if ((e->file[4] != 1 && e->file[4] != 2) || e->file[5] != 1)
		return bad(job, "it is not a 32- or 64-bit little-endian file");
	if (get(e, 16, 2) != 2 || (get(e, 18, 2) != 3 && get(e, 18, 2) != 62))
		return bad(job, "it is not an executable for x86 (e_type 2, e_machine 3 or 62)");
	e->entry = get(e, 24, e->is64 ? 8 : 4);
	e->phoff = get(e, e->is64 ? 32 : 28, e->is64 ? 8 : 4);
	e->phentsize = (uint32_t)get(e, e->is64 ? 54 : 42, 2);
	e->phnum = (uint32_t)get(e, e->is64 ? 56 : 44, 2);
	if (e->phentsize != (e->is64 ? 56u : 32u) || !e->phnum || e->phnum > MAX_PHDRS ||
	    !range_fits(e->phoff, (uint64_t)e->phnum * e->phentsize, e->size))
		return bad(job, "its program headers lie outside the file");
	return 0;
}

static struct segment segment_at(const struct elf *e, uint32_t i)
{
	uint64_t p = e->phoff + (uint64_t)i * e->phentsize;

	if (e->is64)
		return (struct segment){ (uint32_t)get(e, p, 4), get(e, p + 8, 8), get(e, p + 24, 8),
					 get(e, p + 32, 8), get(e, p + 40, 8) };
	return (struct segment){ (uint32_t)get(e, p, 4), get(e, p + 4, 4), get(e, p + 12, 4),
				 get(e, p + 16, 4), get(e, p + 20, 4) };
}

static int clear(struct vm *vm, uint64_t at, uint64_t n)
{
	static const uint8_t zeros[256];
	int err = 0;

	while (n && !err) {
		uint64_t k = MIN(n, sizeof(zeros));

		err = gpa_write(vm, gpa(at), zeros, k);
		at += k;
		n -= k;
	}
	return err;
}

static int load_segment(struct load_job *job, const struct elf *e, const struct segment *s)
{
	int err;

	if (!range_fits(s->offset, s->filesz, e->size) || s->filesz > s->memsz || !range_fits(s->paddr, s->memsz, LIMIT_4G))
		return bad(job, "the file is truncated or a segment's sizes make no sense");
	err = gpa_write(job->vm, gpa(s->paddr), e->file + s->offset, s->filesz);
	return err ? err : clear(job->vm, s->paddr + s->filesz, s->memsz - s->filesz);
}

static int load_segments(struct load_job *job, const struct elf *e)
{
	uint64_t first = ~0ul, last = 0;
	uint32_t i;
	int err = 0;

	for (i = 0; i < e->phnum; i++) {
		struct segment s = segment_at(e, i);

		if (s.type != PT_LOAD || !s.memsz)
			continue;
		first = MIN(first, s.paddr);
		last = MAX(last, s.paddr + s.memsz);
	}
	if (!last || last < first || last > LIMIT_4G)
		return bad(job, "it has nothing to load below 4 GB");
	if (load_claim(job, ALIGN_DOWN(first, PAGE_SIZE), ALIGN_UP(last, PAGE_SIZE) - ALIGN_DOWN(first, PAGE_SIZE))) {
		log_err("vm %s: its kernel wants memory %lx to %lx, which is not all free RAM of the VM\n",
			job->vm->name, first, last);
		return ERR(-ENOMEM);
	}
	for (i = 0; i < e->phnum && !err; i++) {
		struct segment s = segment_at(e, i);

		if (s.type == PT_LOAD)
			err = load_segment(job, e, &s);
	}
	return err;
}

/* Notes are triples (name size, descriptor size, type), name and descriptor padded to 4 bytes. */
static uint64_t pvh_in_notes(const struct elf *e, const struct segment *s)
{
	uint64_t at = s->offset, end = s->offset + s->filesz;

	if (!range_fits(s->offset, s->filesz, e->size))
		return 0;
	while (at + 12 <= end) {
		uint64_t namesz = get(e, at, 4), descsz = get(e, at + 4, 4), type = get(e, at + 8, 4);
		uint64_t desc = at + 12 + ALIGN_UP(namesz, 4), next = desc + ALIGN_UP(descsz, 4);

		if (next > end)
			return 0;
		if (type == NOTE_XEN_PHYS32 && namesz == 4 && !memcmp(e->file + at + 12, "Xen", 4) && descsz >= 4)
			return get(e, desc, descsz >= 8 ? 8 : 4);
		at = next;
	}
	return 0;
}

static uint64_t pvh_entry(const struct elf *e)
{
	uint32_t i;

	for (i = 0; i < e->phnum; i++) {
		struct segment s = segment_at(e, i);
		uint64_t entry = s.type == PT_NOTE ? pvh_in_notes(e, &s) : 0;

		if (entry)
			return entry;
	}
	return 0;
}

static bool has_multiboot(const struct elf *e)
{
	uint64_t at, end = MIN(e->size, MB_SEARCH);

	for (at = 0; at + 12 <= end; at += 4)
		if (get(e, at, 4) == MB_HEADER &&
		    !(uint32_t)(get(e, at, 4) + get(e, at + 4, 4) + get(e, at + 8, 4)))
			return true;
	return false;
}

struct pvh_start {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};
_Static_assert(sizeof(struct pvh_start) == 56, "Xen, start_info.h");

struct pvh_module {
	uint64_t paddr, size, cmdline, reserved;
};

struct pvh_memmap {
	uint64_t addr, size;
	uint32_t type, reserved;
};

struct pvh_block {
	struct pvh_start start;
	struct pvh_module ramdisk;
	struct pvh_memmap map[MAP_SLOTS];
	uint64_t gdt[4];
	char cmdline[CMDLINE_MAX];
};

#define AT(block, field) (low + offsetof(struct block, field))

static int start_pvh(struct load_job *job, struct acrn_regs *regs, uint64_t entry)
{
	uint64_t low = load_place(job, sizeof(struct pvh_block), PAGE_SIZE, LOW_LIMIT, "boot parameters");
	struct pvh_block *b = low ? gpa_ptr(job->vm, gpa(low), sizeof(*b)) : NULL;
	uint32_t i;
	int err;

	if (!b)
		return ERR(-ENOMEM);
	memset(b, 0, sizeof(*b));
	for (i = 0; i < job->e820->nr && i < MAP_SLOTS; i++)
		b->map[i] = (struct pvh_memmap){ job->e820->entry[i].base, job->e820->entry[i].size,
						 job->e820->entry[i].type, 0 };
	b->start = (struct pvh_start){
		.magic = PVH_MAGIC, .version = 1, .nr_modules = job->ramdisk ? 1 : 0,
		.modlist = AT(pvh_block, ramdisk), .cmdline = AT(pvh_block, cmdline), .rsdp = job->rsdp,
		.memmap = AT(pvh_block, map), .memmap_entries = i,
	};
	b->ramdisk = (struct pvh_module){ job->ramdisk, job->image->ramdisk_size, 0, 0 };
	str_copy(b->cmdline, job->image->cmdline, sizeof(b->cmdline));
	err = load_flat_regs(job, regs, entry, AT(pvh_block, gdt));
	regs->gprs.rbx = low;
	return err;
}

/* Multiboot 1 information (specification 0.6.96, 3.3), and what it points to. */
struct mb_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	uint32_t mmap_length, mmap_addr, drives[2], config, loader_name;
};

struct mb_mmap {
	uint32_t size;
	uint64_t addr, len;
	uint32_t type;
} __packed;

struct mb_module {
	uint32_t start, end, string, reserved;
};

struct mb_block {
	struct mb_info info;
	struct mb_module ramdisk;
	struct mb_mmap map[MAP_SLOTS];
	uint64_t gdt[4];
	char loader[8];
	char cmdline[CMDLINE_MAX];
};

#define MB_MEMORY	(1u << 0)
#define MB_CMDLINE	(1u << 2)
#define MB_MODULES	(1u << 3)
#define MB_MMAP		(1u << 6)
#define MB_LOADER	(1u << 9)

static int start_multiboot(struct load_job *job, struct acrn_regs *regs, uint64_t entry)
{
	uint64_t low = load_place(job, sizeof(struct mb_block), PAGE_SIZE, LOW_LIMIT, "boot parameters");
	struct mb_block *b = low ? gpa_ptr(job->vm, gpa(low), sizeof(*b)) : NULL;
	uint32_t i;
	int err;

	if (!b)
		return ERR(-ENOMEM);
	memset(b, 0, sizeof(*b));
	for (i = 0; i < job->e820->nr && i < MAP_SLOTS; i++)
		b->map[i] = (struct mb_mmap){ sizeof(struct mb_mmap) - 4, job->e820->entry[i].base,
					      job->e820->entry[i].size, job->e820->entry[i].type };
	b->info = (struct mb_info){
		.flags = MB_MEMORY | MB_CMDLINE | MB_MMAP | MB_LOADER | (job->ramdisk ? MB_MODULES : 0),
		.mem_lower = 640, .mem_upper = (uint32_t)(e820_ram_end(job->e820) / 1024 - 1024),
		.cmdline = (uint32_t)AT(mb_block, cmdline), .mods_count = job->ramdisk ? 1 : 0,
		.mods_addr = (uint32_t)AT(mb_block, ramdisk),
		.mmap_length = i * (uint32_t)sizeof(struct mb_mmap), .mmap_addr = (uint32_t)AT(mb_block, map),
		.loader_name = (uint32_t)AT(mb_block, loader),
	};
	b->ramdisk = (struct mb_module){ (uint32_t)job->ramdisk, (uint32_t)(job->ramdisk + job->image->ramdisk_size), 0, 0 };
	str_copy(b->loader, "Quercus", sizeof(b->loader));
	str_copy(b->cmdline, job->image->cmdline, sizeof(b->cmdline));
	err = load_flat_regs(job, regs, entry, AT(mb_block, gdt));
	regs->gprs.rax = MB_EAX;
	regs->gprs.rbx = low;
	return err;
}

/* The entry point by the protocol the scenario names, else the one the file offers, PVH first. */
static int choose(const struct load_job *job, const struct elf *e, bool *pvh, uint64_t *entry)
{
	uint8_t type = job->image->type;

	*entry = type == SCENARIO_KERNEL_ELF_MULTIBOOT ? 0 : pvh_entry(e);
	*pvh = *entry;
	if (type == SCENARIO_KERNEL_ELF_PVH && !*pvh)
		return bad(job, "it has no PVH entry note, which the scenario asks for");
	if (!*pvh && !has_multiboot(e))
		return bad(job, type == SCENARIO_KERNEL_ELF_MULTIBOOT ?
			   "it has no multiboot header in its first 8 KB, which the scenario asks for" :
			   "it has neither a PVH entry note nor a multiboot header in its first 8 KB");
	if (!*pvh)
		*entry = e->entry;
	if (job->vm->cfg->kernel.entry_addr)
		*entry = job->vm->cfg->kernel.entry_addr;
	return *entry < LIMIT_4G ? 0 : bad(job, "its entry point is beyond 4 GB");
}

int load_elf(struct load_job *job, struct acrn_regs *regs)
{
	struct elf e = { 0 };
	uint64_t entry = 0;
	bool pvh = false;
	int err = parse_header(job, &e);

	if (!err)
		err = choose(job, &e, &pvh, &entry);
	if (!err)
		err = load_segments(job, &e);
	if (!err)
		err = load_ramdisk(job, LIMIT_4G);
	if (err)
		return err;
	return pvh ? start_pvh(job, regs, entry) : start_multiboot(job, regs, entry);
}
