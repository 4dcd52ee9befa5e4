/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What this machine's CPUs can do, read once on the boot CPU; a boot option
 * `mask=NAME[,NAME]` hides an optional one so that its fallback runs.
 */
#pragma once

#include "lib/types.h"

enum feature {
	FEAT_X2APIC, FEAT_TSC_DEADLINE, FEAT_INVARIANT_TSC, FEAT_PAGE_1G, FEAT_XSAVE, FEAT_XSAVES,
	FEAT_APIC_REG_VIRT, FEAT_VID, FEAT_POSTED_INTR, FEAT_X2APIC_VIRT, FEAT_TPR_SHADOW, FEAT_PREEMPT_TIMER, FEAT_APIC_TIMER,
	FEAT_EPT_1G, FEAT_EPT_2M, FEAT_EPT_AD, FEAT_TSC_SCALING, FEAT_PLE, FEAT_NX, FEAT_ERMS,
	FEAT_TSC_CPUID,			/* true unless masked, cpu/tsc.c looks for it */
	FEAT_IOMMU, FEAT_INTR_REMAP,	/* the machine's: true unless masked, boot/iommu.c looks for them */
	NR_FEATURES
};

/*
 * Checks required features (VT-x unlocked, EPT, unrestricted guest, VPID, ...)
 * and fills the optional ones; `mask` is the boot option's value or NULL.
 * Prints every missing feature at once with its CPUID or MSR bit. 0 or -ENODEV.
 */
int features_init(const char *mask) __must_check;
/* Sets CR0 and CR4 of this CPU for what it has and enables VMX where the firmware left that open. Each CPU. */
void features_load(void);
bool feature_has(enum feature f);
/* The CPU promises what does not work: from now on as if absent. Boot CPU, before others start. */
void feature_drop(enum feature f);
const char *feature_name(enum feature f);
