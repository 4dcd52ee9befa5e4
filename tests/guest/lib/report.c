/* SPDX-License-Identifier: BSD-3-Clause */
/* Counting of checks; called by one processor at a time. */
#include "lib/report.h"

#include "lib/console.h"
#include "lib/power.h"
#include "lib/printf.h"

#define MAX_PREFIXES	4u
#define TEXT_SIZE	176u

static const char *prefixes[MAX_PREFIXES];
static unsigned int nr_prefixes, nr_passed, nr_failed, nr_skipped, nr_xfailed;

void report_push(const char *prefix)
{
	if (nr_prefixes < MAX_PREFIXES)
		prefixes[nr_prefixes++] = prefix;
}

void report_pop(void)
{
	if (nr_prefixes)
		nr_prefixes--;
}

static void line(const char *word, const char *fmt, va_list ap)
{
	char text[TEXT_SIZE], head[64] = "";
	unsigned int i;
	int n = 0;

	for (i = 0; i < nr_prefixes && n < (int)sizeof(head); i++)
		n += snprintf(head + n, sizeof(head) - (size_t)n, "%s: ", prefixes[i]);
	vsnprintf(text, sizeof(text), fmt, ap);
	printf("%s: %s%s\n", word, head, text);
}

bool report(bool ok, const char *fmt, ...)
{
	va_list ap;

	nr_passed += ok;
	nr_failed += !ok;
	va_start(ap, fmt);
	line(ok ? "PASS" : "FAIL", fmt, ap);
	va_end(ap);
	return ok;
}

bool report_eq(uint64_t is, uint64_t want, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (is == want)
		return report(true, "%s", text);
	return report(false, "%s (is 0x%lx, should be 0x%lx)", text, is, want);
}

void report_xfail(bool ok, const char *fmt, ...)
{
	va_list ap;

	nr_xfailed += !ok;
	nr_failed += ok;
	va_start(ap, fmt);
	line(ok ? "FAIL" : "XFAIL", fmt, ap);
	va_end(ap);
}

void report_skip(const char *fmt, ...)
{
	va_list ap;

	nr_skipped++;
	va_start(ap, fmt);
	line("SKIP", fmt, ap);
	va_end(ap);
}

void report_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("INFO", fmt, ap);
	va_end(ap);
}

void report_end(void)
{
	printf("SUMMARY: %u tests, %u passed, %u failed, %u skipped, %u expected failures\n",
	       nr_passed + nr_failed + nr_xfailed, nr_passed, nr_failed, nr_skipped, nr_xfailed);
	power_off();
}
