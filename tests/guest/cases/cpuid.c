/* SPDX-License-Identifier: BSD-3-Clause */
/* CPUID: what a VM may see, the hypervisor's leaves, and what follows the guest's own state. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "public/hypercall.h"
#include "x86/cr.h"
#include "x86/insn.h"

enum reg { EAX, EBX, ECX, EDX };

struct bit {
	uint32_t leaf;
	enum reg reg;
	uint32_t bit;
	const char *name;
};

/* Features whose state no VM has: they stay hidden. */
static const struct bit hidden[] = {
	{ 1, ECX, 2, "64-bit debug store" }, { 1, ECX, 3, "MONITOR/MWAIT" }, { 1, ECX, 5, "VMX" },
	{ 1, ECX, 6, "SMX" }, { 1, ECX, 7, "SpeedStep" }, { 1, ECX, 8, "thermal monitor 2" },
	{ 1, ECX, 15, "PDCM" }, { 1, EDX, 21, "debug store" }, { 1, EDX, 22, "thermal control" },
	{ 1, EDX, 29, "thermal monitor" }, { 7, EBX, 2, "SGX" }, { 7, EBX, 12, "RDT monitoring" },
	{ 7, EBX, 14, "MPX" }, { 7, EBX, 15, "RDT allocation" }, { 7, EBX, 25, "processor trace" },
	{ 7, ECX, 5, "WAITPKG" }, { 7, ECX, 7, "shadow stacks" }, { 7, ECX, 16, "LA57" }, { 7, ECX, 30, "SGX launch" },
	{ 0xa, EAX, 0, "performance counters" },
};

/* What every VM has. */
static const struct bit shown[] = {
	{ 1, EDX, 9, "APIC" }, { 1, EDX, 4, "TSC" }, { 1, EDX, 5, "MSRs" }, { 1, EDX, 6, "PAE" },
	{ 1, ECX, 24, "TSC deadline" }, { 1, ECX, 31, "hypervisor" }, { 0x80000001, EDX, 29, "long mode" },
	{ 6, EAX, 2, "an APIC timer that never stops" },
};

static uint32_t get(const struct bit *b)
{
	struct cpuid_regs r = cpuid(b->leaf, 0);
	const uint32_t regs[] = { r.eax, r.ebx, r.ecx, r.edx };

	return regs[b->reg] >> b->bit & 1;
}

static void test_policy(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hidden); i++)
		report(!get(&hidden[i]), "%s hidden", hidden[i].name);
	for (i = 0; i < ARRAY_SIZE(shown); i++)
		report(get(&shown[i]), "%s shown", shown[i].name);
	report(!cpuid(0xa, 0).eax, "no performance monitoring version");
	report(!cpuid(0x12, 0).eax && !cpuid(0x14, 0).eax && !cpuid(0x10, 0).ebx, "leaves 0x10, 0x12, 0x14 are empty");
}

static void test_hypervisor_leaves(void)
{
	struct cpuid_regs base = cpuid(HV_CPUID_BASE, 0);
	uint32_t bit = cpuid(HV_CPUID_FEATURES, 0).eax & HV_FEATURE_PRIVILEGED;

	report_eq(base.eax, HV_CPUID_MAX, "the last leaf is 0x%x", HV_CPUID_MAX);
	report(base.ebx == HV_CPUID_SIGNATURE && base.ecx == base.ebx && base.edx == base.ebx, "signature three times");
	report(!!bit == platform_is_service(), "the privileged bit is set for the Service VM only");
	report_eq(cpuid(HV_CPUID_TIMING, 0).eax, clock_khz(), "leaf 0x40000010 tells the TSC rate");
	base = cpuid(0x40000100u, 0);
	if (base.eax)
		report(!memcmp(&base.ebx, "KVMKVMKVM\0\0", 12), "leaf 0x40000100 has the KVM signature");
	else
		report_skip("KVM leaf: not switched on for this VM");
	report_eq(cpuid(0x40000101u, 0).eax, base.eax ? 1u << 5 : 0, "the KVM leaf offers steal time and no other feature");
}

