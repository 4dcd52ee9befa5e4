/* SPDX-License-Identifier: BSD-3-Clause */
/* Model-specific registers (SDM volume 4, chapter 2). VMX capability bits: SDM volume 3, appendix A. */
#pragma once

#define MSR_TSC			0x10u
#define MSR_PLATFORM_ID		0x17u
#define MSR_APIC_BASE		0x1bu
#define MSR_TEST_CTRL		0x33u
#define MSR_FEATURE_CONTROL	0x3au
#define MSR_TSC_ADJUST		0x3bu
#define MSR_SPEC_CTRL		0x48u
#define MSR_PRED_CMD		0x49u
#define MSR_BIOS_UPDT_TRIG	0x79u
#define MSR_BIOS_SIGN_ID	0x8bu
#define MSR_SMM_MONITOR_CTL	0x9bu
#define MSR_PLATFORM_INFO	0xceu
#define MSR_CORE_CAPABILITIES	0xcfu
#define MSR_UMWAIT_CONTROL	0xe1u
#define MSR_MPERF		0xe7u
#define MSR_APERF		0xe8u
#define MSR_MTRR_CAP		0xfeu
#define MSR_ARCH_CAPABILITIES	0x10au
#define MSR_FLUSH_CMD		0x10bu
#define MSR_SYSENTER_CS		0x174u
#define MSR_SYSENTER_ESP	0x175u
#define MSR_SYSENTER_EIP	0x176u
#define MSR_MCG_CAP		0x179u
#define MSR_MCG_STATUS		0x17au
#define MSR_MCG_CTL		0x17bu
#define MSR_PERF_STATUS		0x198u
#define MSR_PERF_CTL		0x199u
#define MSR_CLOCK_MODULATION	0x19au
#define MSR_THERM_INTERRUPT	0x19bu
#define MSR_THERM_STATUS	0x19cu
#define MSR_MISC_ENABLE		0x1a0u
#define MSR_ENERGY_PERF_BIAS	0x1b0u
#define MSR_XFD			0x1c4u
#define MSR_XFD_ERR		0x1c5u
#define MSR_DEBUGCTL		0x1d9u
#define DEBUGCTL_BTF		(1ul << 1)	/* single step on branches */
#define MSR_MTRR_PHYS_BASE(n)	(0x200u + 2 * (n))
#define MSR_MTRR_PHYS_MASK(n)	(0x201u + 2 * (n))
#define MSR_MTRR_FIX64K_00000	0x250u
#define MSR_MTRR_FIX16K_80000	0x258u
#define MSR_MTRR_FIX16K_A0000	0x259u
#define MSR_MTRR_FIX4K_C0000	0x268u
#define MSR_MTRR_FIX4K_F8000	0x26fu
#define MSR_PAT			0x277u
#define MSR_MTRR_DEF_TYPE	0x2ffu
#define MSR_PERF_GLOBAL_STATUS	0x38eu
#define MSR_PERF_GLOBAL_CTRL	0x38fu
#define MSR_PERF_GLOBAL_OVF_CTRL 0x390u
#define MSR_MC_CTL2(n)		(0x280u + (n))
#define MSR_MC_CTL(n)		(0x400u + 4 * (n))
#define MSR_MC_STATUS(n)	(0x401u + 4 * (n))
#define MSR_MC_ADDR(n)		(0x402u + 4 * (n))
#define MSR_MC_MISC(n)		(0x403u + 4 * (n))
#define MSR_VMX_BASIC		0x480u
#define MSR_VMX_PIN_CTLS	0x481u
#define MSR_VMX_PROC_CTLS	0x482u
#define MSR_VMX_EXIT_CTLS	0x483u
#define MSR_VMX_ENTRY_CTLS	0x484u
#define MSR_VMX_MISC		0x485u
#define MSR_VMX_CR0_FIXED0	0x486u
#define MSR_VMX_CR0_FIXED1	0x487u
#define MSR_VMX_CR4_FIXED0	0x488u
#define MSR_VMX_CR4_FIXED1	0x489u
#define MSR_VMX_VMCS_ENUM	0x48au
#define MSR_VMX_PROC2_CTLS	0x48bu
#define MSR_VMX_EPT_VPID_CAP	0x48cu
#define MSR_VMX_TRUE_PIN_CTLS	0x48du
#define MSR_VMX_TRUE_PROC_CTLS	0x48eu
#define MSR_VMX_TRUE_EXIT_CTLS	0x48fu
#define MSR_VMX_TRUE_ENTRY_CTLS	0x490u
#define MSR_VMX_VMFUNC		0x491u
#define MSR_VMX_PROC3_CTLS	0x492u
#define MSR_TSC_DEADLINE	0x6e0u
#define MSR_PM_ENABLE		0x770u
#define MSR_XSS			0xda0u
#define MSR_KVM_STEAL_TIME	0x4b564d03u	/* Linux Documentation/virt/kvm/x86/msr.rst */
#define MSR_EFER		0xc0000080u
#define MSR_STAR		0xc0000081u
#define MSR_LSTAR		0xc0000082u
#define MSR_CSTAR		0xc0000083u
#define MSR_SFMASK		0xc0000084u
#define MSR_FS_BASE		0xc0000100u
#define MSR_GS_BASE		0xc0000101u
#define MSR_KERNEL_GS_BASE	0xc0000102u
#define MSR_TSC_AUX		0xc0000103u

