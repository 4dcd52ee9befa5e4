/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzz target for the boot loader's information (libFuzzer's entry point): byte 0 the protocol, byte 1 where it lies and whether the rest are multiboot2 tags that only want to be put in a row, the rest the information. */
/* fuzz: hypervisor/boot/multiboot1.c hypervisor/boot/multiboot2.c hypervisor/boot/boot.c hypervisor/mm/e820.c */
/* fuzz-flags: -include tests/fake/direct_base.h */
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "lib/util.h"
#include "mm/hostmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY	0x4000u

void hostmap_image(hpa_t *start, uint64_t *size)
{
	*start = hpa(0x200000);
	*size = 0x45678;
}

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void judge(const struct boot_info *bi)
{
	uint32_t i;

	expect(strnlen(bi->cmdline, sizeof(bi->cmdline)) < sizeof(bi->cmdline) &&
	       strnlen(bi->loader, sizeof(bi->loader)) < sizeof(bi->loader));
	expect(bi->nr_modules <= BOOT_MODULES_MAX && bi->e820.nr <= E820_MAX);
	expect(bi->rsdp_size == 0 || bi->rsdp_size == 20 || bi->rsdp_size == 36);
	for (i = 0; i < bi->nr_modules; i++)
		expect(strnlen(bi->module[i].string, BOOT_STRING_MAX) < BOOT_STRING_MAX &&
		       range_fits(bi->module[i].start.v, bi->module[i].size, ~0ul));
	for (i = 1; i < bi->e820.nr; i++)
		expect(bi->e820.entry[i - 1].base + bi->e820.entry[i - 1].size <= bi->e820.entry[i].base);
}

/* Tags of one byte each for type and size, up to 31 bytes of data: with headers, ends and padding as they should be. */
static void put_tags(uint8_t *info, const uint8_t *data, size_t size)
{
	uint32_t at = 8, total, nr;

	for (; size >= 2 && at < MEMORY / 2; data += 2 + nr, size -= 2 + nr) {
		uint32_t head[2] = { data[0] % 24u, 0 };

		nr = (uint32_t)MIN((size_t)(data[1] & 31), size - 2);
		head[1] = 8 + nr;
		memcpy(info + at, head, 8);
		memcpy(info + at + 8, data + 2, nr);
		at = ALIGN_UP(at + 8 + nr, 8u);
	}
	memcpy(info + at, (uint32_t[2]){ 0, 8 }, 8);
	total = at + 8;
	memcpy(info, &total, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_info bi;
	uint8_t *memory;
	uint32_t at, total;

	if (size < 3 || size - 3 > MEMORY - 0x1000)
		return 0;
	memory = calloc(1, MEMORY);
	fake_direct_base = (uint64_t)memory;
	boot_map_limit = MEMORY;
	/* At 0x1000, or such that it reaches to the end of memory. */
	at = data[1] & 1 ? ALIGN_DOWN((uint32_t)(MEMORY - (size - 3)), 8u) : 0x1000;
	memcpy(memory + at, data + 3, size - 3);
	total = (uint32_t)(size - 3);
	/* The size that multiboot2 begins with is right, mostly. */
	if (!(data[1] & 2) && size >= 7)
		memcpy(memory + at, &total, 4);
	if (data[1] & 4)
		put_tags(memory + 0x1000, data + 3, size - 3);
	memset(&bi, 0, sizeof(bi));
	if (!boot_info_read(&bi, data[0] & 1 ? MULTIBOOT2_MAGIC : MULTIBOOT1_MAGIC, data[1] & 4 ? 0x1000 : at)) {
		judge(&bi);
		(void)boot_reserve(&bi);
	}
	free(memory);
	return 0;
}
