/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold in the host's page tables whatever happened. */
#pragma once

#include "lib/types.h"

/*
 * Walks the host's tables: nothing is writable and executable, only the image's code is executable, code and constants have no
 * writable alias, guard pages are unmapped. Returns how many faults; `after`, what happened before, in the log with each; NULL:
 * counts only. Any CPU.
 */
unsigned int hostcheck_run(const char *after);
