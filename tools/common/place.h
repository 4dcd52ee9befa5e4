/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the tools that manage VMs find things. The two folders are written here and nowhere else. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define PLACE_RUN	"/run/acrn"			/* sockets, output of launch files; env ACRN_RUN_DIR */
#define PLACE_CONF	"/usr/share/acrn/conf/add"	/* definitions of VMs; env ACRN_CONF_DIR */

#define PLACE_PATH_MAX	256
#define PLACE_NAME_MAX	15				/* of a VM, as acrn-dm has it */

#define PLACE_SOCKET	".monitor.sock"
#define PLACE_LAUNCH	".sh"
#define PLACE_SETTINGS	".conf"
#define PLACE_NOTES	".notes.xml"			/* what virtacrnd's clients wrote down about a VM of acrnctl's */
#define PLACE_LOG	".log"
#define PLACE_ONCE	".once.sh"			/* in PLACE_RUN: a launch file for one run */

/* A name that can be a VM's and a file's: 1 to 15 of letters, digits and ".:_-", not beginning with '.' or '-'. */
bool place_name_ok(const char *name);

/* FOLDER/NAME TAIL, such as place_run(p, "vm1", PLACE_SOCKET). Returns @path, of PLACE_PATH_MAX bytes. */
char *place_run(char *path, const char *name, const char *tail);
char *place_conf(char *path, const char *name, const char *tail);

/* Make the folder if it is missing. 0 or -errno. */
int place_run_make(void);
int place_conf_make(void);
