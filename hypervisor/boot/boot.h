/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the boot loader told us, copied out of its structures before their
 * memory is used for anything else.
 */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"
#include "mm/e820.h"

#define BOOT_CMDLINE_MAX	1024u
#define BOOT_MODULES_MAX	32u
#define BOOT_STRING_MAX		2048u	/* of a module, with the terminating 0 */

struct boot_module {
	hpa_t start;
	uint64_t size;			/* bytes */
	char string[BOOT_STRING_MAX];	/* tag, then arguments */
};

#define FRAMEBUFFER_RGB		1u
#define FRAMEBUFFER_TEXT	2u	/* cells of character and attribute */

struct boot_framebuffer {
	uint64_t addr;			/* 0: none */
	uint32_t pitch, width, height;
	uint8_t bpp, type;		/* FRAMEBUFFER_*, as in multiboot2 */
};

struct boot_info {
	const char *protocol;		/* "multiboot1", "multiboot2" */
	char loader[64];
	char cmdline[BOOT_CMDLINE_MAX];
	struct e820_map e820;
	uint32_t nr_modules;
	struct boot_module module[BOOT_MODULES_MAX];
	uint8_t rsdp[36];		/* copy of the loader's RSDP, when it gave one */
	uint32_t rsdp_size;		/* 0: none, 20 or 36 */
	hpa_t rsdp_hpa;			/* where that copy lies, for acpi_init(); 0: none */
	bool efi;			/* booted by EFI firmware */
	struct boot_framebuffer framebuffer;
};

extern struct boot_info boot_info;

/* Loader values in EAX at entry. */
#define MULTIBOOT1_MAGIC	0x2badb002u
#define MULTIBOOT2_MAGIC	0x36d76289u

/*
 * Reads the loader's information (physical address, below 4 GiB) into *bi.
 * NULL, or what was wrong in words for a person. Boot CPU, boot page tables.
 */
const char *boot_info_read(struct boot_info *bi, uint32_t magic, uint32_t info) __must_check;
const char *multiboot1_read(struct boot_info *bi, uint32_t info) __must_check;
const char *multiboot2_read(struct boot_info *bi, uint32_t info) __must_check;

/* Physical addresses below this are mapped while the loader's structures are read (4 GiB; less in unit tests). */
extern uint64_t boot_map_limit;

/* Fills host_e820 from *bi and reserves what is in use: image, modules, page 0. 0 or -ENOSPC (map too fragmented). Boot CPU. */
int boot_reserve(const struct boot_info *bi) __must_check;

/* First module whose string's first word is `tag`, or NULL. Any context. */
const struct boot_module *boot_module_find(const char *tag);
/* The module's string after its tag and blanks; "" when there is none. Any context. */
const char *boot_module_args(const struct boot_module *m);
