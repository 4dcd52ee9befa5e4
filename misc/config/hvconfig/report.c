/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors of one input file, each with its line. */
#include "report.h"

#include <stdarg.h>

static void print_at(struct report *r, long line, const char *kind)
{
	if (line > 0)
		fprintf(r->out, "%s:%ld: %s: ", r->file, line, kind);
	else
		fprintf(r->out, "%s: %s: ", r->file, kind);
}

void report_error(struct report *r, long line, const char *fmt, ...)
{
	va_list ap;

	print_at(r, line, "error");
	va_start(ap, fmt);
	vfprintf(r->out, fmt, ap);
	va_end(ap);
	fputc('\n', r->out);
	r->errors++;
}

void report_note(struct report *r, long line, const char *fmt, ...)
{
	va_list ap;

	print_at(r, line, "note");
	va_start(ap, fmt);
	vfprintf(r->out, fmt, ap);
	va_end(ap);
	fputc('\n', r->out);
}
