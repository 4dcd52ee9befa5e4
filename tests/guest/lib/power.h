/* SPDX-License-Identifier: BSD-3-Clause */
/* Ends and restarts of the machine a guest program runs on. */
#pragma once

#include "lib/types.h"

/* Soft-off: ACPI sleep control in a pre-launched VM, Bochs' own port on the bare machine. */
void __noreturn power_off(void);
