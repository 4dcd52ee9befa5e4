/* SPDX-License-Identifier: BSD-3-Clause */
/* What a scenario makes of a machine, in plain words. */
#pragma once

#include <stdio.h>

#include "board.h"
#include "setup.h"

/* `board` may be NULL. */
void explain_setup(const struct setup *setup, const struct board *board, FILE *out);
