/* SPDX-License-Identifier: BSD-3-Clause */
/* Findings in one input file, each with its line. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#define REPORT_MAX_LINES	512u

struct report {
	const char *file;	/* as the user named it */
	FILE *out;
	unsigned int errors;	/* printed so far */
	unsigned int warnings;
	long lines[REPORT_MAX_LINES];	/* of the first errors */
};

/* Prints "file:line: error: sentence" and counts it; a line below 1 is left out. */
void report_error(struct report *r, long line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for what is right as far as it goes, but will not do what was meant. */
void report_warning(struct report *r, long line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Prints "file:line: note: sentence", which explains the error before. */
void report_note(struct report *r, long line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Was there an error in one of these lines? */
bool report_has(const struct report *r, long first, long last);
