/* SPDX-License-Identifier: BSD-3-Clause */
/* Command line of acrntrace. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "tools/common/args.h"

struct options {
	uint64_t period_ms;		/* between two looks at the rings */
	uint64_t seconds;		/* 0: until it is stopped */
	bool some_cpus;			/* only cpus[] */
	bool cpus[ARGS_MAX_CPUS];
	bool keep_old;			/* what was recorded before the start counts too */
	bool clear_only;
	bool raw;			/* plain entries, not CTF */
	bool summary, json;
	const char *out;		/* folder; NULL: none */
	char named[64];			/* out, when it was not given */
};

/* 0: go on; 1: all is done (help was printed); 2: wrong, and said. */
int options_parse(struct options *o, int argc, char **argv);
