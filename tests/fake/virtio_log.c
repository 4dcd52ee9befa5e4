/* SPDX-License-Identifier: BSD-3-Clause */
/* core/log.h for unit tests. */
#include "virtio_log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char text[8192];
static size_t used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int log_max_level = LOG_DEBUG;

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;
	int n;

	(void)level;
	pthread_mutex_lock(&lock);
	va_start(ap, fmt);
	n = vsnprintf(text + used, sizeof(text) - used, fmt, ap);
	va_end(ap);
	if (n > 0 && used + n + 2 < sizeof(text)) {
		used += n;
		text[used++] = '\n';
		text[used] = 0;
	}
	pthread_mutex_unlock(&lock);
}

const char *virtio_log_text(void)
{
	return text;
}

bool virtio_log_has(const char *part)
{
	return strstr(text, part);
}

void virtio_log_clear(void)
{
	used = 0;
	text[0] = 0;
}
