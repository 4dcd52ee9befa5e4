/* SPDX-License-Identifier: BSD-3-Clause */
/* CPUID leaves and bits (SDM volume 2, CPUID). */
#pragma once

#define CPUID_LEAF_VENDOR	0x0u
#define CPUID_LEAF_FEATURES	0x1u
#define CPUID_LEAF_CACHE	0x4u
#define CPUID_LEAF_MWAIT	0x5u
#define CPUID_LEAF_THERMAL	0x6u
#define CPUID_LEAF_EXTENDED	0x7u
#define CPUID_LEAF_PMU		0xau
#define CPUID_LEAF_TOPOLOGY	0xbu
#define CPUID_LEAF_XSAVE	0xdu
#define CPUID_LEAF_TSC		0x15u
#define CPUID_LEAF_FREQ		0x16u
#define CPUID_LEAF_TOPOLOGY2	0x1fu
#define CPUID_LEAF_HV		0x40000000u
#define CPUID_LEAF_EXT_MAX	0x80000000u
#define CPUID_LEAF_EXT_FEATURES	0x80000001u
#define CPUID_LEAF_APM		0x80000007u
#define CPUID_LEAF_ADDR_SIZES	0x80000008u

/* Leaf 1 ECX. */
#define CPUID_1_ECX_SSE3	(1u << 0)
#define CPUID_1_ECX_PCLMUL	(1u << 1)
#define CPUID_1_ECX_DTES64	(1u << 2)
#define CPUID_1_ECX_MONITOR	(1u << 3)
#define CPUID_1_ECX_DSCPL	(1u << 4)
#define CPUID_1_ECX_VMX		(1u << 5)
#define CPUID_1_ECX_SMX		(1u << 6)
#define CPUID_1_ECX_EIST	(1u << 7)
#define CPUID_1_ECX_TM2		(1u << 8)
#define CPUID_1_ECX_SDBG	(1u << 11)
#define CPUID_1_ECX_FMA		(1u << 12)
#define CPUID_1_ECX_CX16	(1u << 13)
#define CPUID_1_ECX_XTPR	(1u << 14)
#define CPUID_1_ECX_PDCM	(1u << 15)
#define CPUID_1_ECX_PCID	(1u << 17)
#define CPUID_1_ECX_DCA		(1u << 18)
#define CPUID_1_ECX_X2APIC	(1u << 21)
#define CPUID_1_ECX_MOVBE	(1u << 22)
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_1_ECX_AES		(1u << 25)
#define CPUID_1_ECX_XSAVE	(1u << 26)
#define CPUID_1_ECX_OSXSAVE	(1u << 27)
#define CPUID_1_ECX_AVX		(1u << 28)
#define CPUID_1_ECX_RDRAND	(1u << 30)
#define CPUID_1_ECX_HYPERVISOR	(1u << 31)

/* Leaf 1 EDX. */
#define CPUID_1_EDX_MCE		(1u << 7)
#define CPUID_1_EDX_APIC	(1u << 9)
#define CPUID_1_EDX_MTRR	(1u << 12)
#define CPUID_1_EDX_MCA		(1u << 14)
#define CPUID_1_EDX_PAT		(1u << 16)
#define CPUID_1_EDX_DS		(1u << 21)
#define CPUID_1_EDX_ACPI	(1u << 22)
#define CPUID_1_EDX_SS		(1u << 27)	/* self-snoop: conflicting memory types stay coherent */
#define CPUID_1_EDX_HTT		(1u << 28)
#define CPUID_1_EDX_TM		(1u << 29)
#define CPUID_1_EDX_PBE		(1u << 31)

/* Leaf 7 subleaf 0. */
#define CPUID_7_EBX_FSGSBASE	(1u << 0)
#define CPUID_7_EBX_TSC_ADJUST	(1u << 1)
#define CPUID_7_EBX_SGX		(1u << 2)
#define CPUID_7_EBX_HLE		(1u << 4)
#define CPUID_7_EBX_SMEP	(1u << 7)
#define CPUID_7_EBX_ERMS	(1u << 9)
#define CPUID_7_EBX_INVPCID	(1u << 10)
#define CPUID_7_EBX_RTM		(1u << 11)
#define CPUID_7_EBX_RDTM	(1u << 12)
#define CPUID_7_EBX_MPX		(1u << 14)
#define CPUID_7_EBX_RDTA	(1u << 15)
#define CPUID_7_EBX_SMAP	(1u << 20)
#define CPUID_7_EBX_PT		(1u << 25)
#define CPUID_7_EDX_FSRM	(1u << 4)
#define CPUID_7_ECX_UMIP	(1u << 2)
#define CPUID_7_ECX_PKU		(1u << 3)
#define CPUID_7_ECX_OSPKE	(1u << 4)
#define CPUID_7_ECX_WAITPKG	(1u << 5)
#define CPUID_7_ECX_CET_SS	(1u << 7)
#define CPUID_7_ECX_LA57	(1u << 16)
#define CPUID_7_ECX_RDPID	(1u << 22)
#define CPUID_7_ECX_KL		(1u << 23)
#define CPUID_7_ECX_PKS		(1u << 31)
#define CPUID_7_EDX_UINTR	(1u << 5)
#define CPUID_7_EDX_HYBRID	(1u << 15)
#define CPUID_7_EDX_PCONFIG	(1u << 18)
#define CPUID_7_EDX_ARCH_LBR	(1u << 19)
#define CPUID_7_EDX_CET_IBT	(1u << 20)
#define CPUID_7_EDX_AMX_BF16	(1u << 22)
#define CPUID_7_EDX_AMX_TILE	(1u << 24)
#define CPUID_7_EDX_AMX_INT8	(1u << 25)
#define CPUID_7_EDX_SPEC_CTRL	(1u << 26)
#define CPUID_7_EDX_STIBP	(1u << 27)
#define CPUID_7_EDX_L1D_FLUSH	(1u << 28)
#define CPUID_7_EDX_ARCH_CAP	(1u << 29)
#define CPUID_7_EDX_CORE_CAP	(1u << 30)
#define CPUID_7_EDX_SSBD	(1u << 31)

/* Leaf 0xD subleaf 1 EAX. */
#define CPUID_D1_XSAVEOPT	(1u << 0)
#define CPUID_D1_XSAVEC		(1u << 1)
#define CPUID_D1_XGETBV1	(1u << 2)
#define CPUID_D1_XSAVES		(1u << 3)
#define CPUID_D1_XFD		(1u << 4)

/* Extended leaves. */
#define CPUID_EXT1_EDX_SYSCALL	(1u << 11)
#define CPUID_EXT1_EDX_NX	(1u << 20)
#define CPUID_EXT1_EDX_PAGE_1G	(1u << 26)
#define CPUID_EXT1_EDX_RDTSCP	(1u << 27)
#define CPUID_EXT1_EDX_LM	(1u << 29)
#define CPUID_EXT1_ECX_SVM	(1u << 2)
#define CPUID_APM_EDX_INVARIANT_TSC (1u << 8)
