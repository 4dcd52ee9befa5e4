/* SPDX-License-Identifier: BSD-3-Clause */
/* The log: a ring in memory that keeps the newest text, and the console. */
#include "log/log.h"

#include "lib/printf.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/console.h"
#include "x86/insn.h"

#define LOG_SIZE	(32u << 10)
#define LINE_SIZE	320u

static struct spinlock lock = SPINLOCK_INIT;
static char ring[LOG_SIZE];		/* [lock] */
static uint64_t written;		/* [lock] bytes ever written; ring index = written % LOG_SIZE */
static enum log_level console_level = LOG_INFO;
static unsigned int sink_level = LOG_INFO;
void (*log_sink)(enum log_level level, const char *text, size_t n);
static uint64_t ticks_per_ms;		/* 0: not known yet */

static const char *const level_prefix[] = {
	[LOG_ERR] = "error: ", [LOG_WARN] = "warning: ", [LOG_INFO] = "", [LOG_DEBUG] = "debug: ",
};

/* Messages up to this level are printed; all are kept. */
void log_set_level(enum log_level level)
{
	console_level = level;
}

/* See the header. */
enum log_level log_get_level(void)
{
	return console_level;
}

/* See the header. */
void log_set_sink_level(unsigned int level)
{
	sink_level = level;
}

/* See the header. */
unsigned int log_get_sink_level(void)
{
	return sink_level;
}

/* Messages carry a time from here on; `khz` of the TSC. */
void log_set_clock(uint64_t khz)
{
	ticks_per_ms = khz;
}

static size_t time_stamp(char *buf, size_t size)
{
	uint64_t us = ticks_per_ms ? rdtsc() / ticks_per_ms * 1000 + rdtsc() % ticks_per_ms * 1000 / ticks_per_ms : 0;

	return (size_t)snprintf(buf, size, "[%4lu.%06lu] ", us / 1000000, us % 1000000);
}

static void keep(const char *s, size_t n)
{
	spin_lock(&lock);
	for (size_t i = 0; i < n; i++)
		ring[written++ % LOG_SIZE] = s[i];
	spin_unlock(&lock);
}

/* Notes one line; a missing newline is added, what is over 300 characters is cut. Any context but NMI. */
void log_printf(enum log_level level, const char *fmt, ...)
{
	char line[LINE_SIZE];
	size_t stamp = time_stamp(line, sizeof(line)), n = stamp;
	void (*sink)(enum log_level level, const char *text, size_t n) = READ_ONCE(log_sink);
	va_list ap;

	n += str_copy(line + n, level_prefix[level], sizeof(line) - n);
	va_start(ap, fmt);
	n += (size_t)vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	n = MIN(n, sizeof(line) - 2);
	if (line[n - 1] != '\n')
		line[n++] = '\n';
	keep(line, n);
	if (sink && level <= sink_level)
		sink(level, line + stamp, n - stamp);
	if (level <= console_level)
		console_write(line, n);
}

/* See the header. Any context but NMI. */
size_t log_read(uint64_t *pos, char *buf, size_t size)
{
	size_t n = 0;

	spin_lock(&lock);
	if (*pos + LOG_SIZE < written || *pos > written)
		*pos = written > LOG_SIZE ? written - LOG_SIZE : 0;
	while (n < size && *pos < written)
		buf[n++] = ring[(*pos)++ % LOG_SIZE];
	spin_unlock(&lock);
	return n;
}

/* See the header. Any context but NMI. */
int log_error_origin(int e, const char *file, int line)
{
	log_debug("error %d from %s:%d", e, file, line);
	return e;
}
