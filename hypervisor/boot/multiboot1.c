/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reader of the multiboot1 information structure (Multiboot Specification
 * 0.6.96, 3.3). Addresses in it are checked against the mapped range; every
 * field is read once.
 */
#include "boot/boot.h"

#include "lib/string.h"
#include "lib/util.h"

#define MB1_CMDLINE	(1u << 2)
#define MB1_MODULES	(1u << 3)
#define MB1_MMAP	(1u << 6)
#define MB1_LOADER	(1u << 9)

struct mb1_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr, drives_length, drives_addr;
	uint32_t config_table, loader_name;
};

struct mb1_module {
	uint32_t start, end, string, rsvd;
};

/* `size` counts what follows it. */
struct mb1_mmap {
	uint32_t size;
	uint64_t base, length;
	uint32_t type;
} __packed;

static const void *at(uint64_t addr, uint64_t size)
{
	return range_fits(addr, size, boot_map_limit) ? hpa_to_hva(hpa(addr)) : NULL;
}

/* Copies a string of unknown length; false when it is not terminated within `size` or not mapped. */
static bool copy_string(char *dst, size_t size, uint64_t addr)
{
	const char *s = at(addr, 1);
	size_t avail, n;

	if (!s)
		return false;
	avail = MIN(size, boot_map_limit - addr);
	n = strnlen(s, avail);
	if (n == avail)
		return false;
	memcpy(dst, s, n);
	dst[n] = 0;
	return true;
}

static const char *read_modules(struct boot_info *bi, uint32_t count, uint64_t addr)
{
	const struct mb1_module *mods = at(addr, (uint64_t)count * sizeof(*mods));

	if (count > BOOT_MODULES_MAX)
		return "multiboot1: more than 32 modules";
	if (!mods)
		return "multiboot1: module list outside memory";
	for (uint32_t i = 0; i < count; i++) {
		struct boot_module *m = &bi->module[i];
		struct mb1_module raw = mods[i];

		if (raw.end < raw.start)
			return "multiboot1: a module ends before it starts";
		if (raw.string && !copy_string(m->string, sizeof(m->string), raw.string))
			return "multiboot1: a module's string is too long (over 2047 characters)";
		m->start = hpa(raw.start);
		m->size = raw.end - raw.start;
		bi->nr_modules = i + 1;
	}
	return NULL;
}

static const char *read_mmap(struct boot_info *bi, uint32_t length, uint64_t addr)
{
	const uint8_t *map = at(addr, length);
	uint64_t off = 0;

	if (!map)
		return "multiboot1: memory map outside memory";
	while (off + sizeof(struct mb1_mmap) <= length) {
		struct mb1_mmap e;

		memcpy(&e, map + off, sizeof(e));
		if (e.size < sizeof(e) - sizeof(e.size))
			return "multiboot1: a memory map entry is shorter than 20 bytes";
		if (e820_add(&bi->e820, e.base, e.length, e.type))
			return "multiboot1: memory map has too many entries";
		off += (uint64_t)e.size + sizeof(e.size);
	}
	return NULL;
}

/* See boot.h. */
const char *multiboot1_read(struct boot_info *bi, uint32_t info)
{
	const struct mb1_info *p = at(info, sizeof(*p));
	const char *err = NULL;
	struct mb1_info mbi;

	if (!p)
		return "multiboot1: information outside memory";
	mbi = *p;
	bi->protocol = "multiboot1";
	if (!(mbi.flags & MB1_MMAP))
		return "multiboot1: the boot loader gave no memory map";
	if (mbi.flags & MB1_LOADER && !copy_string(bi->loader, sizeof(bi->loader), mbi.loader_name))
		bi->loader[0] = 0;
	if (mbi.flags & MB1_CMDLINE && !copy_string(bi->cmdline, sizeof(bi->cmdline), mbi.cmdline))
		return "multiboot1: command line too long (over 1023 characters)";
	err = read_mmap(bi, mbi.mmap_length, mbi.mmap_addr);
	if (!err && mbi.flags & MB1_MODULES && mbi.mods_count)
		err = read_modules(bi, mbi.mods_count, mbi.mods_addr);
	return err;
}
