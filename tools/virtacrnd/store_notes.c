/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written down about VMs whose launch file is acrnctl's, which has no place for it. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tools/common/place.h"
#include "tools/virtacrnd/store.h"
#include "tools/virtacrnd/store_priv.h"

bool store_has_notes(const char *name)
{
	char path[PLACE_PATH_MAX];
	uint8_t uuid[16];

	return !access(place_conf(path, name, PLACE_LAUNCH), F_OK) && !store_uuid(name, uuid);
}

char *store_notes(const char *name)
{
	char path[PLACE_PATH_MAX];

	return store_has_notes(name) ? store_read(place_conf(path, name, PLACE_NOTES)) : NULL;
}

int store_write_notes(const char *name, const char *text)
{
	char path[PLACE_PATH_MAX], new[PLACE_PATH_MAX];
	FILE *file;

	place_conf(path, name, PLACE_NOTES);
	if (!*text)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	file = store_create(place_conf(new, name, PLACE_NOTES ".new"));
	if (!file)
		return -errno;
	fputs(text, file);
	return store_finish(file, new, path, 0600);
}
