/* SPDX-License-Identifier: BSD-3-Clause */
/* VMCS field encodings (SDM vol 3, appendix B) and control bits (24.6 - 24.8). */
#pragma once

/* 16-bit */
#define VMCS_VPID			0x0000u
#define VMCS_POSTED_VECTOR		0x0002u
#define VMCS_GUEST_ES			0x0800u	/* selectors: ES CS SS DS FS GS LDTR TR, step 2 */
#define VMCS_GUEST_CS			0x0802u
#define VMCS_GUEST_SS			0x0804u
#define VMCS_GUEST_DS			0x0806u
#define VMCS_GUEST_FS			0x0808u
#define VMCS_GUEST_GS			0x080au
#define VMCS_GUEST_LDTR			0x080cu
#define VMCS_GUEST_TR			0x080eu
#define VMCS_GUEST_INTR_STATUS		0x0810u	/* RVI 7:0, SVI 15:8 */
#define VMCS_HOST_ES			0x0c00u
#define VMCS_HOST_CS			0x0c02u
#define VMCS_HOST_SS			0x0c04u
#define VMCS_HOST_DS			0x0c06u
#define VMCS_HOST_FS			0x0c08u
#define VMCS_HOST_GS			0x0c0au
#define VMCS_HOST_TR			0x0c0cu

/* 64-bit */
#define VMCS_IO_BITMAP_A		0x2000u
#define VMCS_IO_BITMAP_B		0x2002u
#define VMCS_MSR_BITMAP			0x2004u
#define VMCS_TSC_OFFSET			0x2010u
#define VMCS_TSC_MULTIPLIER		0x2032u
#define VMCS_VIRT_APIC			0x2012u
#define VMCS_APIC_ACCESS		0x2014u
#define VMCS_POSTED_DESC		0x2016u
#define VMCS_EPTP			0x201au
#define VMCS_EOI_EXIT0			0x201cu	/* 4 fields, step 2 */
#define VMCS_XSS_EXIT_BITMAP		0x202cu
#define VMCS_GUEST_PHYS			0x2400u
#define VMCS_LINK_POINTER		0x2800u
#define VMCS_GUEST_DEBUGCTL		0x2802u
#define VMCS_GUEST_PAT			0x2804u
#define VMCS_GUEST_EFER			0x2806u
#define VMCS_GUEST_PDPTE0		0x280au	/* 4 fields, step 2 */
#define VMCS_HOST_PAT			0x2c00u
#define VMCS_HOST_EFER			0x2c02u

/* 32-bit */
#define VMCS_PIN_CTLS			0x4000u
#define VMCS_PROC_CTLS			0x4002u
#define VMCS_EXCEPTION_BITMAP		0x4004u
#define VMCS_PF_MASK			0x4006u
#define VMCS_PF_MATCH			0x4008u
#define VMCS_CR3_TARGETS		0x400au
#define VMCS_EXIT_CTLS			0x400cu
#define VMCS_EXIT_MSR_STORE_COUNT	0x400eu
#define VMCS_EXIT_MSR_LOAD_COUNT	0x4010u
#define VMCS_ENTRY_CTLS			0x4012u
#define VMCS_ENTRY_MSR_LOAD_COUNT	0x4014u
#define VMCS_ENTRY_INTR_INFO		0x4016u
#define VMCS_ENTRY_ERROR_CODE		0x4018u
#define VMCS_ENTRY_INSN_LEN		0x401au
#define VMCS_TPR_THRESHOLD		0x401cu
#define VMCS_PROC2_CTLS			0x401eu
#define VMCS_PLE_GAP			0x4020u
#define VMCS_PLE_WINDOW			0x4022u
#define VMCS_INSN_ERROR			0x4400u
#define VMCS_EXIT_REASON		0x4402u
#define VMCS_EXIT_INTR_INFO		0x4404u
#define VMCS_EXIT_ERROR_CODE		0x4406u
#define VMCS_IDT_VECTORING_INFO		0x4408u
#define VMCS_IDT_VECTORING_ERROR	0x440au
#define VMCS_EXIT_INSN_LEN		0x440cu
#define VMCS_EXIT_INSN_INFO		0x440eu
#define VMCS_GUEST_ES_LIMIT		0x4800u	/* limits: step 2 as the selectors, then GDTR, IDTR */
#define VMCS_GUEST_CS_LIMIT		0x4802u
#define VMCS_GUEST_GDTR_LIMIT		0x4810u
#define VMCS_GUEST_IDTR_LIMIT		0x4812u
#define VMCS_GUEST_ES_AR		0x4814u	/* access rights, step 2 as the selectors */
#define VMCS_GUEST_CS_AR		0x4816u
#define VMCS_GUEST_SS_AR		0x4818u
#define VMCS_GUEST_TR_AR		0x4822u
#define VMCS_GUEST_INTERRUPTIBILITY	0x4824u
#define VMCS_GUEST_ACTIVITY		0x4826u
#define VMCS_GUEST_SYSENTER_CS		0x482au
#define VMCS_PREEMPT_TIMER		0x482eu
#define PREEMPT_TIMER_MAX		0xfffffffful
#define VMCS_HOST_SYSENTER_CS		0x4c00u

