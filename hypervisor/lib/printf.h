/* SPDX-License-Identifier: BSD-3-Clause */
/* Formatting: %d %u %x %lx %lu %ld %llx %s %c %p %% with width, 0, - and precision for %s. */
#pragma once

#include <stdarg.h>

#include "lib/types.h"

/* As in C99: always terminates (size > 0), returns the length the full text needs. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
