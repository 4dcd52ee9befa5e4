/* SPDX-License-Identifier: BSD-3-Clause */
/* A setup as a flat list of what holds, each fact with a name: what diff compares. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "setup.h"

struct fact {
	char vm[16];		/* "": about the scenario as a whole */
	char name[64];
	char *value;
};

struct facts {
	struct fact *fact;
	size_t nr, room;
	bool failed;		/* out of memory */
};

/* Adds everything `setup` says. facts_free() afterwards, also when it failed. */
void facts_collect(struct facts *f, const struct setup *setup);
void facts_free(struct facts *f);

/* The fact of this VM and name; NULL: none. */
const struct fact *facts_find(const struct facts *f, const char *vm, const char *name);
