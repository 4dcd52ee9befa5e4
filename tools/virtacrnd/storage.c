/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/storage.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tools/common/place.h"
#include "tools/virtacrnd/uuid.h"

#define TAIL	".pool"
#define STEP	64u

bool storage_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > STORAGE_NAME_MAX || *name == '.' || *name == '-')
		return false;
	for (; *name; name++)
		if (!isascii(*name) || (!isalnum(*name) && !strchr("._-+@", *name)))
			return false;
	return true;
}

bool storage_vol_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > STORAGE_VOL_MAX || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || *name == 0x7F || *name == '/' || *name == ',')
			return false;
	return true;
}

bool storage_find(const char *name, struct storage_pool *out)
{
	char path[PLACE_PATH_MAX], line[STORAGE_PATH_MAX + 64], uuid[64];
	FILE *file = storage_name_ok(name) ? fopen(place_conf(path, name, TAIL), "re") : NULL;
	bool ok = file && fgets(line, sizeof(line), file);
	int at = 0;

	if (file)
		fclose(file);
	if (!ok || sscanf(line, "%63s %n", uuid, &at) != 1 || !at || line[at] != '/' || !uuid_read(uuid, out->uuid))
		return false;
	snprintf(out->name, sizeof(out->name), "%s", name);
	snprintf(out->path, sizeof(out->path), "%.*s", (int)strcspn(line + at, "\n"), line + at);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Room for one more behind @nr of @size bytes each; NULL: no memory, and the list is freed. */
static void *grow(void **list, size_t nr, size_t size)
{
	void *bigger = nr % STEP ? *list : realloc(*list, (nr + STEP) * size);

	if (!bigger)
		free(*list);
	*list = bigger;
	return bigger ? (char *)bigger + nr * size : NULL;
}

int storage_list(struct storage_pool **out, size_t *nr)
{
	char path[PLACE_PATH_MAX];
	DIR *dir = opendir(place_conf(path, "", ""));
	struct dirent *entry;

	*out = NULL;
	*nr = 0;
	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name), end = strlen(TAIL);
		struct storage_pool *pool;

		if (len <= end || strcmp(entry->d_name + len - end, TAIL) != 0)
			continue;
		entry->d_name[len - end] = 0;
		pool = grow((void **)out, *nr, sizeof(*pool));
		if (!pool) {
			closedir(dir);
			return -ENOMEM;
		}
		*nr += storage_find(entry->d_name, pool);
	}
	if (dir)
		closedir(dir);
	if (*nr)
		qsort(*out, *nr, sizeof(**out), by_name);
	return 0;
}

/* Whole or not at all. */
int storage_define(const struct storage_pool *pool)
{
	char path[PLACE_PATH_MAX], new[PLACE_PATH_MAX], uuid[UUID_TEXT];
	int err = place_conf_make();
	FILE *file = err ? NULL : fopen(place_conf(new, pool->name, TAIL ".new"), "we");

	if (!file)
		return err ? err : -errno;
	fprintf(file, "%s %s\n", uuid_text(pool->uuid, uuid), pool->path);
	if (fflush(file) || fsync(fileno(file)))
		err = -errno;
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(new, place_conf(path, pool->name, TAIL)))
		err = -errno;
	if (err)
		unlink(new);
	return err;
}

int storage_undefine(const char *name)
{
	char path[PLACE_PATH_MAX];

	return unlink(place_conf(path, name, TAIL)) ? -errno : 0;
}

/* No link out of the folder is followed. */
static bool look(int dir, const char *name, struct storage_vol *out)
{
	struct stat st;

	if (!storage_vol_name_ok(name) || *name == '.' || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return false;
	snprintf(out->name, sizeof(out->name), "%s", name);
	out->capacity = st.st_size;
	out->allocation = st.st_blocks * 512ull;
	return true;
}

int storage_vols(const struct storage_pool *pool, struct storage_vol **out, size_t *nr)
{
	DIR *dir = opendir(pool->path);
	struct dirent *entry;

	*out = NULL;
	*nr = 0;
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		struct storage_vol *vol = grow((void **)out, *nr, sizeof(*vol));

		if (!vol) {
			closedir(dir);
			return -ENOMEM;
		}
		*nr += look(dirfd(dir), entry->d_name, vol);
	}
	closedir(dir);
	if (*nr)
		qsort(*out, *nr, sizeof(**out), by_name);
	return 0;
}

static int open_folder(const struct storage_pool *pool)
{
	int fd = open(pool->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int storage_vol_find(const struct storage_pool *pool, const char *name, struct storage_vol *out)
{
	int dir = open_folder(pool), err;

	if (dir < 0)
		return dir;
	err = look(dir, name, out) ? 0 : -ENOENT;
	close(dir);
	return err;
}

/* As acrn-dm locks the disks of its VM. */
static int lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno == EWOULDBLOCK ? -EBUSY : -errno;
}

int storage_vol_open(const struct storage_pool *pool, const char *name, bool writing, uint64_t *capacity)
{
	int dir = open_folder(pool), fd, err;
	struct storage_vol vol;
	struct stat st;

	if (dir < 0)
		return dir;
	errno = ENOENT;
	fd = look(dir, name, &vol) ? openat(dir, name, (writing ? O_WRONLY : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	err = fd < 0 ? -errno : 0;
	close(dir);
	if (err)
		return err;
	/* It may be another one than was looked at. */
	if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -ENOENT;
	else if (writing)
		err = lock(fd);
	if (!err) {
		*capacity = st.st_size;
		return fd;
	}
	close(fd);
	return err;
}

/* Copy all of @from; holes stay holes where the kernel can tell. */
static int copy(int from, int to)
{
	off_t at = 0, end;

	while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
		off_t out = at;

		end = lseek(from, at, SEEK_HOLE);
		while (at < end) {
			ssize_t n = copy_file_range(from, &at, to, &out, end - at, 0);

			if (n <= 0)
				return n ? -errno : -EIO;
		}
	}
	return errno == ENXIO ? 0 : -errno;
}

int storage_vol_create(const struct storage_pool *pool, const struct storage_vol *vol, int from)
{
	uint64_t taken = vol->allocation < vol->capacity ? vol->allocation : vol->capacity;
	int dir = open_folder(pool), fd, err = 0;

	if (dir < 0)
		return dir;
	fd = openat(dir, vol->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		err = -errno;
	else if (ftruncate(fd, vol->capacity))
		err = -errno;
	else if (taken)
		err = -posix_fallocate(fd, 0, taken);
	if (!err && from >= 0)
		err = copy(from, fd);
	if (err && fd >= 0)
		unlinkat(dir, vol->name, 0);
	if (fd >= 0)
		close(fd);
	close(dir);
	return err;
}

int storage_vol_delete(const struct storage_pool *pool, const char *name)
{
	int dir = open_folder(pool), fd = -1, err = 0;
	struct storage_vol vol;

	if (dir < 0)
		return dir;
	if (!look(dir, name, &vol))
		err = -ENOENT;
	else if ((fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) >= 0)
		err = lock(fd);
	if (!err && unlinkat(dir, name, 0))
		err = -errno;
	if (fd >= 0)
		close(fd);
	close(dir);
	return err;
}
