/* SPDX-License-Identifier: BSD-3-Clause */
/* MSRs: what exists keeps what is written, what does not exist faults, reserved bits fault. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/clock.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define NON_CANONICAL	0x8000000000000000ul
#define LARGE_TSC	0x123456789abcul

/* Vector of the fault, or -1. */
static int try_read(uint32_t msr, uint64_t *v)
{
	uint32_t lo = 0, hi = 0;

	ASM_TRY("rdmsr", : "+a"(lo), "+d"(hi) : "c"(msr));
	*v = (uint64_t)hi << 32 | lo;
	return fault_vector();
}

static int try_write(uint32_t msr, uint64_t v)
{
	ASM_TRY("wrmsr", : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
	return fault_vector();
}

static void refuses(uint32_t msr, uint64_t v, const char *what)
{
	int vector = try_write(msr, v);

	report(vector == EXC_GP && fault_last()->error == 0, "%s faults (write of 0x%lx to 0x%x: vector %d)", what, v, msr,
	       vector);
}

/* Writes, reads back and restores. */
static void keeps(uint32_t msr, uint64_t v, const char *what)
{
	uint64_t old, got = 0;
	int rd = try_read(msr, &old), wr = try_write(msr, v);

	if (rd < 0 && wr < 0)
		try_read(msr, &got);
	report(rd < 0 && wr < 0 && got == v, "%s keeps 0x%lx (faults %d, %d, reads 0x%lx)", what, v, rd, wr, got);
	if (rd < 0)
		try_write(msr, old);
}

static void test_kept(void)
{
	keeps(MSR_SYSENTER_CS, 0x10, "SYSENTER_CS");
	keeps(MSR_SYSENTER_ESP, 0xffff800012345678ul, "SYSENTER_ESP");
	keeps(MSR_SYSENTER_EIP, 0x7fff12345678ul, "SYSENTER_EIP");
	keeps(MSR_STAR, 0x0013000812345678ul, "STAR");
	keeps(MSR_LSTAR, 0xffffffff81234567ul, "LSTAR");
	keeps(MSR_CSTAR, 0xffffffff87654321ul, "CSTAR");
	keeps(MSR_SFMASK, 0x47700, "SFMASK");
	keeps(MSR_FS_BASE, 0x123456789000ul, "FS_BASE");
	keeps(MSR_KERNEL_GS_BASE, 0xffff888000001000ul, "KERNEL_GS_BASE");
	keeps(MSR_PAT, 0x0007010600070106ul, "PAT");
	if (cpuid(0x80000001u, 0).edx & 1u << 27)
		keeps(MSR_TSC_AUX, 0x1234, "TSC_AUX");
	refuses(MSR_FS_BASE, NON_CANONICAL, "a non-canonical FS_BASE");
	refuses(MSR_LSTAR, NON_CANONICAL, "a non-canonical LSTAR");
	refuses(MSR_KERNEL_GS_BASE, NON_CANONICAL, "a non-canonical KERNEL_GS_BASE");
}

static void test_pat(void)
{
	static const uint8_t bad[] = { 2, 3, 8, 0x10, 0x80, 0xff };
	uint64_t old = rdmsr(MSR_PAT);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		refuses(MSR_PAT, (old & ~0xff0000ul) | (uint64_t)bad[i] << 16, "an unknown memory type in PAT");
	report_eq(rdmsr(MSR_PAT), old, "refused writes leave PAT as it was");
}

static void test_efer(void)
{
	uint64_t old = rdmsr(MSR_EFER);

	report(old & EFER_LMA && old & EFER_LME, "EFER shows long mode");
	refuses(MSR_EFER, old | 1ul << 9, "a reserved bit of EFER");
	refuses(MSR_EFER, old | 1ul << 63, "a high bit of EFER");
	refuses(MSR_EFER, old & ~EFER_LME, "LME cleared under paging");
	if (platform_is_vm())
		refuses(MSR_EFER, old | 1ul << 12, "SVME");
	report(try_write(MSR_EFER, old | EFER_SCE) < 0 && rdmsr(MSR_EFER) == (old | EFER_SCE), "SCE can be set");
	report(try_write(MSR_EFER, old & ~EFER_SCE) < 0 && !(rdmsr(MSR_EFER) & EFER_SCE), "SCE can be cleared");
	report(try_write(MSR_EFER, old & ~EFER_NXE) < 0 && !(rdmsr(MSR_EFER) & EFER_NXE), "NXE can be cleared");
	wrmsr(MSR_EFER, old);
	report_eq(rdmsr(MSR_EFER), old, "EFER is as before");
}

static void test_apic_base(void)
{
	uint64_t x = rdmsr(MSR_APIC_BASE), addr_bits = cpuid(0x80000008u, 0).eax & 0xff;

	report(x & APIC_BASE_EN && x & APIC_BASE_BSP, "APIC_BASE: enabled, and this is the boot processor");
	report_eq(x & APIC_BASE_ADDR, APIC_BASE_DEFAULT, "APIC_BASE holds the usual address");
	refuses(MSR_APIC_BASE, x | 1, "a reserved bit of APIC_BASE");
	refuses(MSR_APIC_BASE, x | 1ul << addr_bits, "an APIC address that is too wide");
	refuses(MSR_APIC_BASE, (x & ~APIC_BASE_EN) | APIC_BASE_EXTD, "x2APIC without enable");
	if (!apic_has_x2() || !platform_is_vm()) {
		report_skip("x2APIC transitions: %s", platform_is_vm() ? "no x2APIC" : "the bare emulator loses its APIC");
		return;
	}
	apic_use_x2(false);
	x = rdmsr(MSR_APIC_BASE);
	report(try_write(MSR_APIC_BASE, x | APIC_BASE_EXTD) < 0, "xAPIC to x2APIC");
	refuses(MSR_APIC_BASE, x, "x2APIC straight back to xAPIC");
	refuses(MSR_APIC_BASE, (x & ~APIC_BASE_EN) | APIC_BASE_EXTD, "EXTD without enable in x2APIC mode");
	report(rdmsr(MSR_APIC_BASE) == (x | APIC_BASE_EXTD), "the refused writes changed nothing");
	report(try_write(MSR_APIC_BASE, x & ~APIC_BASE_EN) < 0, "x2APIC to disabled");
	refuses(MSR_APIC_BASE, x | APIC_BASE_EXTD, "disabled straight to x2APIC");
	report(try_write(MSR_APIC_BASE, x) < 0 && rdmsr(MSR_APIC_BASE) == x, "disabled to xAPIC");
	apic_setup();
}

static void test_x2apic_msrs(void)
{
	uint64_t v;

	if (!apic_is_x2())
		report(try_read(MSR_X2APIC_ID, &v) == EXC_GP, "x2APIC MSRs fault in xAPIC mode");
	if (!apic_is_x2() && (!platform_is_vm() || !apic_use_x2(true)))
		return;
	report(try_read(MSR_X2APIC_ID, &v) < 0, "x2APIC MSRs answer in x2APIC mode");
	report(try_read(MSR_X2APIC_EOI, &v) == EXC_GP, "EOI cannot be read");
	report(try_read(0x831, &v) == EXC_GP, "there is no ICR2");
	report(try_read(0x80e, &v) == EXC_GP, "there is no DFR");
	refuses(MSR_X2APIC_ID, 0, "the id");
	refuses(MSR_X2APIC_VERSION, 0, "the version");
	refuses(MSR_X2APIC_LDR, 0, "the logical id");
	refuses(MSR_X2APIC_EOI, 1, "EOI with something but zero");
	refuses(MSR_X2APIC_ESR, 1, "ESR with something but zero");
	refuses(MSR_X2APIC_TPR, 0x100, "a reserved bit of TPR");
	refuses(MSR_X2APIC_SVR, 1u << 31, "a reserved bit of SVR");
	refuses(MSR_X2APIC_TMICT, 1ul << 32, "a reserved bit of the initial count");
	if (platform_is_vm() && !args_number("lapic_pt", 0))	/* the emulated hardware does not look */
		refuses(MSR_X2APIC_LVT_TIMER, 1u << 30, "a reserved bit of the timer's LVT entry");
	apic_use_x2(false);
}

static void test_tsc(void)
{
	uint64_t start = rdtsc(), now, i, back = 0, last = start;
	int fault;

	for (i = 0; i < 1000; i++) {
		now = i % 10 ? rdtsc() : rdmsr(MSR_TSC);
		back += now < last;
		last = now;
		if (i % 16 == 0)
			cpuid(0, 0);
	}
	report(!back, "the TSC never goes back");
	if (!platform_is_vm()) {
		report_skip("setting the TSC: the bare emulator's deadline timer would go on by the old one");
		return;
	}
	fault = try_write(MSR_TSC, 0);
	now = rdtsc();
	report(fault < 0 && now < clock_from_us(100), "the TSC can be set to 0 and counts on from there");
	fault = try_write(MSR_TSC, LARGE_TSC);
	now = rdtsc();
	report(fault < 0 && now - LARGE_TSC < clock_from_us(100), "and from a large number");
	wrmsr(MSR_TSC, last + 1000);
}

/* No VM has these. The bare emulator ignores unknown ones, so it shows nothing here. */
static void test_unknown(void)
{
	static const uint32_t unknown[] = {
		0x2, MSR_FEATURE_CONTROL, MSR_SPEC_CTRL, MSR_PRED_CMD, 0xc1, MSR_UMWAIT_CONTROL, MSR_MPERF,
		MSR_ARCH_CAPABILITIES, 0x186, MSR_PERF_STATUS, MSR_PERF_CTL, MSR_CLOCK_MODULATION, MSR_THERM_STATUS,
		0x309, MSR_PERF_GLOBAL_STATUS, MSR_PERF_GLOBAL_CTRL, MSR_VMX_BASIC, MSR_VMX_PROC_CTLS, MSR_VMX_VMFUNC,
		0x570, 0x600, MSR_PM_ENABLE, 0xc8f, 0xd90, 0x1234, 0x1fff, 0x2000, 0x40000003, 0x4b564d00,
		0xbfffffff, 0xc0000000, 0xc0000104, 0xc0001fff, 0xc0002000, 0xc0010015, 0xffffffff,
	};
	unsigned int i, reads = 0, writes = 0;
	uint64_t v;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		if (try_read(unknown[i], &v) != EXC_GP)
			report(false, "reading 0x%x faults", unknown[i]);
		else
			reads++;
		if (try_write(unknown[i], 0) != EXC_GP)
			report(false, "writing 0x%x faults", unknown[i]);
		else
			writes++;
	}
	report(reads == ARRAY_SIZE(unknown), "%u unknown MSRs fault when read", reads);
	report(writes == ARRAY_SIZE(unknown), "%u unknown MSRs fault when written", writes);
}

