/* SPDX-License-Identifier: BSD-3-Clause */
/* The assembly around VM entry. */
#pragma once

#include "lib/types.h"

#define VMX_ENTER_RESUME	1u	/* else launch */
/*
 * Interrupts on in the host at the moment of entry. They exit from the guest in any case; but an emulator that computes at
 * the change of IF which events are open (Bochs 2.7) delivers none to a guest that keeps IF clear when the host's was clear too.
 */
#define VMX_ENTER_IF		2u

/*
 * Loads gpr[] (RSP excepted), launches or resumes, and returns after the exit
 * with the guest's registers stored: 0; -EINVAL when the instruction failed.
 * `host_rsp` is what VMCS_HOST_RSP holds; rewritten only when it differs.
 */
int vmx_enter(uint64_t *gpr, uint32_t flags, uint64_t *host_rsp);

/* VMCS_HOST_RIP; never called. */
void vmx_exit_point(void);
