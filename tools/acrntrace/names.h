/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of basic exit reasons (SDM vol. 3, appendix C), as the hypervisor's `vmexit` prints them. */
#pragma once
#include <stdint.h>

#define NR_REASONS	80u

/* NULL: no such reason is known. */
const char *exit_reason_name(uint32_t reason);
