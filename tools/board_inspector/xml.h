/* SPDX-License-Identifier: BSD-3-Clause */
/* The board file (misc/config/schema/board.xsd). */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "board.h"

/* Writes the file; false: out of memory or the file could not be written. */
bool board_write(const struct board *b, const char *name, FILE *out);
