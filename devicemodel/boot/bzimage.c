/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bzImage is a boot sector and setup code, of which only the header at 0x1F1 is used, followed by the
 * protected-mode kernel. Nothing of it runs in real mode here: the kernel is entered at its 32-bit start
 * with RSI pointing to a "zero page" that carries the header, the memory map and the ramdisk's place.
 */
#include "boot/bzimage.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "boot/load.h"
#include "boot/e820.h"
#include "boot/file.h"
#include "core/layout.h"
#include "core/log.h"
#include "core/vm.h"

/* Offsets in the file and, unchanged, in the zero page */
#define HDR_START		0x1F1
#define HDR_SETUP_SECTS		0x1F1
#define HDR_VID_MODE		0x1FA
#define HDR_BOOT_FLAG		0x1FE
#define HDR_JUMP		0x201	/* header ends at 0x202 + this byte */
#define HDR_MAGIC		0x202
#define HDR_VERSION		0x206
#define HDR_TYPE_OF_LOADER	0x210
#define HDR_LOADFLAGS		0x211
#define HDR_CODE32_START	0x214
#define HDR_RAMDISK_IMAGE	0x218
#define HDR_RAMDISK_SIZE	0x21C
#define HDR_CMDLINE_PTR		0x228
#define HDR_INITRD_ADDR_MAX	0x22C
#define HDR_KERNEL_ALIGNMENT	0x230
#define HDR_RELOCATABLE		0x234
#define HDR_CMDLINE_SIZE	0x238
#define HDR_PREF_ADDRESS	0x258
#define HDR_INIT_SIZE		0x260
#define HDR_READ_SIZE		0x280

/* Zero page only */
#define ZP_ACPI_RSDP		0x070
#define ZP_E820_ENTRIES		0x1E8
#define ZP_E820_TABLE		0x2D0
#define ZP_SIZE			0x1000

#define MAGIC_HDRS		0x53726448u
#define BOOT_FLAG_VALUE		0xAA55
#define LOADED_HIGH		0x01
#define LOADER_UNKNOWN		0xFF
#define VID_MODE_NORMAL		0xFFFF
#define MIN_VERSION		0x020A	/* kernel 2.6.31: init_size and pref_address exist */
#define SECTOR			512u
#define LOAD_ADDRESS		0x1000000u

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

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

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* What is needed of a header, checked. */
struct image {
	uint64_t kernel_offset, kernel_size;	/* protected-mode part in the file */
	uint64_t load_gpa, run_size;		/* run_size: from load_gpa on, until the kernel takes over */
	uint64_t initrd_limit;
	uint32_t cmdline_max;
	unsigned int header_end;
};

static int reject(const struct boot_file *kernel, const char *why)
{
	log_error("kernel '%s': %s", kernel->path, why);
	return -ENOEXEC;
}

static int choose_place(const struct boot_file *kernel, const uint8_t *hdr, struct image *img)
{
	uint64_t alignment = get32(hdr + HDR_KERNEL_ALIGNMENT);

	if (!hdr[HDR_RELOCATABLE]) {
		img->load_gpa = get64(hdr + HDR_PREF_ADDRESS);
		return 0;
	}
	if (alignment == 0 || (alignment & (alignment - 1)) || alignment > (1u << 30))
		return reject(kernel, "its header gives a kernel_alignment that is not a power of two up to 1 GB");
	img->load_gpa = (LOAD_ADDRESS + alignment - 1) & ~(alignment - 1);
	return 0;
}

