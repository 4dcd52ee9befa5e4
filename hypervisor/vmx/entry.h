/* SPDX-License-Identifier: BSD-3-Clause */
/* The assembly around VM entry. */
#pragma once

#include "lib/types.h"

#define VMX_ENTER_RESUME	1u	/* else launch */

/*
 * Loads gpr[] (RSP excepted), launches or resumes, and returns after the exit
 * with the guest's registers stored: 0; -EINVAL when the instruction failed.
 * `host_rsp` is what VMCS_HOST_RSP holds; rewritten only when it differs.
 */
int vmx_enter(uint64_t *gpr, uint32_t flags, uint64_t *host_rsp);

/* VMCS_HOST_RIP; never called. */
void vmx_exit_point(void);
