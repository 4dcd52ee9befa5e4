/* SPDX-License-Identifier: BSD-3-Clause */
/* Every MSR number, every CPUID leaf, every port of a VM, against doc/feature/cpu-policy.md written as tables. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "public/testdev.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define ALL		0xffffffffu
#define GP		((int)EXC_GP)

static int rd(uint32_t msr, uint64_t *v)
{
	fault_clear();
	(void)!rdmsr_safe(msr, v);
	return fault_vector();
}

static int wr(uint32_t msr, uint64_t v)
{
	fault_clear();
	(void)!wrmsr_safe(msr, v);
	return fault_vector();
}

/* ---- MSRs ---- */

enum access {
	KEPT = 1,	/* reads, and takes back what it read */
	FIXED = 2,	/* reads; any write faults */
	DEAF = 3,	/* reads; writes change nothing */
	SINK = 4,	/* faults when read; writes change nothing */
	LIVE = 5,	/* reads; not written here */
};

/* What there has to be for a row to count. */
enum needs { ALWAYS, MTRRS, XSAVES, RDTSCP, HYPERV, KVM };

static const struct { uint32_t first, last; enum access access; enum needs needs; } rows[] = {
	{ MSR_TSC, MSR_TSC, LIVE, ALWAYS },
	{ MSR_PLATFORM_ID, MSR_PLATFORM_ID, FIXED, ALWAYS },
	{ MSR_APIC_BASE, MSR_APIC_BASE, KEPT, ALWAYS },
	{ MSR_BIOS_UPDT_TRIG, MSR_BIOS_UPDT_TRIG, SINK, ALWAYS },
	{ MSR_BIOS_SIGN_ID, MSR_BIOS_SIGN_ID, DEAF, ALWAYS },
	{ MSR_MTRR_CAP, MSR_MTRR_CAP, FIXED, MTRRS },
	{ MSR_SYSENTER_CS, MSR_SYSENTER_EIP, KEPT, ALWAYS },
	{ MSR_MCG_CAP, MSR_MCG_CAP, FIXED, ALWAYS },
	{ MSR_MCG_STATUS, MSR_MCG_STATUS, KEPT, ALWAYS },
	{ MSR_MISC_ENABLE, MSR_MISC_ENABLE, DEAF, ALWAYS },
	{ MSR_DEBUGCTL, MSR_DEBUGCTL, KEPT, ALWAYS },
	{ MSR_MTRR_PHYS_BASE(0), MSR_MTRR_PHYS_MASK(7), KEPT, MTRRS },
	{ 0x250, 0x250, KEPT, MTRRS }, { 0x258, 0x259, KEPT, MTRRS }, { 0x268, 0x26f, KEPT, MTRRS },
	{ MSR_PAT, MSR_PAT, KEPT, ALWAYS },
	{ MSR_MTRR_DEF_TYPE, MSR_MTRR_DEF_TYPE, KEPT, MTRRS },
	{ MSR_TSC_DEADLINE, MSR_TSC_DEADLINE, KEPT, ALWAYS },
	{ MSR_XSS, MSR_XSS, KEPT, XSAVES },
	{ 0x40000000, 0x40000001, KEPT, HYPERV }, { 0x40000002, 0x40000002, FIXED, HYPERV },
	{ 0x40000020, 0x40000020, FIXED, HYPERV }, { 0x40000021, 0x40000021, KEPT, HYPERV },
	{ 0x40000022, 0x40000023, FIXED, HYPERV },
	{ MSR_KVM_STEAL_TIME, MSR_KVM_STEAL_TIME, KEPT, KVM },
	{ MSR_EFER, MSR_SFMASK, KEPT, ALWAYS },
	{ MSR_FS_BASE, MSR_FS_BASE, KEPT, ALWAYS },
	{ MSR_GS_BASE, MSR_GS_BASE, KEPT, ALWAYS },	/* this program's own: the same value only */
	{ MSR_KERNEL_GS_BASE, MSR_KERNEL_GS_BASE, KEPT, ALWAYS },
	{ MSR_TSC_AUX, MSR_TSC_AUX, KEPT, RDTSCP },
};

static bool there(enum needs n)
{
	switch (n) {
	case MTRRS:	return cpuid(1, 0).edx & 1u << 12;
	case XSAVES:	return cpuid(0xd, 1).eax & 1u << 3;
	case RDTSCP:	return cpuid(0x80000001u, 0).edx & 1u << 27;
	case KVM:	return cpuid(0x40000101u, 0).eax & 1u << 5;
	case HYPERV:	return cpuid(0x40000001u, 0).eax == 0x31237648u;
	default:	return true;
	}
}

