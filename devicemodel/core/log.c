/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages on stderr, one write each so that lines of several threads do not mix. */
#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

int log_max_level = LOG_INFO;

static const char *const level_text[] = {
	[LOG_ERROR] = "error: ", [LOG_WARNING] = "warning: ", [LOG_INFO] = "", [LOG_DEBUG] = "debug: ",
};

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n, m;

	if ((int)level > log_max_level)
		return;
	n = snprintf(line, sizeof(line), "acrn-dm: %s", level_text[level]);
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (m < 0)
		return;
	n += m;
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	/* There is nobody to tell when stderr itself is broken. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}
