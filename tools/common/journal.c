/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/common/journal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>

static bool plain;

void journal_to_stdout(void)
{
	plain = true;
	setvbuf(stdout, NULL, _IOLBF, 0);
}

void journal(int priority, const char *vm, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Set by systemd for services whose output the journal takes (systemd.exec(5)). */
	if (plain || !getenv("JOURNAL_STREAM"))
		fprintf(plain ? stdout : stderr, "%s: %s%s%s\n", program_invocation_short_name, vm ? vm : "", vm ? ": " : "", text);
	else if (vm)
		sd_journal_send("PRIORITY=%i", priority, "MESSAGE=%s: %s", vm, text, "ACRN_VM=%s", vm, NULL);
	else
		sd_journal_send("PRIORITY=%i", priority, "MESSAGE=%s", text, NULL);
}