static enum access expected(uint32_t msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (msr >= rows[i].first && msr <= rows[i].last)
			return there(rows[i].needs) ? rows[i].access : 0;
	return 0;
}

/* Registers whose whole behaviour is looked at elsewhere: the x2APIC's in x2APIC mode. */
static bool elsewhere(uint32_t msr)
{
	return msr >= 0x800 && msr < 0x900 && apic_is_x2();
}

static bool msr_is_right(uint32_t msr)
{
	enum access want = expected(msr);
	uint64_t v = 0, again = 0;
	int vector = rd(msr, &v);
	bool ok = vector == (want && want != SINK ? -1 : GP);

	if (!want)
		return ok && wr(msr, 0) == GP && wr(msr, ~0ul) == GP && wr(msr, 1) == GP;
	if (want == LIVE)
		return ok;
	if (want == FIXED)
		return ok && wr(msr, v) == GP && wr(msr, 0) == GP;
	ok = ok && wr(msr, v) == -1;
	if (want == DEAF)
		ok = ok && wr(msr, ~v) == -1;
	return want == SINK ? ok : ok && rd(msr, &again) == -1 && again == v;
}

struct count {
	uint32_t nr, bad;
};

static void try_msrs(uint32_t first, uint32_t last, struct count *c)
{
	uint32_t msr;

	for (msr = first; ; msr++) {
		if (!elsewhere(msr)) {
			c->nr++;
			if (!msr_is_right(msr) && c->bad++ < 8)
				report(false, "MSR 0x%x does what the policy says", msr);
		}
		if (msr == last)
			break;
	}
}

static void report_msrs(const struct count *c, const char *what)
{
	report(!c->bad, "%s: %u MSRs read and write as the policy says (%u do not)", what, c->nr, c->bad);
}

static void sweep_msrs(uint32_t first, uint32_t last, const char *what)
{
	struct count c = { 0, 0 };

	try_msrs(first, last, &c);
	report_msrs(&c, what);
}

static void msrs(void)
{
	struct count c = { 0, 0 };
	uint32_t bit;

	sweep_msrs(0, 0x1fff, "low range");
	sweep_msrs(0xc0000000u, 0xc0001fffu, "high range");
	sweep_msrs(0x40000000u, 0x400000ffu, "hypervisors' range");
	sweep_msrs(0x4b564d00u, 0x4b564d0fu, "KVM's range");
	sweep_msrs(0xfffffff0u, 0xffffffffu, "the end");
	try_msrs(0x2000, 0x2001, &c);
	for (bit = 14; bit < 32; bit++)
		try_msrs((1u << bit) - 1, bit == 30 ? (1u << bit) - 1 : (1u << bit) + 1, &c);
	report_msrs(&c, "around powers of two");
}

/* ---- CPUID: the bits that may be seen ---- */

static const struct { uint32_t leaf, eax, ebx, ecx, edx; } leaves[] = {
	{ 0x0, 0x16, ALL, ALL, ALL },
	{ 0x1, 0x0fff3fff, ALL, 0xfffa3203, 0x1f8bfbff },
	{ 0x2, ALL, ALL, ALL, ALL },
	{ 0x4, ALL, ALL, ALL, ALL },
	{ 0x6, 0x4, 0, 0, 0 },
	{ 0x7, 0, 0xf1bf07a9, 0x00405f4e, 0x00000010 },
	{ 0xb, 0xff, 0xffff, 0xffff, ALL },
	{ 0xd, ALL, ALL, ALL, 0 },
	{ 0x15, 1, ALL, ALL, 0 },
	{ 0x16, 0xffff, 0xffff, 0, 0 },
	{ 0x40000000, 0x40000010, ALL, ALL, ALL },
	{ 0x40000001, 0x31237649, 0, 0, 0 },
	{ 0x40000002, 7, 0, 0, 0 },
	{ 0x40000003, 0xa62, 0, 0, 0x100 },
	{ 0x40000004, 0x20, ALL, 0, 0 },
	{ 0x40000005, 0xff, 0xff, 0, 0 },
	{ 0x40000010, ALL, 0, 0, 0 },
	{ 0x40000100, 0x40000101, ALL, ALL, ALL },
	{ 0x40000101, 0x20, 0, 0, 0 },
	{ 0x80000000, 0x80000008, ALL, ALL, ALL },
	{ 0x80000001, ALL, 0, 0x121, 0x2c100800 },
	{ 0x80000002, ALL, ALL, ALL, ALL }, { 0x80000003, ALL, ALL, ALL, ALL }, { 0x80000004, ALL, ALL, ALL, ALL },
	{ 0x80000005, ALL, ALL, ALL, ALL }, { 0x80000006, ALL, ALL, ALL, ALL },
	{ 0x80000007, 0, 0, 0, 0x100 },
	{ 0x80000008, 0xffff, 0, 0, 0 },
};

