/* SPDX-License-Identifier: BSD-3-Clause */
/* All findings about a setup. */
#pragma once

#include "fill.h"

/* Reports every fault of the scenario, and with a board every one of the two together. */
void rules_check(struct build *b);
