/* SPDX-License-Identifier: BSD-3-Clause */
/* See file.h. */
#include "boot/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

int boot_file_open(struct boot_file *file, const char *path, const char *what)
{
	struct stat st;
	int err = 0;

	*file = (struct boot_file){ .path = path, .what = what };
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0 || fstat(file->fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	else if (st.st_size == 0)
		err = -ENODATA;
	if (err) {
		log_error("%s '%s': %s", what, path, err == -EINVAL ? "not a regular file" :
			  err == -ENODATA ? "the file is empty" : strerror(-err));
		boot_file_close(file);
		return err;
	}
	file->size = st.st_size;
	return 0;
}

int boot_file_read(const struct boot_file *file, uint64_t offset, void *buf, uint64_t len)
{
	uint8_t *p = buf;

	while (len) {
		ssize_t n = pread(file->fd, p, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			log_error("%s '%s': cannot read %llu bytes at offset %llu: %s", file->what, file->path,
				  (unsigned long long)len, (unsigned long long)offset,
				  n < 0 ? strerror(errno) : "the file is truncated");
			return -EIO;
		}
		p += n;
		offset += n;
		len -= n;
	}
	return 0;
}

void boot_file_close(struct boot_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}
