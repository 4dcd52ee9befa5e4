/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/common/args.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* Number at *text, which is moved behind it. */
static bool take_number(const char **text, uint64_t max, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*out = strtoull(*text, &end, 10);
	*text = end;
	return !errno && *out <= max;
}

bool args_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	return take_number(&text, max, out) && !*text && *out >= min;
}

bool args_cpus(const char *text, bool *cpus)
{
	uint64_t first, last;

	for (;;) {
		if (!take_number(&text, ARGS_MAX_CPUS - 1, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!take_number(&text, ARGS_MAX_CPUS - 1, &last) || last < first)
				return false;
		}
		while (first <= last)
			cpus[first++] = true;
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
}

void args_json_string(FILE *out, const char *text, size_t n)
{
	fputc('"', out);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c > '~')
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}
