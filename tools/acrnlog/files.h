/* SPDX-License-Identifier: BSD-3-Clause */
/* Log files DIR/acrnlog_cur.0, .1, ...: a full one is followed by the next, the oldest goes. */
#pragma once
#include <stdint.h>
#include <stdio.h>

struct files {
	const char *dir;
	uint64_t max_size;	/* bytes of one; 0: no limit */
	uint64_t max_nr;
	uint64_t number;	/* of the one that is written */
	FILE *now;
};

/* Makes DIR and begins after the files that are there. 0 or -errno. */
int files_open(struct files *f, const char *dir, uint64_t max_size, uint64_t max_nr);
/* Where to write the next line, complete with newline. NULL with errno set. */
FILE *files_line(struct files *f);
int files_close(struct files *f);
