/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Results of a guest program, one line each, as tests/system/run counts them:
 *
 *	PASS: cpuid: leaf 1: no VMX
 *	FAIL: ...	SKIP: what: why		XFAIL: known not to hold
 *	SUMMARY: 12 tests, 11 passed, 0 failed, 1 skipped
 */
#pragma once

#include "lib/types.h"

/* One check; the text says what holds when it passes. Returns the condition. */
bool report(bool ok, const char *fmt, ...) __printf(2, 3);
/* A check of equality that prints both numbers when it fails. */
bool report_eq(uint64_t is, uint64_t want, const char *fmt, ...) __printf(3, 4);
/* As report(), but a failure is known and no failure of the run; that it holds after all is one. */
void report_xfail(bool ok, const char *fmt, ...) __printf(2, 3);
/* What cannot be tested here, and why. */
void report_skip(const char *fmt, ...) __printf(1, 2);
/* A measured number or other remark that is no check. */
void report_info(const char *fmt, ...) __printf(1, 2);

/* Nested words before the text, at most 4. */
void report_push(const char *prefix);
void report_pop(void);

/* Prints the summary and ends the machine. */
void __noreturn report_end(void);
