/* SPDX-License-Identifier: BSD-3-Clause */
/* The capability gate and the optional features (SDM volume 3, appendix A). */
#include "cpu/features.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/console.h"
#include "mm/pgtable.h"
#include "x86/cpuid.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

/* Everything asked of the CPU, read once; 0 where the CPU has no such leaf or MSR. */
static struct {
	struct cpuid_regs leaf1, structured, xsave1, ext1, apm;
	uint64_t feature_control, ept_vpid;
	uint32_t pin, proc, proc2;	/* controls that may be 1 */
} caps;

static bool has[NR_FEATURES];
static const uint32_t not_cpuid = 1;

/* Where an optional feature shows, and what it needs beside. */
static const struct {
	const char *name;
	const uint32_t *word;
	uint32_t bit;		/* mask */
	const char *where;
} optional[NR_FEATURES] = {
	[FEAT_X2APIC] = { "x2apic", &caps.leaf1.ecx, CPUID_1_ECX_X2APIC, "CPUID 1 ECX bit 21" },
	[FEAT_TSC_DEADLINE] = { "tsc-deadline", &caps.leaf1.ecx, CPUID_1_ECX_TSC_DEADLINE, "CPUID 1 ECX bit 24" },
	[FEAT_INVARIANT_TSC] = { "invariant-tsc", &caps.apm.edx, CPUID_APM_EDX_INVARIANT_TSC, "CPUID 0x80000007 EDX bit 8" },
	[FEAT_PAGE_1G] = { "page-1g", &caps.ext1.edx, CPUID_EXT1_EDX_PAGE_1G, "CPUID 0x80000001 EDX bit 26" },
	[FEAT_XSAVE] = { "xsave", &caps.leaf1.ecx, CPUID_1_ECX_XSAVE, "CPUID 1 ECX bit 26" },
	[FEAT_XSAVES] = { "xsaves", &caps.xsave1.eax, CPUID_D1_XSAVES, "CPUID 0xD.1 EAX bit 3" },
	[FEAT_APIC_REG_VIRT] = { "apic-reg-virt", &caps.proc2, VMX_PROC2_APIC_REG_VIRT, "MSR 0x48B bit 40" },
	[FEAT_VID] = { "vid", &caps.proc2, VMX_PROC2_VID, "MSR 0x48B bit 41" },
	[FEAT_POSTED_INTR] = { "posted-intr", &caps.pin, VMX_PIN_POSTED_INTR, "MSR 0x481 bit 39" },
	[FEAT_X2APIC_VIRT] = { "x2apic-virt", &caps.proc2, VMX_PROC2_VIRT_X2APIC, "MSR 0x48B bit 36" },
	[FEAT_TPR_SHADOW] = { "tpr-shadow", &caps.proc, VMX_PROC_TPR_SHADOW, "MSR 0x482 bit 53" },
	[FEAT_PREEMPT_TIMER] = { "preempt-timer", &caps.pin, VMX_PIN_PREEMPT_TIMER, "MSR 0x481 bit 38" },
	[FEAT_APIC_TIMER] = { "apic-timer", &caps.leaf1.edx, CPUID_1_EDX_APIC, "CPUID 1 EDX bit 9" },
	[FEAT_EPT_1G] = { "ept-1g", (const uint32_t *)&caps.ept_vpid, EPT_CAP_1G, "MSR 0x48C bit 17" },
	[FEAT_EPT_2M] = { "ept-2m", (const uint32_t *)&caps.ept_vpid, EPT_CAP_2M, "MSR 0x48C bit 16" },
	[FEAT_EPT_AD] = { "ept-ad", (const uint32_t *)&caps.ept_vpid, EPT_CAP_AD, "MSR 0x48C bit 21" },
	[FEAT_TSC_SCALING] = { "tsc-scaling", &caps.proc2, VMX_PROC2_TSC_SCALING, "MSR 0x48B bit 57" },
	[FEAT_PLE] = { "ple", &caps.proc2, VMX_PROC2_PLE, "MSR 0x48B bit 42" },
	[FEAT_NX] = { "nx", &caps.ext1.edx, CPUID_EXT1_EDX_NX, "CPUID 0x80000001 EDX bit 20" },
	[FEAT_ERMS] = { "erms", &caps.structured.ebx, CPUID_7_EBX_ERMS, "CPUID 7 EBX bit 9" },
	[FEAT_TSC_CPUID] = { "tsc-cpuid", &not_cpuid, 1, "CPUID 0x15" },
	[FEAT_IOMMU] = { "iommu", &not_cpuid, 1, "ACPI table DMAR" },
	[FEAT_INTR_REMAP] = { "intr-remap", &not_cpuid, 1, "ACPI table DMAR" },
};