/* Natural width */
#define VMCS_CR0_MASK			0x6000u
#define VMCS_CR4_MASK			0x6002u
#define VMCS_CR0_SHADOW			0x6004u
#define VMCS_CR4_SHADOW			0x6006u
#define VMCS_EXIT_QUALIFICATION		0x6400u
#define VMCS_GUEST_LINEAR		0x640au
#define VMCS_GUEST_CR0			0x6800u
#define VMCS_GUEST_CR3			0x6802u
#define VMCS_GUEST_CR4			0x6804u
#define VMCS_GUEST_ES_BASE		0x6806u	/* bases: step 2 as the selectors, then GDTR, IDTR */
#define VMCS_GUEST_CS_BASE		0x6808u
#define VMCS_GUEST_GDTR_BASE		0x6816u
#define VMCS_GUEST_IDTR_BASE		0x6818u
#define VMCS_GUEST_DR7			0x681au
#define VMCS_GUEST_RSP			0x681cu
#define VMCS_GUEST_RIP			0x681eu
#define VMCS_GUEST_RFLAGS		0x6820u
#define VMCS_GUEST_PENDING_DEBUG	0x6822u
#define PENDING_DEBUG_HIT		(1ul << 12)	/* beside B3..B0 and BS as in DR6 */
#define VMCS_GUEST_SYSENTER_ESP		0x6824u
#define VMCS_GUEST_SYSENTER_EIP		0x6826u
#define VMCS_HOST_CR0			0x6c00u
#define VMCS_HOST_CR3			0x6c02u
#define VMCS_HOST_CR4			0x6c04u
#define VMCS_HOST_FS_BASE		0x6c06u
#define VMCS_HOST_GS_BASE		0x6c08u
#define VMCS_HOST_TR_BASE		0x6c0au
#define VMCS_HOST_GDTR_BASE		0x6c0cu
#define VMCS_HOST_IDTR_BASE		0x6c0eu
#define VMCS_HOST_SYSENTER_ESP		0x6c10u
#define VMCS_HOST_SYSENTER_EIP		0x6c12u
#define VMCS_HOST_RSP			0x6c14u
#define VMCS_HOST_RIP			0x6c16u

/* Pin-based controls (24.6.1) */
#define PIN_EXTINT			0x01u
#define PIN_NMI				0x08u
#define PIN_VIRTUAL_NMI			0x20u
#define PIN_PREEMPT_TIMER		0x40u
#define PIN_POSTED_INTR			0x80u

/* Primary processor-based controls (24.6.2) */
#define PROC_INTR_WINDOW		(1u << 2)
#define PROC_TSC_OFFSET			(1u << 3)
#define PROC_HLT			(1u << 7)
#define PROC_INVLPG			(1u << 9)
#define PROC_MWAIT			(1u << 10)
#define PROC_RDPMC			(1u << 11)
#define PROC_RDTSC			(1u << 12)
#define PROC_CR3_LOAD			(1u << 15)
#define PROC_CR3_STORE			(1u << 16)
#define PROC_CR8_LOAD			(1u << 19)
#define PROC_CR8_STORE			(1u << 20)
#define PROC_TPR_SHADOW			(1u << 21)
#define PROC_NMI_WINDOW			(1u << 22)
#define PROC_MOV_DR			(1u << 23)
#define PROC_UNCOND_IO			(1u << 24)
#define PROC_IO_BITMAPS			(1u << 25)
#define PROC_MSR_BITMAPS		(1u << 28)
#define PROC_MONITOR			(1u << 29)
#define PROC_PAUSE			(1u << 30)
#define PROC_SECONDARY			(1u << 31)

/* Secondary processor-based controls (24.6.2) */
#define PROC2_APIC_ACCESS		(1u << 0)
#define PROC2_EPT			(1u << 1)
#define PROC2_DESC_TABLE		(1u << 2)
#define PROC2_RDTSCP			(1u << 3)
#define PROC2_X2APIC			(1u << 4)
#define PROC2_VPID			(1u << 5)
#define PROC2_WBINVD			(1u << 6)
#define PROC2_UNRESTRICTED		(1u << 7)
#define PROC2_APIC_REG_VIRT		(1u << 8)
#define PROC2_VID			(1u << 9)
#define PROC2_PLE			(1u << 10)
#define PROC2_RDRAND			(1u << 11)
#define PROC2_INVPCID			(1u << 12)
#define PROC2_VMFUNC			(1u << 13)
#define PROC2_RDSEED			(1u << 16)
#define PROC2_XSAVES			(1u << 20)
#define PROC2_TSC_SCALING		(1u << 25)

