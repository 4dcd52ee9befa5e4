/* SPDX-License-Identifier: BSD-3-Clause */
/* Boot information: choosing the reader, reserving memory in use, finding modules. */
#include "boot/boot.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/console.h"
#include "mm/hostmap.h"

struct boot_info boot_info;
uint64_t boot_map_limit = 4ul << 30;

/* See the header. */
const char *boot_info_read(struct boot_info *bi, uint32_t magic, uint32_t info)
{
	const char *err = "not started by a multiboot1 or multiboot2 boot loader";

	if (magic == MULTIBOOT2_MAGIC)
		err = multiboot2_read(bi, info);
	else if (magic == MULTIBOOT1_MAGIC)
		err = multiboot1_read(bi, info);
	if (!err && bi->rsdp_size)
		bi->rsdp_hpa = hva_to_hpa(bi->rsdp);
	return err;
}

static int reserve(uint64_t start, uint64_t size)
{
	uint64_t end = ALIGN_UP(start + size, PAGE_SIZE);

	start = ALIGN_DOWN(start, PAGE_SIZE);
	return e820_carve(&host_e820, start, end - start, E820_RESERVED);
}

/* See the header. 0 or -ENOSPC (map too fragmented). */
int boot_reserve(const struct boot_info *bi)
{
	hpa_t image;
	uint64_t size;

	host_e820 = bi->e820;
	e820_firmware = bi->e820;
	hostmap_image(&image, &size);
	if (reserve(image.v, size))
		return -ENOSPC;
	for (uint32_t i = 0; i < bi->nr_modules; i++)
		if (bi->module[i].size && reserve(bi->module[i].start.v, bi->module[i].size))
			return -ENOSPC;
	/* Page 0: interrupt vectors and BIOS data, which a Service VM's firmware calls may want. */
	return reserve(0, PAGE_SIZE);
}

static size_t word_length(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != ' ' && s[n] != '\t')
		n++;
	return n;
}

/* See the header. */
const struct boot_module *boot_module_find(const char *tag)
{
	size_t n = strlen(tag);

	for (uint32_t i = 0; i < boot_info.nr_modules; i++) {
		const char *s = boot_info.module[i].string;

		if (word_length(s) == n && !strncmp(s, tag, n))
			return &boot_info.module[i];
	}
	return NULL;
}

/* See the header. */
const char *boot_module_args(const struct boot_module *m)
{
	const char *s = m->string + word_length(m->string);

	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}
