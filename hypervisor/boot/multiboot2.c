/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reader of the multiboot2 information (Multiboot2 Specification 2.0, 3.6):
 *
 *   u32 total size, u32 0, then tags: u32 type, u32 size, data, padding to 8
 *
 * Every length is checked against what contains it.
 */
#include "boot/boot.h"

#include "lib/string.h"
#include "lib/util.h"

enum {
	TAG_END = 0, TAG_CMDLINE = 1, TAG_LOADER = 2, TAG_MODULE = 3, TAG_MMAP = 6, TAG_FRAMEBUFFER = 8,
	TAG_EFI32 = 11, TAG_EFI64 = 12, TAG_ACPI_OLD = 14, TAG_ACPI_NEW = 15, TAG_EFI_MMAP = 17,
};

#define MAX_INFO_SIZE	(16u << 20)
#define HEADER_SIZE	8u	/* of the information and of each tag */

struct tag {
	uint32_t type, size;
	const uint8_t *data;	/* after the header */
	uint32_t data_size;
};

/* Memory types of EFI (UEFI 2.10, 7.2) that are free once boot services have ended. */
#define EFI_LOADER_CODE		1u
#define EFI_BOOT_DATA		4u
#define EFI_CONVENTIONAL	7u
#define EFI_UNUSABLE		8u
#define EFI_ACPI_RECLAIM	9u
#define EFI_ACPI_NVS		10u

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static bool copy_string(char *dst, size_t size, const uint8_t *src, uint32_t avail)
{
	size_t n = strnlen((const char *)src, avail);

	if (n >= size)
		return false;
	memcpy(dst, src, n);
	dst[n] = 0;
	return true;
}

static const char *read_cmdline(struct boot_info *bi, const struct tag *t)
{
	if (!copy_string(bi->cmdline, sizeof(bi->cmdline), t->data, t->data_size))
		return "multiboot2: command line too long (over 1023 characters)";
	return NULL;
}

static const char *read_loader(struct boot_info *bi, const struct tag *t)
{
	if (!copy_string(bi->loader, sizeof(bi->loader), t->data, t->data_size))
		bi->loader[0] = 0;
	return NULL;
}

/* u32 start, u32 end, string. */
static const char *read_module(struct boot_info *bi, const struct tag *t)
{
	struct boot_module *m = &bi->module[bi->nr_modules];
	uint32_t start, end;

	if (t->data_size < 8)
		return "multiboot2: module tag cut short";
	if (bi->nr_modules == BOOT_MODULES_MAX)
		return "multiboot2: more than 32 modules";
	start = get32(t->data);
	end = get32(t->data + 4);
	if (end < start)
		return "multiboot2: a module ends before it starts";
	if (!copy_string(m->string, sizeof(m->string), t->data + 8, t->data_size - 8))
		return "multiboot2: a module's string is too long (over 2047 characters)";
	m->start = hpa(start);
	m->size = end - start;
	bi->nr_modules++;
	return NULL;
}

/* u32 entry size, u32 version, entries: u64 base, u64 length, u32 type, u32 0. */
static const char *read_mmap(struct boot_info *bi, const struct tag *t)
{
	uint32_t step, off;

	if (t->data_size < 8)
		return "multiboot2: memory map tag cut short";
	step = get32(t->data);
	if (step < 24)
		return "multiboot2: memory map entries shorter than 24 bytes";
	/* It replaces what an EFI map gave: GRUB has already translated that one. */
	bi->e820.nr = 0;
	for (off = 8; t->data_size - off >= step; off += step) {
		const uint8_t *e = t->data + off;

		if (e820_add(&bi->e820, get64(e), get64(e + 8), get32(e + 16)))
			return "multiboot2: memory map has too many entries";
	}
	return NULL;
}

static uint32_t e820_type_of_efi(uint32_t type)
{
	if ((type >= EFI_LOADER_CODE && type <= EFI_BOOT_DATA) || type == EFI_CONVENTIONAL)
		return E820_RAM;
	if (type == EFI_ACPI_RECLAIM)
		return E820_ACPI;
	if (type == EFI_ACPI_NVS)
		return E820_NVS;
	return type == EFI_UNUSABLE ? E820_BAD : E820_RESERVED;
}

