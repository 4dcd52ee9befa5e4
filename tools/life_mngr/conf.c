/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/life_mngr/conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/args.h"

#define LINE_SIZE 4096
#define TTY	"tty:"

static bool set_type(struct conf *c, const char *value)
{
	c->service_vm = !strcmp(value, "service_vm");
	return c->service_vm || !strcmp(value, "user_vm");
}

static bool set_text(char *to, const char *value)
{
	snprintf(to, CONF_VALUE_MAX, "%s", value);
	return *value && strlen(value) < CONF_VALUE_MAX;
}

static bool set_name(struct conf *c, const char *value)
{
	return set_text(c->name, value);
}

static bool set_lines(struct conf *c, const char *value)
{
	c->nr_lines = 0;
	if (strncmp(value, TTY, strlen(TTY)) != 0)
		return false;
	value += strlen(TTY);
	for (;;) {
		size_t len = strcspn(value, ",");

		if (*value != '/' || len >= CONF_VALUE_MAX || c->nr_lines == CONF_LINES_MAX)
			return false;
		snprintf(c->line[c->nr_lines++], CONF_VALUE_MAX, "%.*s", (int)len, value);
		if (!value[len])
			return true;
		value += len + 1;
	}
}

static bool set_shutdown(struct conf *c, const char *value)
{
	return set_text(c->may_shutdown, value) && *value == '/';
}

static bool set_reboot(struct conf *c, const char *value)
{
	return set_text(c->may_reboot, value) && *value == '/';
}

static bool set_timeout(struct conf *c, const char *value)
{
	uint64_t n;

	if (!args_number(value, 1, 86400, &n))
		return false;
	c->timeout_s = n;
	return true;
}

static bool set_poweroff(struct conf *c, const char *value)
{
	return set_text(c->poweroff, value);
}

static bool set_reboot_command(struct conf *c, const char *value)
{
	return set_text(c->reboot, value);
}

static const struct {
	const char *key;
	bool (*set)(struct conf *c, const char *value);
	const char *right;
} keys[] = {
	{ "VM_TYPE", set_type, "service_vm or user_vm" },
	{ "VM_NAME", set_name, "a name" },
	{ "DEV_NAME", set_lines, "tty: and up to 16 devices, such as tty:/dev/ttyS8,/dev/ttyS9" },
	{ "ALLOW_TRIGGER_S5", set_shutdown, "one of the devices" },
	{ "ALLOW_TRIGGER_SYSREBOOT", set_reboot, "one of the devices" },
	{ "SHUTDOWN_TIMEOUT", set_timeout, "seconds, 1 to 86400" },
	{ "POWEROFF_COMMAND", set_poweroff, "a command of at most 127 characters" },
	{ "REBOOT_COMMAND", set_reboot_command, "a command of at most 127 characters" },
};

#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

/* NULL, or what is wrong with the line. */
static const char *take(struct conf *c, char *line, char *why, size_t size)
{
	char *value = strchr(line, '=');
	size_t len = value ? (size_t)(value - line) : 0;

	/* As users write it: "VM_NAME= ACRN_Service_VM". */
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	for (size_t i = 0; i < NR_KEYS; i++) {
		if (!value || strlen(keys[i].key) != len || strncmp(line, keys[i].key, len) != 0)
			continue;
		value += 1 + strspn(value + 1, " \t");
		if (keys[i].set(c, value))
			return NULL;
		snprintf(why, size, "%s takes %s, not \"%.60s\"", keys[i].key, keys[i].right, value);
		return why;
	}
	snprintf(why, size, "\"%.60s\" is not KEY=VALUE with a known key", line);
	return why;
}

/* What is missing, or NULL. */
static const char *missing(const struct conf *c, bool typed)
{
	if (!typed)
		return "VM_TYPE is missing: service_vm or user_vm";
	if (!*c->name)
		return "VM_NAME is missing";
	if (!c->nr_lines)
		return "DEV_NAME is missing, such as tty:/dev/ttyS1";
	if (!c->service_vm && c->nr_lines > 1)
		return "DEV_NAME: a user VM has one line, to the Service VM";
	return NULL;
}

int conf_read(const char *path, struct conf *c, char *why, size_t why_size)
{
	char line[LINE_SIZE], what[256];
	const char *wrong = NULL;
	unsigned int number = 0;
	bool typed = false;
	FILE *file = fopen(path, "re");

	*c = (struct conf){ .timeout_s = 300, .poweroff = "systemctl poweroff", .reboot = "systemctl reboot" };
	if (!file) {
		snprintf(why, why_size, "%s: %s", path, strerror(errno));
		return -errno;
	}
	while (!wrong && fgets(line, sizeof(line), file)) {
		size_t len = strcspn(line, "\r\n");

		number++;
		while (len && isspace((unsigned char)line[len - 1]))
			len--;
		line[len] = 0;
		if (!*line || *line == '#')
			continue;
		wrong = take(c, line, what, sizeof(what));
		typed = typed || !strncmp(line, "VM_TYPE", 7);
	}
	fclose(file);
	if (wrong)
		snprintf(why, why_size, "%s:%u: %s", path, number, wrong);
	else if ((wrong = missing(c, typed)))
		snprintf(why, why_size, "%s: %s", path, wrong);
	return wrong ? -EINVAL : 0;
}
