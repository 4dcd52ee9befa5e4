/* SPDX-License-Identifier: BSD-3-Clause */
/* Two scenarios compared by what they mean, not by how they are written. */
#pragma once

#include <stdio.h>

#include "setup.h"

/* Prints one line for each difference. Their number, or -1 when out of memory. */
long diff_setups(const struct setup *a, const struct setup *b, FILE *out);
