/* SPDX-License-Identifier: BSD-3-Clause */
/* What store.c and store_rename.c share: the parts of a definition, and files that are there whole or not at all. */
#pragma once
#include <stdio.h>
#include <sys/types.h>

#include "tools/common/place.h"

struct domxml;

#define STORE_MARK	"# virtacrnd "
#define STORE_RENAMED	"exit # "		/* and a name: the XML behind this line is the definition's by that name */
#define STORE_MOVING	PLACE_LAUNCH ".moving"	/* what moves from here to a launch file changes no definition: watch.c tells nobody */

void store_put_head(FILE *file, const struct domxml *x);
void store_put_exec(FILE *file, const struct domxml *x, const char *dm);
void store_put_xml(FILE *file, const char *text);

/* A whole file, with a zero behind it; free() it. NULL with errno. */
char *store_read(const char *path);

/* A new file for its owner, NULL with errno. */
FILE *store_create(const char *path);

/* Close it and move it from @new to @path: it takes its place only when it is whole and on the disk. 0, or -errno and it is gone. */
int store_finish(FILE *file, const char *new, const char *path, mode_t mode);

/* A lock on a file: it is in use as long as somebody has that. A descriptor; -EWOULDBLOCK: somebody has; another -errno. */
int store_lock(const char *path);

/* Write a definition by way of a file with this ending. 0 or -errno. */
int store_write_by(const struct domxml *x, const char *dm, const char *tail);
