/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzz target for the loaders of kernels (libFuzzer's entry point): byte 0 the wanted type, byte 1: a ramdisk, marks of the formats put in; the rest a kernel. */
/* fuzz: hypervisor/machine/load.c hypervisor/machine/load_bzimage.c hypervisor/machine/load_elf.c hypervisor/machine/guest_acpi.c hypervisor/machine/acpi_write.c hypervisor/mm/e820.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/hv_load.c tests/fake/hv_string.c tests/fake/vm_mem.c tests/fake/vm_vm.c tests/fake/vm_time.c */
/* fuzz-flags: -DHOST_DIRECT_BASE=0ul */
#include <stdlib.h>
#include <string.h>

#include "hv_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The marks without which nothing behind the first check would be reached. */
static void put_marks(uint8_t *kernel, size_t size, uint8_t which)
{
	if (which & 2 && size > 0x212) {
		memcpy(kernel + 0x1fe, "\x55\xaa", 2);
		memcpy(kernel + 0x202, "HdrS\x0f\x02", 6);
		kernel[0x211] |= 1;
	}
	if (which & 4 && size > 0x40) {
		memcpy(kernel, which & 8 ? "\177ELF\2\1" : "\177ELF\1\1", 6);
		memcpy(kernel + 16, "\2\0\76\0", 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t disk[5000];
	struct load_image im = { .cmdline = "x" };
	uint8_t *kernel;

	if (size < 2 || size > 1 << 16)
		return 0;
	/* A copy of exactly its size, so that the sanitizer sees the first byte behind it. */
	kernel = malloc(size - 2 ? size - 2 : 1);
	memcpy(kernel, data + 2, size - 2);
	put_marks(kernel, size - 2, data[1]);
	im.kernel = kernel;
	im.kernel_size = size - 2;
	im.type = data[0] % 4;
	if (data[1] & 1) {
		im.ramdisk = disk;
		im.ramdisk_size = sizeof(disk);
	}
	/* One guest for all runs: what an earlier kernel left in its memory decides nothing. */
	if (!hv_load.vm)
		hv_load_make();
	hv_load.nr_regs = 0;
	/* What is started is a 32-bit entry; what is refused was started by nobody. */
	if (load_kernel(hv_load.vm, &im) ? hv_load.nr_regs != 0 : hv_load.nr_regs != 1 || hv_load.regs.rip >> 32)
		abort();
	free(kernel);
	return 0;
}
