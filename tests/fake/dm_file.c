/* SPDX-License-Identifier: BSD-3-Clause */
/* See dm_file.h. */
#include "dm_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *fake_file(int slot, const void *data, size_t len)
{
	static char path[4][32];
	static int fd[4];

	if (fd[slot] > 0)
		close(fd[slot]);
	fd[slot] = memfd_create("dm-test", 0);
	if (fd[slot] < 0 || write(fd[slot], data, len) != (ssize_t)len)
		abort();
	snprintf(path[slot], sizeof(path[slot]), "/proc/self/fd/%d", fd[slot]);
	return path[slot];
}

void fake_bzimage(uint8_t *image, size_t size)
{
	const uint32_t align = 0x200000, init_size = 0x400000, initrd_max = 0x37FFFFFF, cmdline = 2047;
	const uint16_t flag = 0xAA55, version = 0x020F;

	memset(image, 0x90, size);
	memset(image, 0, 1024);
	image[0x1F1] = 1;			/* one setup sector after the boot sector */
	memcpy(image + 0x1FE, &flag, 2);
	image[0x200] = 0xEB;
	image[0x201] = 0x66;
	memcpy(image + 0x202, "HdrS", 4);
	memcpy(image + 0x206, &version, 2);
	image[0x211] = 1;			/* LOADED_HIGH */
	memcpy(image + 0x22C, &initrd_max, 4);
	memcpy(image + 0x230, &align, 4);
	image[0x234] = 1;			/* relocatable */
	memcpy(image + 0x238, &cmdline, 4);
	memcpy(image + 0x260, &init_size, 4);
}