/* Features that are of no use without another one. */
static const struct { enum feature f, needs; } implied[] = {
	{ FEAT_APIC_REG_VIRT, FEAT_TPR_SHADOW }, { FEAT_VID, FEAT_TPR_SHADOW }, { FEAT_VID, FEAT_APIC_REG_VIRT },
	{ FEAT_X2APIC_VIRT, FEAT_TPR_SHADOW }, { FEAT_POSTED_INTR, FEAT_VID }, { FEAT_XSAVES, FEAT_XSAVE },
	{ FEAT_INTR_REMAP, FEAT_IOMMU }, { FEAT_TSC_DEADLINE, FEAT_APIC_TIMER },
};

static bool vmx_present(void)
{
	return caps.leaf1.ecx & CPUID_1_ECX_VMX;
}

static bool vmx_allowed(void)
{
	return !(caps.feature_control & FEATURE_CONTROL_LOCK) || caps.feature_control & FEATURE_CONTROL_VMX;
}

static bool ept_cap(uint64_t bits)
{
	return (caps.ept_vpid & bits) == bits;
}

static bool has_ept(void) { return caps.proc2 & VMX_PROC2_EPT; }
static bool has_ept_walk(void) { return ept_cap(EPT_CAP_WALK_4); }
static bool has_ept_wb(void) { return ept_cap(EPT_CAP_WB); }
static bool has_invept(void) { return ept_cap(EPT_CAP_INVEPT | EPT_CAP_INVEPT_SINGLE); }
static bool has_vpid(void) { return caps.proc2 & VMX_PROC2_VPID; }
static bool has_invvpid(void) { return ept_cap(VPID_CAP_INVVPID | VPID_CAP_INVVPID_SINGLE); }
static bool has_unrestricted(void) { return caps.proc2 & VMX_PROC2_UNRESTRICTED; }
static bool has_bitmaps(void) { return caps.proc & VMX_PROC_MSR_BITMAPS; }
static bool has_apic(void) { return caps.leaf1.edx & CPUID_1_EDX_APIC; }
static bool has_pat(void) { return caps.leaf1.edx & CPUID_1_EDX_PAT; }

static const struct {
	bool (*present)(void);
	const char *name, *where;
} required[] = {
	{ has_apic, "local APIC", "CPUID 1 EDX bit 9" },
	{ has_pat, "page attribute table", "CPUID 1 EDX bit 16" },
	{ vmx_present, "VT-x (VMX)", "CPUID 1 ECX bit 5" },
	{ vmx_allowed, "VT-x not disabled by the firmware", "MSR 0x3A IA32_FEATURE_CONTROL bit 2" },
	{ has_bitmaps, "MSR bitmaps", "MSR 0x482 bit 60" },
	{ has_ept, "EPT (extended page tables)", "MSR 0x48B bit 33" },
	{ has_ept_walk, "EPT with 4 levels", "MSR 0x48C bit 6" },
	{ has_ept_wb, "EPT with write-back tables", "MSR 0x48C bit 14" },
	{ has_invept, "INVEPT of one context", "MSR 0x48C bits 20, 25" },
	{ has_unrestricted, "unrestricted guest", "MSR 0x48B bit 39" },
	{ has_vpid, "VPID", "MSR 0x48B bit 37" },
	{ has_invvpid, "INVVPID of one context", "MSR 0x48C bits 32, 41" },
};

/* A leaf the CPU does not have reads as zeros, not as the highest one it has. */
static struct cpuid_regs leaf(uint32_t n, uint32_t sub)
{
	if (cpuid(n & 0x80000000u, 0).eax < n)
		return (struct cpuid_regs){ 0, 0, 0, 0 };
	return cpuid(n, sub);
}

static uint64_t msr_or_0(uint32_t msr)
{
	uint64_t v;

	return rdmsr_safe(msr, &v) ? 0 : v;
}

/* Allowed-1 half of a control MSR. */
static uint32_t allowed(uint32_t msr)
{
	return (uint32_t)(msr_or_0(msr) >> 32);
}

