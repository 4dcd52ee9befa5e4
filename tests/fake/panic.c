/* SPDX-License-Identifier: BSD-3-Clause */
/* A panic ends the test process by SIGABRT: expect it with tcase_add_test_raise_signal(). */
#include "log/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

bool panic_active(void)
{
	return false;
}
