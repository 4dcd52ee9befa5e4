/* SPDX-License-Identifier: BSD-3-Clause */
/* Entering VMX operation on a CPU (SDM vol 3, 23.7); it stays there. */
#pragma once

#include "lib/types.h"

/* Own CPU. 0; -ENOMEM; -ENODEV when the CPU refuses (after a message). */
int vmxon_enable(void) __must_check;
