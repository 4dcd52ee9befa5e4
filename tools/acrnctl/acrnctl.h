/* SPDX-License-Identifier: BSD-3-Clause */
/* What acrnctl's commands share: options, exit codes, and how results are said. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "tools/common/monitor.h"

/* Exit codes; of several VMs the last failure counts. */
enum {
	CTL_OK = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_NO_VM = 3,		/* there is no such VM */
	CTL_STATE = 4,		/* it is not in the state for this */
	CTL_TIMEOUT = 5,
	CTL_DENIED = 6,		/* not allowed */
};

struct ctl_options {
	bool json, force;
	unsigned int timeout_s;		/* 0: the command's own */
	unsigned int rounds;		/* of top; 0: without end */
	unsigned int delay_s;		/* of top */
	const char *name;		/* of add */
	const char *port;		/* of console */
};

extern struct ctl_options ctl;

/* One line about VM @name: "NAME TEXT", or {"vm":NAME,"ok":true,...} with the members of @more, which is consumed. Returns CTL_OK. */
int ctl_done(const char *name, json_t *more, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for what went wrong, on standard error, or {"vm":NAME,"ok":false,"error":{"code":..,"message":..}}. Returns @code. */
int ctl_fail(int code, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Connect to the VM's command socket; 0, or a CTL_* code with the reason said. */
int ctl_connect(struct monitor *m, const char *name);

/* Give one command; 0 and *@answer (when wanted), or a CTL_* code with the reason said. */
int ctl_ask(struct monitor *m, const char *name, const char *command, json_t *args, json_t **answer);

/* The commands: argv[0] is the first argument behind the options. Each returns a CTL_* code. */
int cmd_list(int argc, char **argv);
int cmd_add(int argc, char **argv);
int cmd_del(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_start(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_reboot(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_blkrescan(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_events(int argc, char **argv);
