/* SPDX-License-Identifier: BSD-3-Clause */
/* Findings in one input file, each with its line. */
#include "report.h"

#include <stdarg.h>

static void print_at(struct report *r, long line, const char *kind, const char *fmt, va_list ap)
{
	if (line > 0)
		fprintf(r->out, "%s:%ld: %s: ", r->file, line, kind);
	else
		fprintf(r->out, "%s: %s: ", r->file, kind);
	vfprintf(r->out, fmt, ap);
	fputc('\n', r->out);
}

void report_error(struct report *r, long line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_at(r, line, "error", fmt, ap);
	va_end(ap);
	if (r->errors < REPORT_MAX_LINES)
		r->lines[r->errors] = line;
	r->errors++;
}

void report_warning(struct report *r, long line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_at(r, line, "warning", fmt, ap);
	va_end(ap);
	r->warnings++;
}

void report_note(struct report *r, long line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_at(r, line, "note", fmt, ap);
	va_end(ap);
}

bool report_has(const struct report *r, long first, long last)
{
	for (unsigned int i = 0; i < r->errors && i < REPORT_MAX_LINES; i++)
		if (r->lines[i] >= first && r->lines[i] <= last)
			return true;
	return false;
}