static bool leaf_is_right(uint32_t leaf, uint32_t sub)
{
	struct cpuid_regs r = cpuid(leaf, sub);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++)
		if (leaves[i].leaf == leaf)
			return !(r.eax & ~leaves[i].eax) && !(r.ebx & ~leaves[i].ebx) && !(r.ecx & ~leaves[i].ecx) &&
			       !(r.edx & ~leaves[i].edx);
	return !(r.eax | r.ebx | r.ecx | r.edx);
}

static void sweep_leaves(uint32_t first, uint32_t nr, uint32_t subs)
{
	uint32_t i, sub, bad = 0;

	for (i = 0; i < nr; i++)
		for (sub = 0; sub < subs; sub++)
			if (!leaf_is_right(first + i, sub) && bad++ < 8)
				report(false, "CPUID 0x%x.%u shows no more than the policy says", first + i, sub);
	report(!bad, "CPUID: %u leaves from 0x%x show no more than the policy says", nr, first);
}

static void cpuids(void)
{
	uint32_t bit, sub, bad = 0;

	sweep_leaves(0, 0x40, 66);
	sweep_leaves(0x80000000u, 0x40, 3);
	sweep_leaves(0x40000000u, 0x300, 1);
	for (bit = 8; bit < 32; bit++)
		if (bit != 30 && bit != 31)
			bad += !leaf_is_right(1u << bit, 0) || !leaf_is_right((1u << bit) - 1, 0);
	report(!bad && leaf_is_right(ALL, 0) && leaf_is_right(0x7fffffff, 0) && leaf_is_right(0xc0000000u, 0), "and what is beyond is empty");
	for (sub = 2, bad = 0; sub < 64; sub++)
		bad += !(cpuid(0xd, 0).eax >> sub & 1) && sub < 32 && cpuid(0xd, sub).eax;
	report(!bad && !(cpuid(0xd, 0).eax & ~0x2e7u) && !(cpuid(0xd, 1).eax & ~0xfu) && !cpuid(0xd, 1).ecx && !cpuid(0xd, 1).edx,
	       "leaf 0xD: states not offered are empty, no supervisor state");
}

void case_sweep(void)
{
	if (!platform_is_vm()) {
		report_skip("the policy is for VMs");
		return;
	}
	msrs();
	cpuids();
}

/* ---- ports ---- */

/* doc/memory-map.md: what a pre-launched VM has. */
static const struct { uint16_t first, last; } owned[] = {
	{ 0x20, 0x21 }, { 0x70, 0x71 }, { 0xa0, 0xa1 }, { 0x3f8, 0x3ff }, { 0x400, 0x401 }, { 0x4d0, 0x4d1 },
	{ 0xcf8, 0xcff }, { TESTDEV_PORT, TESTDEV_PORT + TESTDEV_NR_PORTS - 1 },
};

/* First port behind `port` that belongs to nobody for `size` ports. */
static uint32_t next_free(uint32_t port, uint32_t size)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(owned); i++)
		if (port + size > owned[i].first && port <= owned[i].last)
			port = owned[i].last + 1u;
	return port;
}

static bool reads_ones(uint16_t port)
{
	return inb(port) == 0xff;
}

void case_ports(void)
{
	uint32_t port, nr = 0, bad = 0, wide = 0;

	if (!platform_is_vm() || platform_is_service()) {
		report_skip("a machine's ports are not for trying");
		return;
	}
	for (port = next_free(0, 4); port < 0xfffd; port = next_free(port + 1, 4)) {
		nr++;
		bad += !reads_ones((uint16_t)port);
		outb((uint16_t)port, 0x5a);
		if (port % 16 == 0) {	/* all widths at some */
			outw((uint16_t)port, 0x5a5a);
			outl((uint16_t)port, 0x5a5a5a5a);
			wide += inw((uint16_t)port) != 0xffff || inl((uint16_t)port) != ALL;
		}
		bad += !reads_ones((uint16_t)port);
	}
	report(!bad && !wide, "%u ports without a device read ones and keep nothing (%u and %u do not)", nr, bad, wide);
	bad = inl(0xfffd) != ALL;
	report(!bad, "nor do the last ones");
	inw(0xffff);
	report(true, "an access over the end of the ports hurts nobody");
}