/* Exit controls (24.7.1) */
#define EXIT_SAVE_DEBUG			(1u << 2)
#define EXIT_HOST_64			(1u << 9)
#define EXIT_ACK_INTR			(1u << 15)
#define EXIT_SAVE_PAT			(1u << 18)
#define EXIT_LOAD_PAT			(1u << 19)
#define EXIT_SAVE_EFER			(1u << 20)
#define EXIT_LOAD_EFER			(1u << 21)
#define EXIT_SAVE_PREEMPT		(1u << 22)

/* Entry controls (24.8.1) */
#define ENTRY_LOAD_DEBUG		(1u << 2)
#define ENTRY_GUEST_64			(1u << 9)
#define ENTRY_LOAD_PAT			(1u << 14)
#define ENTRY_LOAD_EFER			(1u << 15)

/* Interruption information, entry, exit and IDT vectoring alike (24.8.3, 24.9.2, 24.9.3) */
#define INTR_VALID			(1u << 31)
#define INTR_ERROR			(1u << 11)
#define INTR_NMI_UNBLOCK		(1u << 12)	/* exit only: IRET was unblocking NMIs */
#define INTR_TYPE_MASK			(7u << 8)
#define INTR_TYPE_EXTINT		(0u << 8)
#define INTR_TYPE_NMI			(2u << 8)
#define INTR_TYPE_HARD_EXC		(3u << 8)
#define INTR_TYPE_SOFT_INT		(4u << 8)
#define INTR_TYPE_PRIV_SOFT		(5u << 8)
#define INTR_TYPE_SOFT_EXC		(6u << 8)

/* Guest interruptibility (24.4.2) */
#define BLOCK_STI			0x1u
#define BLOCK_MOV_SS			0x2u
#define BLOCK_SMI			0x4u
#define BLOCK_NMI			0x8u

/* Guest activity (24.4.2) */
#define ACTIVITY_ACTIVE			0u
#define ACTIVITY_HLT			1u
#define ACTIVITY_WAIT_SIPI		3u

/* EPT violation qualification (27.2.1, table 27-7) */
#define EPT_READ			0x001u
#define EPT_WRITE			0x002u
#define EPT_FETCH			0x004u
#define EPT_LINEAR_VALID		0x080u
#define EPT_OPERAND			0x100u	/* the translated address itself, not a paging entry */
#define EPT_NMI_UNBLOCK			0x1000u

/* Basic exit reasons (appendix C) */
enum exit_reason {
	EXIT_EXCEPTION = 0, EXIT_EXTINT = 1, EXIT_TRIPLE_FAULT = 2, EXIT_INIT = 3, EXIT_SIPI = 4,
	EXIT_INTR_WINDOW = 7, EXIT_NMI_WINDOW = 8, EXIT_TASK_SWITCH = 9, EXIT_CPUID = 10, EXIT_GETSEC = 11,
	EXIT_HLT = 12, EXIT_INVD = 13, EXIT_INVLPG = 14, EXIT_RDPMC = 15, EXIT_RDTSC = 16, EXIT_RSM = 17,
	EXIT_VMCALL = 18, EXIT_VMCLEAR = 19, EXIT_VMLAUNCH = 20, EXIT_VMPTRLD = 21, EXIT_VMPTRST = 22,
	EXIT_VMREAD = 23, EXIT_VMRESUME = 24, EXIT_VMWRITE = 25, EXIT_VMXOFF = 26, EXIT_VMXON = 27,
	EXIT_CR = 28, EXIT_DR = 29, EXIT_IO = 30, EXIT_RDMSR = 31, EXIT_WRMSR = 32, EXIT_BAD_STATE = 33,
	EXIT_BAD_MSR = 34, EXIT_MWAIT = 36, EXIT_MTF = 37, EXIT_MONITOR = 39, EXIT_PAUSE = 40,
	EXIT_MACHINE_CHECK = 41, EXIT_TPR_BELOW = 43, EXIT_APIC_ACCESS = 44, EXIT_EOI = 45,
	EXIT_GDTR_IDTR = 46, EXIT_LDTR_TR = 47, EXIT_EPT_VIOLATION = 48, EXIT_EPT_MISCONFIG = 49,
	EXIT_INVEPT = 50, EXIT_RDTSCP = 51, EXIT_PREEMPT_TIMER = 52, EXIT_INVVPID = 53, EXIT_WBINVD = 54,
	EXIT_XSETBV = 55, EXIT_APIC_WRITE = 56, EXIT_RDRAND = 57, EXIT_INVPCID = 58, EXIT_VMFUNC = 59,
	EXIT_ENCLS = 60, EXIT_RDSEED = 61, EXIT_PML_FULL = 62, EXIT_XSAVES = 63, EXIT_XRSTORS = 64,
	EXIT_UMWAIT = 67, EXIT_TPAUSE = 68,
};
#define EXIT_REASON_ENTRY_FAILURE (1u << 31)