#define TEST_CTRL_SPLIT_LOCK	(1ul << 29)
#define CORE_CAP_SPLIT_LOCK	(1ul << 5)

#define APIC_BASE_BSP		(1ul << 8)
#define APIC_BASE_EXTD		(1ul << 10)	/* x2APIC mode */
#define APIC_BASE_EN		(1ul << 11)
#define APIC_BASE_ADDR		0x000ffffffffff000ul

#define FEATURE_CONTROL_LOCK	(1ul << 0)
#define FEATURE_CONTROL_VMX_IN_SMX (1ul << 1)
#define FEATURE_CONTROL_VMX	(1ul << 2)	/* outside SMX */

#define MTRR_CAP_FIX		(1ul << 8)
#define MTRR_CAP_WC		(1ul << 10)
#define MTRR_DEF_TYPE_FE	(1ul << 10)
#define MTRR_DEF_TYPE_E		(1ul << 11)
#define MTRR_PHYS_MASK_VALID	(1ul << 11)

/* Machine checks (SDM volume 3, 15.3). */
#define MCG_CAP_COUNT		0xfful
#define MCG_CAP_CTL		(1ul << 8)
#define MCG_CAP_CMCI		(1ul << 10)
#define MCG_CAP_SER		(1ul << 24)	/* software error recovery */
#define MCG_STATUS_RIPV		(1ul << 0)	/* the interrupted program may go on */
#define MCG_STATUS_EIPV		(1ul << 1)	/* it is what met the error */
#define MC_STATUS_AR		(1ul << 55)	/* action required */
#define MC_STATUS_PCC		(1ul << 57)
#define MC_STATUS_ADDRV		(1ul << 58)
#define MC_STATUS_MISCV		(1ul << 59)
#define MC_STATUS_UC		(1ul << 61)
#define MC_STATUS_OVER		(1ul << 62)
#define MC_STATUS_VAL		(1ul << 63)
#define MC_MISC_LSB(v)		((v) & 0x3f)
#define MC_MISC_MODE(v)		((v) >> 6 & 7)
#define MC_MISC_PHYSICAL	2u
#define MC_CTL2_CMCI		(1ul << 30)

#define VMX_BASIC_TRUE_CTLS	(1ul << 55)

/* Controls as they stand in the allowed-1 halves (bits 63:32) of the capability MSRs. */
#define VMX_PIN_PREEMPT_TIMER	(1u << 6)
#define VMX_PIN_POSTED_INTR	(1u << 7)
#define VMX_PROC_TPR_SHADOW	(1u << 21)
#define VMX_PROC_MSR_BITMAPS	(1u << 28)
#define VMX_PROC_SECONDARY	(1u << 31)
#define VMX_PROC2_VIRT_APIC	(1u << 0)
#define VMX_PROC2_EPT		(1u << 1)
#define VMX_PROC2_RDTSCP	(1u << 3)
#define VMX_PROC2_VIRT_X2APIC	(1u << 4)
#define VMX_PROC2_VPID		(1u << 5)
#define VMX_PROC2_WBINVD_EXIT	(1u << 6)
#define VMX_PROC2_UNRESTRICTED	(1u << 7)
#define VMX_PROC2_APIC_REG_VIRT	(1u << 8)
#define VMX_PROC2_VID		(1u << 9)
#define VMX_PROC2_PLE		(1u << 10)
#define VMX_PROC2_INVPCID	(1u << 12)
#define VMX_PROC2_XSAVES	(1u << 20)
#define VMX_PROC2_TSC_SCALING	(1u << 25)

/* MSR_VMX_EPT_VPID_CAP. */
#define EPT_CAP_WALK_4		(1ul << 6)
#define EPT_CAP_UC		(1ul << 8)
#define EPT_CAP_WB		(1ul << 14)
#define EPT_CAP_2M		(1ul << 16)
#define EPT_CAP_1G		(1ul << 17)
#define EPT_CAP_INVEPT		(1ul << 20)
#define EPT_CAP_AD		(1ul << 21)
#define EPT_CAP_INVEPT_SINGLE	(1ul << 25)
#define EPT_CAP_INVEPT_ALL	(1ul << 26)
#define VPID_CAP_INVVPID	(1ul << 32)
#define VPID_CAP_INVVPID_SINGLE	(1ul << 41)
#define VPID_CAP_INVVPID_ALL	(1ul << 42)