static int check_header(const struct boot_file *kernel, const uint8_t *hdr, struct image *img)
{
	unsigned int sects = hdr[HDR_SETUP_SECTS] ? hdr[HDR_SETUP_SECTS] : 4;

	if (get16(hdr + HDR_BOOT_FLAG) != BOOT_FLAG_VALUE || get32(hdr + HDR_MAGIC) != MAGIC_HDRS)
		return reject(kernel, "not a Linux bzImage (no 'HdrS' signature at offset 0x202)");
	if (get16(hdr + HDR_VERSION) < MIN_VERSION)
		return reject(kernel, "its boot protocol is older than 2.10 (Linux 2.6.31)");
	if (!(hdr[HDR_LOADFLAGS] & LOADED_HIGH))
		return reject(kernel, "a zImage, which loads below 1 MB; a bzImage is needed");
	img->kernel_offset = (uint64_t)(sects + 1) * SECTOR;
	if (img->kernel_offset >= kernel->size)
		return reject(kernel, "truncated: the file ends within the setup code");
	img->kernel_size = kernel->size - img->kernel_offset;
	img->header_end = HDR_MAGIC + hdr[HDR_JUMP];
	if (img->header_end > HDR_READ_SIZE)
		img->header_end = HDR_READ_SIZE;
	img->run_size = get32(hdr + HDR_INIT_SIZE);
	if (img->run_size < img->kernel_size)
		img->run_size = img->kernel_size;
	img->initrd_limit = (uint64_t)get32(hdr + HDR_INITRD_ADDR_MAX) + 1;
	img->cmdline_max = get32(hdr + HDR_CMDLINE_SIZE);
	return choose_place(kernel, hdr, img);
}

static void fill_zero_page(struct vm *vm, uint8_t *zp, const uint8_t *hdr, const struct image *img)
{
	struct e820_entry map[E820_MAX];
	unsigned int nr_entries = e820_build(&vm->mem, map);
	uint64_t rsdp = LAYOUT_ACPI_BASE;
	uint16_t vid_mode = VID_MODE_NORMAL;

	memset(zp, 0, ZP_SIZE);
	memcpy(zp + HDR_START, hdr + HDR_START, img->header_end - HDR_START);
	zp[HDR_TYPE_OF_LOADER] = LOADER_UNKNOWN;
	memcpy(zp + HDR_VID_MODE, &vid_mode, sizeof(vid_mode));
	put32(zp + HDR_CODE32_START, img->load_gpa);
	put32(zp + HDR_CMDLINE_PTR, BOOT_CMDLINE(vm->mem.lowmem_size));
	memcpy(zp + ZP_ACPI_RSDP, &rsdp, sizeof(rsdp));
	zp[ZP_E820_ENTRIES] = nr_entries;
	memcpy(zp + ZP_E820_TABLE, map, nr_entries * sizeof(map[0]));
}

int bzimage_load(struct vm *vm, const struct boot_file *kernel, struct boot_entry *entry)
{
	uint64_t lowmem = vm->mem.lowmem_size, limit = lowmem - BOOT_AREA_SIZE;
	uint64_t initrd, initrd_size;
	uint8_t hdr[HDR_READ_SIZE];
	struct image img;
	uint8_t *dst, *zp = mem_ptr(vm, BOOT_INFO(lowmem), ZP_SIZE);
	int err;

	if (kernel->size < sizeof(hdr))
		return reject(kernel, "too short for a Linux bzImage");
	err = boot_file_read(kernel, 0, hdr, sizeof(hdr));
	if (!err)
		err = check_header(kernel, hdr, &img);
	if (err)
		return err;
	if (img.load_gpa < 0x100000 || img.load_gpa > limit || img.run_size > limit - img.load_gpa) {
		log_error("kernel '%s' needs memory from 0x%" PRIx64 " to 0x%" PRIx64 ", but the VM's ends at 0x%" PRIx64 ": give it more by -m",
			  kernel->path, img.load_gpa, img.load_gpa + img.run_size, lowmem);
		return -ENOSPC;
	}
	dst = mem_ptr(vm, img.load_gpa, img.kernel_size);
	if (!dst || !zp)
		return -EFAULT;
	err = boot_file_read(kernel, img.kernel_offset, dst, img.kernel_size);
	if (!err)
		err = boot_write_cmdline(vm, img.cmdline_max);
	if (!err)
		err = boot_load_ramdisk(vm, img.initrd_limit < limit ? img.initrd_limit : limit, &initrd, &initrd_size);
	if (err)
		return err;
	if (initrd_size && initrd < img.load_gpa + img.run_size) {
		log_error("kernel and ramdisk (%" PRIu64 " bytes) do not fit in the VM's memory together: give it more by -m",
			  initrd_size);
		return -ENOSPC;
	}
	fill_zero_page(vm, zp, hdr, &img);
	if (initrd_size) {
		put32(zp + HDR_RAMDISK_IMAGE, initrd);
		put32(zp + HDR_RAMDISK_SIZE, initrd_size);
	}
	*entry = (struct boot_entry){ .eip = img.load_gpa, .esi = BOOT_INFO(lowmem) };
	return 0;
}