static void test_vm_policy(void)
{
	uint64_t v;

	report(try_read(MSR_MCG_CAP, &v) < 0 && v == 0, "no machine-check bank");
	refuses(MSR_MCG_CAP, 0, "the machine-check capability");
	refuses(MSR_MCG_STATUS, 1, "a machine-check status of the guest's own");
	report(try_read(MSR_BIOS_SIGN_ID, &v) < 0 && v >> 32 >= 0x25, "the microcode revision is new enough for Linux");
	report(try_read(MSR_MISC_ENABLE, &v) < 0, "MISC_ENABLE can be read");
	report(try_read(MSR_PLATFORM_ID, &v) < 0, "PLATFORM_ID can be read");
	refuses(MSR_PLATFORM_ID, 0, "PLATFORM_ID");
	refuses(MSR_DEBUGCTL, 1, "branch records, which no VM has");
}

static void test_mtrr(void)
{
	uint64_t cap;

	if (!(cpuid(1, 0).edx & 1u << 12)) {
		report(try_read(MSR_MTRR_CAP, &cap) == EXC_GP, "hidden MTRRs fault");
		return;
	}
	report(try_read(MSR_MTRR_CAP, &cap) < 0 && (cap & 0xff) >= 1, "there are variable MTRRs");
	refuses(MSR_MTRR_CAP, cap, "the MTRR capability");
	keeps(MSR_MTRR_PHYS_BASE(1), 0xc0000000ul, "MTRR 1's base");
	keeps(MSR_MTRR_PHYS_MASK(1), 0xff0000800ul, "MTRR 1's mask");
	keeps(MSR_MTRR_FIX64K_00000, 0x0606060606060606ul, "the first fixed MTRR");
	refuses(MSR_MTRR_FIX64K_00000, 0x0606060606060602ul, "an unknown type in a fixed MTRR");
	refuses(MSR_MTRR_DEF_TYPE, 2, "an unknown default type");
	refuses(MSR_MTRR_PHYS_BASE(1), 0xc0000003ul, "an unknown type in a variable MTRR");
}