static void read_caps(void)
{
	caps.leaf1 = leaf(CPUID_LEAF_FEATURES, 0);
	caps.structured = leaf(CPUID_LEAF_EXTENDED, 0);
	caps.ext1 = leaf(CPUID_LEAF_EXT_FEATURES, 0);
	caps.apm = leaf(CPUID_LEAF_APM, 0);
	if (caps.leaf1.ecx & CPUID_1_ECX_XSAVE)
		caps.xsave1 = leaf(CPUID_LEAF_XSAVE, 1);
	if (!vmx_present())
		return;
	caps.feature_control = msr_or_0(MSR_FEATURE_CONTROL);
	caps.pin = allowed(MSR_VMX_PIN_CTLS);
	caps.proc = allowed(MSR_VMX_PROC_CTLS);
	if (caps.proc & VMX_PROC_SECONDARY)
		caps.proc2 = allowed(MSR_VMX_PROC2_CTLS);
	if (caps.proc2 & (VMX_PROC2_EPT | VMX_PROC2_VPID))
		caps.ept_vpid = msr_or_0(MSR_VMX_EPT_VPID_CAP);
}

/* True when `name` is one of the comma-separated words of `list`. */
static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	while (list && *list) {
		if (!strncmp(list, name, n) && (list[n] == ',' || !list[n]))
			return true;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return false;
}

static bool known(const char *word, size_t n)
{
	for (uint32_t f = 0; f < NR_FEATURES; f++)
		if (strlen(optional[f].name) == n && !strncmp(optional[f].name, word, n))
			return true;
	return false;
}

static void report_unknown(const char *mask)
{
	while (mask && *mask) {
		const char *comma = strchr(mask, ',');
		size_t n = comma ? (size_t)(comma - mask) : strlen(mask);

		if (!known(mask, n))
			console_printf("warning: option mask: no optional feature is called \"%.*s\"\n", (int)n, mask);
		mask += comma ? n + 1 : n;
	}
}

static void set_optional(const char *mask)
{
	for (uint32_t f = 0; f < NR_FEATURES; f++)
		has[f] = (*optional[f].word & optional[f].bit) && !listed(mask, optional[f].name);
	for (uint32_t i = 0; i < ARRAY_SIZE(implied); i++)
		if (!has[implied[i].needs])
			has[implied[i].f] = false;
}

static void print_absent(const char *mask)
{
	char line[400] = "";
	size_t n = 0;

	for (uint32_t f = 0; f < NR_FEATURES; f++) {
		const char *why = listed(mask, optional[f].name) ? " (masked)" :
				  *optional[f].word & optional[f].bit ? " (needs another)" : "";

		if (!has[f] && n < sizeof(line))
			n += (size_t)snprintf(line + n, sizeof(line) - n, " %s%s", optional[f].name, why);
	}
	console_printf("optional CPU features not used:%s\n", n ? line : " none");
}

static int check_required(void)
{
	uint32_t missing = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(required); i++) {
		if (required[i].present())
			continue;
		if (!missing++)
			console_printf("This CPU lacks what Quercus needs:\n");
		console_printf("  missing: %s (%s)\n", required[i].name, required[i].where);
	}
	return missing ? -ENODEV : 0;
}

/* See the header. */
int features_init(const char *mask)
{
	int err;

	read_caps();
	report_unknown(mask);
	set_optional(mask);
	pgtable_set_caps(has[FEAT_PAGE_1G] ? 3 : 2, has[FEAT_EPT_1G] && has[FEAT_EPT_2M] ? 3 : has[FEAT_EPT_2M] ? 2 : 1,
			 has[FEAT_NX]);
	err = check_required();
	if (err) {
		for (uint32_t f = 0; f < NR_FEATURES; f++)
			if (!has[f])
				console_printf("  recommended only: %s (%s)\n", optional[f].name, optional[f].where);
		return err;
	}
	print_absent(mask);
	return 0;
}

/* See the header. Each CPU, before hostmap_load(). */
void features_load(void)
{
	uint64_t cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (caps.leaf1.edx & CPUID_1_EDX_MCE)
		cr4 |= CR4_MCE;
	if (has[FEAT_XSAVE])
		cr4 |= CR4_OSXSAVE;
	write_cr4(cr4);
	/* What firmware may have left there, guests' XSAVES would save, and XRSTORS load: supervisor state that no VM has. */
	if (caps.xsave1.eax & CPUID_D1_XSAVES)
		wrmsr(MSR_XSS, 0);
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	if (vmx_present() && !(msr_or_0(MSR_FEATURE_CONTROL) & FEATURE_CONTROL_LOCK)) {
		/* Firmware left the choice to us; each CPU has its own copy of the register. */
		if (wrmsr_safe(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX))
			console_printf("warning: CPU refuses to enable VMX in IA32_FEATURE_CONTROL\n");
	}
}

/* True when the feature is present and not masked. Any context. */
bool feature_has(enum feature f)
{
	return has[f];
}

/* See the header. */
void feature_drop(enum feature f)
{
	has[f] = false;
}

/* The name `mask=` knows it by. Any context. */
const char *feature_name(enum feature f)
{
	return optional[f].name;
}