/* The APIC timer's clock in a VM is the TSC, which leaf 0x15 tells. */
static void test_clocks(void)
{
	struct cpuid_regs r = cpuid(0x15, 0);
	uint64_t khz;

	if (!report(r.eax && r.ebx && r.ecx, "leaf 0x15 is filled"))
		return;
	khz = (uint64_t)r.ecx * r.ebx / r.eax / 1000;
	report_eq(khz, clock_khz(), "leaf 0x15 agrees with leaf 0x40000010");
	report_eq(cpuid(0x16, 0).eax, clock_khz() / 1000, "leaf 0x16 agrees");
}

static void own_ids(void *arg)
{
	uint32_t *ids = arg;

	ids[0] = cpuid(1, 0).ebx >> 24;
	ids[1] = cpuid(0xb, 0).edx;
	ids[2] = apic_id();
}

static void test_topology(void)
{
	uint32_t ids[3], seen[MAX_CPUS];
	struct cpuid_regs core = cpuid(0xb, 1);
	unsigned int i, j, same = 0;

	for (i = 0; i < smp_count(); i++) {
		if (i)
			smp_call(i, own_ids, ids);
		else
			own_ids(ids);
		report(ids[0] == ids[1] && ids[1] == ids[2], "CPU %u: leaf 1, leaf 0xB and the APIC name one id (%u %u %u)",
		       i, ids[0], ids[1], ids[2]);
		seen[i] = ids[2];
		for (j = 0; j < i; j++)
			same += seen[j] == seen[i];
	}
	report(!same, "all ids differ");
	if (!platform_is_vm())
		return;
	report_eq(core.ebx, smp_count(), "leaf 0xB counts the CPUs that are there");
	report_eq(core.ecx >> 8 & 0xff, 2, "its second level is cores");
	for (i = 0; i < smp_count(); i++)
		report(!(seen[i] >> core.eax), "CPU %u's id fits in the package's %u bits", i, core.eax);
	report(smp_count() == 1 || (cpuid(1, 0).edx >> 28 & 1), "HTT is set when there are several CPUs");
	report(cpuid(1, 0).ebx >> 16 >= smp_count(), "leaf 1 has room for the CPUs' ids");
	report_eq(cpuid(0xb, 7).ecx & 0xff, 7, "an invalid level gives its number back");
	report_eq(cpuid(0xb, 7).ecx >> 8, 0, "and type 0");
}

/* OSXSAVE is CR4's bit, not a constant. */
static void test_osxsave(void)
{
	uint64_t cr4 = read_cr4();

	if (!(cpuid(1, 0).ecx & 1u << 26)) {
		report_skip("OSXSAVE: no XSAVE");
		return;
	}
	write_cr4(cr4 & ~CR4_OSXSAVE);
	report(!(cpuid(1, 0).ecx & 1u << 27), "OSXSAVE is clear while CR4's bit is");
	write_cr4(cr4 | CR4_OSXSAVE);
	report(cpuid(1, 0).ecx & 1u << 27, "OSXSAVE is set while CR4's bit is");
	write_cr4(cr4);
}

static void test_range(void)
{
	struct cpuid_regs r;

	report(cpuid(0, 0).eax >= 0xd, "basic leaves reach 0xD");
	r = cpuid(0x80000000u, 0);
	report(r.eax >= 0x80000008u, "extended leaves reach 0x80000008");
	report((cpuid(0x80000008u, 0).eax & 0xff) >= 36, "physical addresses have 36 bits or more");
	if (!platform_is_vm())
		return;
	r = cpuid(0x40000050u, 0);
	report(!(r.eax | r.ebx | r.ecx | r.edx), "an unused hypervisor leaf is empty");
	r = cpuid(0x20000000u, 0);
	report(!(r.eax | r.ebx | r.ecx | r.edx), "an unknown range is empty");
}

/* The upper halves of the four registers are cleared. */
static void test_upper_halves(void)
{
	uint64_t a = 0xffffffff00000000ul, b = ~0ul, c = 0xffffffff00000000ul, d = ~0ul;

	__asm__ volatile("cpuid" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
	report(!((a | b | c | d) >> 32), "bits 63:32 of the answers are zero");
}

void case_cpuid(void)
{
	test_range();
	test_upper_halves();
	test_osxsave();
	test_topology();
	if (!platform_is_vm()) {
		report_skip("policy and hypervisor leaves: bare machine");
		return;
	}
	test_policy();
	test_hypervisor_leaves();
	test_clocks();
}