static volatile uint64_t words[512] __aligned(4096);

/* Memory keeps what is written, and the hypervisor still finds code and tables in it: an MMIO access is decoded. */
static bool ram_works(uint64_t seed)
{
	uint32_t id = apic_id();
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = seed * (i + 1);
	__asm__ volatile("wbinvd" : : : "memory");
	for (i = 0; i < ARRAY_SIZE(words); i++)
		bad += words[i] != seed * (i + 1);
	return !bad && apic_id() == id;
}

/* What the types are is the unit tests' matter; here, that a VM goes on under each of them. */
static void test_memory_types(void)
{
	static const uint8_t types[] = { 0, 1, 4, 5, 6 };
	uint64_t def = rdmsr(MSR_MTRR_DEF_TYPE), cr0 = read_cr0(), at = (uint64_t)words;
	uint64_t mask = ((1ul << (cpuid(0x80000008u, 0).eax & 0xff)) - 1) & ~0xffful;
	unsigned int i;

	report_eq(def, 0xc06, "MTRRs start enabled and write-back, as a firmware leaves them");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		wrmsr(MSR_MTRR_DEF_TYPE, (def & ~0xfful) | types[i]);
		report(ram_works(0x1234567 + i), "RAM works with default type %u", types[i]);
	}
	wrmsr(MSR_MTRR_DEF_TYPE, 0);
	report(ram_works(0x7654321), "RAM works with the MTRRs off");
	wrmsr(MSR_MTRR_DEF_TYPE, def);
	wrmsr(MSR_MTRR_PHYS_BASE(2), at | 1);
	wrmsr(MSR_MTRR_PHYS_MASK(2), mask | MTRR_PHYS_MASK_VALID);
	report(ram_works(0x1111111), "RAM works with one page of another type");
	wrmsr(MSR_MTRR_PHYS_MASK(2), 0);
	write_cr0(cr0 | CR0_CD);
	report(ram_works(0x2222222), "RAM works with CR0.CD");
	write_cr0(cr0);
	report(ram_works(0x3333333), "and without it again");
	refuses(MSR_MTRR_DEF_TYPE, 1ul << 8, "a reserved bit of the default type");
	refuses(MSR_MTRR_PHYS_BASE(2), 1ul << 8, "a reserved bit of a base");
	refuses(MSR_MTRR_PHYS_MASK(2), 1ul << 10, "a reserved bit of a mask");
	refuses(MSR_MTRR_PHYS_MASK(2), mask + 0x1000, "a mask of more bits than an address has");
}

void case_msr(void)
{
	test_kept();
	test_pat();
	test_efer();
	test_apic_base();
	test_x2apic_msrs();
	test_tsc();
	test_mtrr();
	if (platform_is_vm()) {
		test_unknown();
		test_vm_policy();
		if (cpuid(1, 0).edx & 1u << 12)
			test_memory_types();
	} else {
		report_skip("unknown MSRs: the bare emulator ignores them");
	}
}
