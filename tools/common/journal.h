/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages: into the journal with field ACRN_VM when the journal listens, else a line each. */
#pragma once
#include <stdbool.h>
#include <syslog.h>

/* Lines go to standard output instead of standard error, and never to the journal. */
void journal_to_stdout(void);

/* @vm NULL: about no VM. @priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO. */
void journal(int priority, const char *vm, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