/* u32 descriptor size, u32 version, descriptors: u32 type, u32 pad, u64 base, u64 virtual, u64 pages, u64 attributes. */
static const char *read_efi_mmap(struct boot_info *bi, const struct tag *t)
{
	uint32_t step, off;

	if (t->data_size < 8)
		return "multiboot2: EFI memory map tag cut short";
	step = get32(t->data);
	if (step < 40)
		return "multiboot2: EFI memory descriptors shorter than 40 bytes";
	if (bi->e820.nr)
		return NULL;
	for (off = 8; t->data_size - off >= step; off += step) {
		const uint8_t *e = t->data + off;
		uint64_t pages = get64(e + 24);

		if (pages > UINT64_MAX >> PAGE_SHIFT)
			return "multiboot2: an EFI memory descriptor is too large";
		if (e820_add(&bi->e820, get64(e + 8), pages << PAGE_SHIFT, e820_type_of_efi(get32(e))))
			return "multiboot2: EFI memory map has too many entries";
	}
	return NULL;
}

static const char *read_rsdp(struct boot_info *bi, const struct tag *t)
{
	uint32_t size = t->type == TAG_ACPI_NEW ? 36 : 20;

	if (t->data_size < size)
		return "multiboot2: ACPI tag cut short";
	/* The newer one wins, whatever the order. */
	if (size < bi->rsdp_size)
		return NULL;
	memcpy(bi->rsdp, t->data, size);
	bi->rsdp_size = size;
	return NULL;
}

/* u64 address, u32 pitch, u32 width, u32 height, u8 bits per pixel, u8 type. */
static const char *read_framebuffer(struct boot_info *bi, const struct tag *t)
{
	if (t->data_size < 22)
		return NULL;
	bi->framebuffer = (struct boot_framebuffer){
		.addr = get64(t->data), .pitch = get32(t->data + 8), .width = get32(t->data + 12),
		.height = get32(t->data + 16), .bpp = t->data[20], .type = t->data[21],
	};
	return NULL;
}

static const char *read_efi(struct boot_info *bi, const struct tag *t)
{
	(void)t;
	bi->efi = true;
	return NULL;
}

static const char *read_tag(struct boot_info *bi, const struct tag *t)
{
	static const struct {
		uint32_t type;
		const char *(*read)(struct boot_info *bi, const struct tag *t);
	} readers[] = {
		{ TAG_CMDLINE, read_cmdline }, { TAG_LOADER, read_loader }, { TAG_MODULE, read_module },
		{ TAG_MMAP, read_mmap }, { TAG_EFI_MMAP, read_efi_mmap }, { TAG_ACPI_OLD, read_rsdp },
		{ TAG_ACPI_NEW, read_rsdp }, { TAG_FRAMEBUFFER, read_framebuffer },
		{ TAG_EFI32, read_efi }, { TAG_EFI64, read_efi },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(readers); i++)
		if (readers[i].type == t->type)
			return readers[i].read(bi, t);
	return NULL;
}

/* See boot.h. */
const char *multiboot2_read(struct boot_info *bi, uint32_t info)
{
	const char *err;
	const uint8_t *p;
	uint32_t total, off;

	bi->protocol = "multiboot2";
	if (info % 8 || !range_fits(info, HEADER_SIZE, boot_map_limit))
		return "multiboot2: information outside memory";
	p = hpa_to_hva(hpa(info));
	total = get32(p);
	if (total < 2 * HEADER_SIZE || total > MAX_INFO_SIZE || !range_fits(info, total, boot_map_limit))
		return "multiboot2: information has an impossible size";
	for (off = HEADER_SIZE; total - off >= HEADER_SIZE; ) {
		struct tag t = { .type = get32(p + off), .size = get32(p + off + 4) };

		if (t.size < HEADER_SIZE || t.size > total - off)
			return "multiboot2: a tag reaches outside the information";
		if (t.type == TAG_END)
			return bi->e820.nr ? NULL : "multiboot2: the boot loader gave no memory map";
		t.data = p + off + HEADER_SIZE;
		t.data_size = t.size - HEADER_SIZE;
		err = read_tag(bi, &t);
		if (err)
			return err;
		if (ALIGN_UP(t.size, 8u) > total - off)
			break;
		off += ALIGN_UP(t.size, 8u);
	}
	return "multiboot2: information has no end tag";
}
