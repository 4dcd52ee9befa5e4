/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VMX controls this CPU takes. Each control word is asked for as "required" and
 * "wanted" bits once; afterwards every write goes through vmx_caps_adjust(),
 * so that no use site tests features (SDM vol 3, appendix A.3 - A.5).
 */
#pragma once

#include "lib/types.h"

enum vmx_word { VMX_PIN, VMX_PROC, VMX_PROC2, VMX_EXIT, VMX_ENTRY, NR_VMX_WORDS };

struct vmx_caps {
	uint32_t basic_revision;
	uint32_t set[NR_VMX_WORDS];	/* bits that must be 1 */
	uint32_t may[NR_VMX_WORDS];	/* bits that may be 1, masked features taken out */
	uint64_t cr0_set, cr0_may, cr4_set, cr4_may;	/* fixed bits, appendix A.7, A.8 */
	uint64_t ept_vpid;		/* IA32_VMX_EPT_VPID_CAP */
	uint32_t preempt_shift;		/* the preemption timer's rate is the TSC's >> this (IA32_VMX_MISC) */
};

extern struct vmx_caps vmx_caps;

/* Reads the capability MSRs; boot CPU, after features_init(). */
void vmx_caps_init(void);

static inline uint32_t vmx_caps_adjust(enum vmx_word w, uint32_t value)
{
	return (value | vmx_caps.set[w]) & vmx_caps.may[w];
}
