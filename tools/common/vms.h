/* SPDX-License-Identifier: BSD-3-Clause */
/* The VMs there are: those defined by launch files, and those that run. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "tools/common/place.h"

struct vm_info {
	char name[PLACE_NAME_MAX + 1];
	bool defined;		/* there is a launch file */
	/* "stopped", what the command socket says, "stuck" (does not answer) or "unknown" (we may not ask) */
	char state[12];
	int pid;		/* of acrn-dm, 0: none */
};

/* All VMs, sorted by name; free() *@out. 0 or -errno. */
int vms_list(struct vm_info **out, size_t *nr);

/* One VM; false: there is none of that name. */
bool vms_find(const char *name, struct vm_info *out);

/* Whether an acrn-dm answers for it, or at least holds its socket. */
bool vms_is_up(const struct vm_info *vm);
