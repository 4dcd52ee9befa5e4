/* SPDX-License-Identifier: BSD-3-Clause */
/* Text output on the first serial port. */
#pragma once

#include "lib/types.h"

void console_init(void);
/* At most 255 characters at a time. Any processor; lines of two do not mix. */
void printf(const char *fmt, ...) __printf(1, 2);
/* Waits until the last character has left. */
void console_flush(void);
