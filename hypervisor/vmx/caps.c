/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads what VMX controls exist; optional ones that a boot option masks are taken out here. */
#include "vmx/caps.h"

#include "cpu/features.h"
#include "lib/util.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"

struct vmx_caps vmx_caps;

/* Controls that a feature of cpu/features.h stands for. */
static const struct {
	enum feature feature;
	enum vmx_word word;
	uint32_t bits;
} optional[] = {
	{ FEAT_TPR_SHADOW,	VMX_PROC,  PROC_TPR_SHADOW },
	{ FEAT_APIC_REG_VIRT,	VMX_PROC2, PROC2_APIC_REG_VIRT },
	{ FEAT_VID,		VMX_PROC2, PROC2_VID },
	{ FEAT_X2APIC_VIRT,	VMX_PROC2, PROC2_X2APIC },
	{ FEAT_POSTED_INTR,	VMX_PIN,   PIN_POSTED_INTR },
	{ FEAT_PREEMPT_TIMER,	VMX_PIN,   PIN_PREEMPT_TIMER },
	{ FEAT_TSC_SCALING,	VMX_PROC2, PROC2_TSC_SCALING },
	{ FEAT_XSAVES,		VMX_PROC2, PROC2_XSAVES },
	{ FEAT_PLE,		VMX_PROC2, PROC2_PLE },
};

void vmx_caps_init(void)
{
	static const uint32_t plain[NR_VMX_WORDS] = {
		MSR_VMX_PIN_CTLS, MSR_VMX_PROC_CTLS, MSR_VMX_PROC2_CTLS, MSR_VMX_EXIT_CTLS, MSR_VMX_ENTRY_CTLS
	};
	static const uint32_t exact[NR_VMX_WORDS] = {
		MSR_VMX_TRUE_PIN_CTLS, MSR_VMX_TRUE_PROC_CTLS, MSR_VMX_PROC2_CTLS,
		MSR_VMX_TRUE_EXIT_CTLS, MSR_VMX_TRUE_ENTRY_CTLS
	};
	uint64_t basic = rdmsr(MSR_VMX_BASIC);
	const uint32_t *msr = basic & BIT(55) ? exact : plain;
	unsigned int i;

	vmx_caps.basic_revision = (uint32_t)basic & 0x7fffffffu;
	for (i = 0; i < NR_VMX_WORDS; i++) {
		uint64_t v = rdmsr(msr[i]);

		vmx_caps.set[i] = (uint32_t)v;
		vmx_caps.may[i] = (uint32_t)(v >> 32);
	}
	for (i = 0; i < ARRAY_SIZE(optional); i++)
		if (!feature_has(optional[i].feature))
			vmx_caps.may[optional[i].word] &= ~optional[i].bits;
	vmx_caps.cr0_set = rdmsr(MSR_VMX_CR0_FIXED0);
	vmx_caps.cr0_may = rdmsr(MSR_VMX_CR0_FIXED1);
	vmx_caps.cr4_set = rdmsr(MSR_VMX_CR4_FIXED0);
	vmx_caps.cr4_may = rdmsr(MSR_VMX_CR4_FIXED1);
	vmx_caps.ept_vpid = rdmsr(MSR_VMX_EPT_VPID_CAP);
	vmx_caps.preempt_shift = (uint32_t)rdmsr(MSR_VMX_MISC) & 31;
}
