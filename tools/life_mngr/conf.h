/* SPDX-License-Identifier: BSD-3-Clause */
/* life_mngr.conf: KEY=value lines, keys as the reference has them and some more. See doc/man/life_mngr.8. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define CONF_LINES_MAX	16
#define CONF_VALUE_MAX	128

struct conf {
	bool service_vm;				/* VM_TYPE */
	char name[CONF_VALUE_MAX];			/* VM_NAME */
	char line[CONF_LINES_MAX][CONF_VALUE_MAX];	/* DEV_NAME: the serial lines' devices */
	unsigned int nr_lines;
	char may_shutdown[CONF_VALUE_MAX];		/* ALLOW_TRIGGER_S5: the line whose VM may ask for it, or "" */
	char may_reboot[CONF_VALUE_MAX];		/* ALLOW_TRIGGER_SYSREBOOT */
	unsigned int timeout_s;				/* SHUTDOWN_TIMEOUT */
	char poweroff[CONF_VALUE_MAX];			/* POWEROFF_COMMAND, REBOOT_COMMAND */
	char reboot[CONF_VALUE_MAX];
};

/* 0, or -errno with @why: file:line, what is wrong, what would be right. */
int conf_read(const char *path, struct conf *conf, char *why, size_t why_size);
