/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/common/place.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *folder(const char *variable, const char *usual)
{
	const char *value = getenv(variable);

	return value && *value ? value : usual;
}

bool place_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > PLACE_NAME_MAX || *name == '.' || *name == '-')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr(".:_-", *name))
			return false;
	return true;
}

char *place_run(char *path, const char *name, const char *tail)
{
	snprintf(path, PLACE_PATH_MAX, "%s%s%s%s", folder("ACRN_RUN_DIR", PLACE_RUN), *name ? "/" : "", name, tail);
	return path;
}

char *place_conf(char *path, const char *name, const char *tail)
{
	snprintf(path, PLACE_PATH_MAX, "%s%s%s%s", folder("ACRN_CONF_DIR", PLACE_CONF), *name ? "/" : "", name, tail);
	return path;
}

/* With all folders above it. */
static int make_all(char *path)
{
	for (char *p = path + 1; ; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = 0;
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*p = c;
		if (!c)
			return 0;
	}
}

int place_run_make(void)
{
	char path[PLACE_PATH_MAX];

	return make_all(place_run(path, "", ""));
}

int place_conf_make(void)
{
	char path[PLACE_PATH_MAX];

	return make_all(place_conf(path, "", ""));
}
