/* SPDX-License-Identifier: BSD-3-Clause */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "acrnlog_cur."

static void path_of(const struct files *f, uint64_t number, char *path, size_t size)
{
	snprintf(path, size, "%s/" PREFIX "%llu", f->dir, (unsigned long long)number);
}

/* Removes what is too old, and returns the first free number. */
static uint64_t sweep(const struct files *f, uint64_t before)
{
	DIR *d = opendir(f->dir);
	struct dirent *e;
	uint64_t next = 0;

	while (d && (e = readdir(d))) {
		uint64_t number;
		char *end, path[4096];

		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)))
			continue;
		number = strtoull(e->d_name + strlen(PREFIX), &end, 10);
		if (*end || end == e->d_name + strlen(PREFIX))
			continue;
		next = number >= next ? number + 1 : next;
		path_of(f, number, path, sizeof(path));
		if (number < before)
			unlink(path);
	}
	if (d)
		closedir(d);
	return next;
}

static int begin(struct files *f)
{
	char path[4096];

	path_of(f, f->number, path, sizeof(path));
	f->now = fopen(path, "w");
	if (!f->now)
		return -errno;
	if (f->number >= f->max_nr)
		sweep(f, f->number - f->max_nr + 1);
	return 0;
}

int files_open(struct files *f, const char *dir, uint64_t max_size, uint64_t max_nr)
{
	*f = (struct files){ .dir = dir, .max_size = max_size, .max_nr = max_nr };
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	f->number = sweep(f, 0);
	return begin(f);
}

FILE *files_line(struct files *f)
{
	if (f->max_size && (uint64_t)ftell(f->now) >= f->max_size) {
		if (files_close(f))
			return NULL;
		f->number++;
		if (begin(f))
			return NULL;
	}
	return f->now;
}

int files_close(struct files *f)
{
	int failed = ferror(f->now);

	return fclose(f->now) || failed ? -EIO : 0;
}
