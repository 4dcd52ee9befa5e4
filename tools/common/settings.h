/* SPDX-License-Identifier: BSD-3-Clause */
/* What is kept of a VM beside its launch file: NAME.conf, key=value lines. See doc/man/acrnctl.1. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define SETTINGS_ARGS_MAX	32
#define SETTINGS_GROUP_MAX	32

struct settings {
	bool autostart;
	unsigned int order;		/* 0 to 99: lower starts earlier and stops later */
	unsigned int stop_timeout;	/* seconds a VM has for shutting down before it is ended */
	time_t start_at;		/* 0: no timed start */
	char group[SETTINGS_GROUP_MAX + 1];	/* that may command the VM besides root, "": none */
	char *arg[SETTINGS_ARGS_MAX + 1];	/* for the launch file; ends with NULL */
};

/* Read those of VM @name; no file means the defaults. 0, or -errno with @why (file:line, what is wrong, what would be right). */
int settings_read(const char *name, struct settings *s, char *why, size_t why_size);

/* Seconds that VM @name has for shutting down; the default where its settings cannot be read. */
unsigned int settings_stop_timeout(const char *name);

/* Write them, whole or not at all. 0 or -errno. */
int settings_write(const char *name, const struct settings *s);

/* Change one by "key=value". False with @why when it is not right. */
bool settings_set(struct settings *s, const char *text, char *why, size_t why_size);

void settings_free(struct settings *s);
