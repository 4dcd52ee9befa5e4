/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors of one input file, each with its line. */
#pragma once

#include <stdio.h>

struct report {
	const char *file;	/* as the user named it */
	FILE *out;
	unsigned int errors;	/* printed so far */
};

/* Prints "file:line: error: sentence" and counts it; a line below 1 is left out. */
void report_error(struct report *r, long line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Prints "file:line: note: sentence", which explains the error before. */
void report_note(struct report *r, long line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
