/* SPDX-License-Identifier: BSD-3-Clause */
/* Files a VM boots from: opened, measured, and read piecewise straight into guest memory. */
#pragma once

#include <stdint.h>

struct boot_file {
	const char *path;
	const char *what;		/* "kernel", "ramdisk": for messages */
	int fd;
	uint64_t size;
};

/* Open a regular file that is not empty. -errno with a message. */
int boot_file_open(struct boot_file *file, const char *path, const char *what);

/* Read exactly [offset, offset + len); -EIO with a message when the file is shorter than it was. */
int boot_file_read(const struct boot_file *file, uint64_t offset, void *buf, uint64_t len);

void boot_file_close(struct boot_file *file);
