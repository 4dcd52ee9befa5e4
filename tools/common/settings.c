/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/common/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/args.h"
#include "tools/common/place.h"

#define LINE_SIZE	4096
#define TIME_FORMAT	"%Y-%m-%d %H:%M:%S"

static const struct settings defaults = { .order = 50, .stop_timeout = 60 };

void settings_free(struct settings *s)
{
	for (int i = 0; i < SETTINGS_ARGS_MAX; i++)
		free(s->arg[i]);
	*s = defaults;
}

static bool set_number(unsigned int *out, const char *value, uint64_t max)
{
	uint64_t n;

	if (!args_number(value, 0, max, &n))
		return false;
	*out = n;
	return true;
}

static bool set_time(time_t *out, const char *value)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *end;

	*out = 0;
	if (!*value)
		return true;
	end = strptime(value, TIME_FORMAT, &tm);
	if (!end || *end)
		return false;
	*out = mktime(&tm);
	return *out > 0;
}

static bool set_bool(bool *out, const char *value)
{
	*out = !strcmp(value, "yes");
	return *out || !strcmp(value, "no");
}

/* acrn-dm finds out whether there is such a group. */
static bool set_group(char *out, const char *value)
{
	if (strlen(value) > SETTINGS_GROUP_MAX || value[strcspn(value, ", \t")])
		return false;
	strcpy(out, value);
	return true;
}

static bool add_arg(struct settings *s, const char *value)
{
	int n = 0;

	while (s->arg[n])
		n++;
	if (n == SETTINGS_ARGS_MAX || strchr(value, '\n'))
		return false;
	s->arg[n] = strdup(value);
	return s->arg[n] != NULL;
}

bool settings_set(struct settings *s, const char *text, char *why, size_t why_size)
{
	static const char *const keys[] = { "autostart", "order", "stop_timeout", "start_at", "group", "arg" };
	static const char *const right[] = {
		"yes or no", "0 to 99", "seconds, 0 to 86400", "local time such as 2026-12-31 07:30:00, or nothing",
		"a group's name, or nothing", "an argument of the launch file, at most 32",
	};
	const char *value = strchr(text, '=');
	size_t len = value ? (size_t)(value - text) : strlen(text);
	bool ok = false;

	for (int i = 0; i < 6; i++) {
		if (!value || strlen(keys[i]) != len || strncmp(text, keys[i], len) != 0)
			continue;
		ok = i == 0 ? set_bool(&s->autostart, value + 1) :
		     i == 1 ? set_number(&s->order, value + 1, 99) :
		     i == 2 ? set_number(&s->stop_timeout, value + 1, 86400) :
		     i == 3 ? set_time(&s->start_at, value + 1) :
		     i == 4 ? set_group(s->group, value + 1) : add_arg(s, value + 1);
		if (!ok)
			snprintf(why, why_size, "%s takes %s, not \"%.60s\"", keys[i], right[i], value + 1);
		return ok;
	}
	snprintf(why, why_size, "\"%.60s\": expected KEY=VALUE with KEY autostart, order, stop_timeout, start_at, group or arg", text);
	return false;
}

int settings_read(const char *name, struct settings *s, char *why, size_t why_size)
{
	char path[PLACE_PATH_MAX], line[LINE_SIZE], what[256];
	unsigned int number = 0;
	FILE *file = fopen(place_conf(path, name, PLACE_SETTINGS), "re");
	int err = 0;

	*s = defaults;
	if (!file) {
		err = errno == ENOENT ? 0 : -errno;
		if (err)
			snprintf(why, why_size, "%s: %s", path, strerror(errno));
		return err;
	}
	while (!err && fgets(line, sizeof(line), file)) {
		number++;
		line[strcspn(line, "\n")] = 0;
		if (!*line || *line == '#' || settings_set(s, line, what, sizeof(what)))
			continue;
		snprintf(why, why_size, "%s:%u: %s", path, number, what);
		err = -EINVAL;
	}
	fclose(file);
	if (err)
		settings_free(s);
	return err;
}

unsigned int settings_stop_timeout(const char *name)
{
	unsigned int timeout = defaults.stop_timeout;
	struct settings s;
	char why[256];

	if (settings_read(name, &s, why, sizeof(why)) == 0) {
		timeout = s.stop_timeout;
		settings_free(&s);
	}
	return timeout;
}

static void put(FILE *file, const struct settings *s)
{
	struct tm tm;
	char when[32];

	fprintf(file, "autostart=%s\norder=%u\nstop_timeout=%u\n", s->autostart ? "yes" : "no", s->order, s->stop_timeout);
	if (s->start_at && localtime_r(&s->start_at, &tm) && strftime(when, sizeof(when), TIME_FORMAT, &tm))
		fprintf(file, "start_at=%s\n", when);
	if (*s->group)
		fprintf(file, "group=%s\n", s->group);
	for (int i = 0; s->arg[i]; i++)
		fprintf(file, "arg=%s\n", s->arg[i]);
}

int settings_write(const char *name, const struct settings *s)
{
	char path[PLACE_PATH_MAX], new[PLACE_PATH_MAX];
	FILE *file = fopen(place_conf(new, name, PLACE_SETTINGS ".new"), "we");
	int err = 0;

	if (!file)
		return -errno;
	put(file, s);
	if (fflush(file) || fsync(fileno(file)))
		err = -errno;
	if (fclose(file) && !err)
		err = -errno;
	/* What is there is replaced only by a whole file. */
	if (!err && rename(new, place_conf(path, name, PLACE_SETTINGS)))
		err = -errno;
	if (err)
		unlink(new);
	return err;
}
