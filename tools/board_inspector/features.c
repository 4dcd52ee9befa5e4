/* SPDX-License-Identifier: BSD-3-Clause */
/* The capability gate's list (doc/feature/capability-gate.md), seen from below an operating system. */
#include "verdict.h"

#define BIT(n)	(1ull << (n))

#define VTX	"firmware setup: CPU configuration, \"Intel Virtualization Technology\" or \"VMX\": Enabled; then switch the power off and on"
#define XAPIC	"firmware setup: CPU configuration, \"X2APIC\": Enabled"
#define NX	"firmware setup: CPU configuration, \"Execute Disable Bit\": Enabled"

/* Allowed-1 halves of the control MSRs are bits 32 to 63. */
const struct feature verdict_features[] = {
	{ "local APIC", "CPUID 1 EDX bit 9", WORD_1_EDX, BIT(9), NULL, NULL },
	{ "page attribute table", "CPUID 1 EDX bit 16", WORD_1_EDX, BIT(16), NULL, NULL },
	{ "VT-x (VMX)", "CPUID 1 ECX bit 5", WORD_1_ECX, BIT(5), NULL, VTX },
	{ "VT-x not disabled by the firmware", "MSR 0x3A IA32_FEATURE_CONTROL bit 2", WORD_MSR_FEATURE_CONTROL, BIT(2), NULL, VTX },
	{ "MSR bitmaps", "MSR 0x482 bit 60", WORD_MSR_PROC, BIT(60), NULL, NULL },
	{ "EPT (extended page tables)", "MSR 0x48B bit 33", WORD_MSR_PROC2, BIT(33), NULL, NULL },
	{ "EPT with 4 levels", "MSR 0x48C bit 6", WORD_MSR_EPT_VPID, BIT(6), NULL, NULL },
	{ "EPT with write-back tables", "MSR 0x48C bit 14", WORD_MSR_EPT_VPID, BIT(14), NULL, NULL },
	{ "INVEPT of one context", "MSR 0x48C bits 20, 25", WORD_MSR_EPT_VPID, BIT(20) | BIT(25), NULL, NULL },
	{ "unrestricted guest", "MSR 0x48B bit 39", WORD_MSR_PROC2, BIT(39), NULL, NULL },
	{ "VPID", "MSR 0x48B bit 37", WORD_MSR_PROC2, BIT(37), NULL, NULL },
	{ "INVVPID of one context", "MSR 0x48C bits 32, 41", WORD_MSR_EPT_VPID, BIT(32) | BIT(41), NULL, NULL },

	{ "x2apic", "CPUID 1 ECX bit 21", WORD_1_ECX, BIT(21), "no LAPIC passthrough, so no real-time VM without exits", XAPIC },
	{ "tsc-deadline", "CPUID 1 ECX bit 24", WORD_1_ECX, BIT(24), "timers are converted to one-shot counts", NULL },
	{ "invariant-tsc", "CPUID 0x80000007 EDX bit 8", WORD_APM_EDX, BIT(8), "guests do not trust the TSC as their clock", NULL },
	{ "page-1g", "CPUID 0x80000001 EDX bit 26", WORD_EXT1_EDX, BIT(26), "smaller pages", NULL },
	{ "xsave", "CPUID 1 ECX bit 26", WORD_1_ECX, BIT(26), "guests have no AVX", NULL },
	{ "xsaves", "CPUID 0xD.1 EAX bit 3", WORD_D1_EAX, BIT(3), "guests have no XSAVES", NULL },
	{ "apic-reg-virt", "MSR 0x48B bit 40", WORD_MSR_PROC2, BIT(40), "more exits: the virtual APIC is software", NULL },
	{ "vid", "MSR 0x48B bit 41", WORD_MSR_PROC2, BIT(41), "more exits: interrupts are injected by software", NULL },
	{ "posted-intr", "MSR 0x481 bit 39", WORD_MSR_PIN, BIT(39), "an interrupt for a running guest makes it exit", NULL },
	{ "x2apic-virt", "MSR 0x48B bit 36", WORD_MSR_PROC2, BIT(36), "more exits of guests in x2APIC mode", NULL },
	{ "tpr-shadow", "MSR 0x482 bit 53", WORD_MSR_PROC, BIT(53), "CR8 exits, and no virtual APIC in hardware", NULL },
	{ "preempt-timer", "MSR 0x481 bit 38", WORD_MSR_PIN, BIT(38), "the local APIC timer must work", NULL },
	{ "ept-1g", "MSR 0x48C bit 17", WORD_MSR_EPT_VPID, BIT(17), "smaller pages", NULL },
	{ "ept-2m", "MSR 0x48C bit 16", WORD_MSR_EPT_VPID, BIT(16), "smaller pages", NULL },
	{ "ept-ad", "MSR 0x48C bit 21", WORD_MSR_EPT_VPID, BIT(21), "no accessed and dirty bits", NULL },
	{ "tsc-scaling", "MSR 0x48B bit 57", WORD_MSR_PROC2, BIT(57), "a scenario with tsc_khz is refused", NULL },
	{ "ple", "MSR 0x48B bit 42", WORD_MSR_PROC2, BIT(42), "a spinning guest is not noticed", NULL },
	{ "nx", "CPUID 0x80000001 EDX bit 20", WORD_EXT1_EDX, BIT(20), "no execute protection", NX },
	{ "erms", "CPUID 7 EBX bit 9", WORD_7_EBX, BIT(9), "guests copy by quadwords", NULL },
	{ NULL, NULL, 0, 0, NULL, NULL }
};
