/* SPDX-License-Identifier: BSD-3-Clause */
/* Words of the command line: names of cases, and key=value pairs. */
#pragma once

#include "lib/types.h"

/* True when the word stands there by itself. */
bool args_has(const char *word);
/* Number behind `key=`, or `otherwise`. */
uint64_t args_number(const char *key, uint64_t otherwise);
/* True when no word without '=' is given. */
bool args_names_nothing(void);
