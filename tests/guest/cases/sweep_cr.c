/* SPDX-License-Identifier: BSD-3-Clause */
/* Every bit of CR0, CR4, CR8, XCR0, EFER, DR6 and DR7, and every combination of XCR0's low bits, against the policy. */
#include "cases/cases.h"

#include "lib/platform.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define TRY(name, insn)								\
	static int try_##name(uint64_t v)					\
	{									\
		ASM_TRY(insn, : : "r"(v) : "memory");				\
		return fault_vector();						\
	}

TRY(cr0, "movq %0, %%cr0")
TRY(cr4, "movq %0, %%cr4")
TRY(cr8, "movq %0, %%cr8")
TRY(dr6, "movq %0, %%dr6")
TRY(dr7, "movq %0, %%dr7")

static int try_efer(uint64_t v)
{
	ASM_TRY("wrmsr", : : "c"(MSR_EFER), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
	return fault_vector();
}

static int try_xcr0(uint64_t v)
{
	ASM_TRY("xsetbv", : : "c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
	return fault_vector();
}

#define GP	((int)EXC_GP)

/* What becomes of a write that differs from the register in one bit. */
enum fate { FAULTS, CHANGES, STAYS };

static bool is(enum fate want, int vector, uint64_t old, uint64_t got, uint64_t bit)
{
	return want == FAULTS ? vector == GP && got == old : vector < 0 && got == (want == CHANGES ? old ^ bit : old);
}

static void cr0(void)
{
	const uint64_t change = CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_CD;
	uint64_t old = read_cr0(), got;
	unsigned int i, bad = 0;

	for (i = 0; i < 64; i++) {
		uint64_t bit = 1ul << i;
		enum fate want = i > 31 || (bit & (CR0_PE | CR0_PG | CR0_NW)) ? FAULTS : bit & change ? CHANGES : STAYS;
		int vector = try_cr0(old ^ bit);

		got = read_cr0();
		write_cr0(old);
		if (!is(want, vector, old, got, bit)) {
			bad++;
			report(false, "CR0 bit %u (vector %d, %lx from %lx)", i, vector, got, old);
		}
	}
	report(!bad, "all bits of CR0");
}

static uint64_t cr4_allowed(void)
{
	static const struct { uint64_t cr4; uint32_t leaf, reg, bit; } by_cpuid[] = {
		{ CR4_FSGSBASE, 7, 1, 0 }, { CR4_SMEP, 7, 1, 7 }, { CR4_SMAP, 7, 1, 20 }, { CR4_UMIP, 7, 2, 2 },
		{ CR4_PKE, 7, 2, 3 }, { CR4_OSXSAVE, 1, 2, 26 }, { CR4_PCIDE, 1, 2, 17 },
	};
	uint64_t v = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(by_cpuid); i++) {
		struct cpuid_regs r = cpuid(by_cpuid[i].leaf, 0);

		if ((by_cpuid[i].reg == 1 ? r.ebx : r.ecx) >> by_cpuid[i].bit & 1)
			v |= by_cpuid[i].cr4;
	}
	return v;
}

static void cr4(void)
{
	uint64_t old = read_cr4(), allowed = cr4_allowed(), got;
	unsigned int i, bad = 0;

	for (i = 0; i < 64; i++) {
		uint64_t bit = 1ul << i;
		int vector = try_cr4(old ^ bit);

		got = read_cr4();
		write_cr4(old);
		if (!is(allowed & bit ? CHANGES : FAULTS, vector, old, got, bit)) {
			bad++;
			report(false, "CR4 bit %u (vector %d, %lx from %lx)", i, vector, got, old);
		}
	}
	report(!bad, "all bits of CR4");
}

static void efer(void)
{
	uint64_t old = rdmsr(MSR_EFER), got;
	unsigned int i, bad = 0;

	for (i = 0; i < 64; i++) {
		uint64_t bit = 1ul << i;
		enum fate want = bit & (EFER_SCE | EFER_NXE) ? CHANGES : bit & EFER_LMA ? STAYS : FAULTS;
		int vector = try_efer(old ^ bit);

		got = rdmsr(MSR_EFER);
		wrmsr(MSR_EFER, old);
		if (!is(want, vector, old, got, bit)) {
			bad++;
			report(false, "EFER bit %u (vector %d, %lx from %lx)", i, vector, got, old);
		}
	}
	report(!bad, "all bits of EFER");
}

static bool xcr0_is_legal(uint64_t v, uint64_t all)
{
	if ((v & ~all) || !(v & XCR0_X87) || ((v & XCR0_AVX) && !(v & XCR0_SSE)))
		return false;
	return !(v & XCR0_AVX512) || ((v & XCR0_AVX512) == XCR0_AVX512 && (v & XCR0_AVX));
}

static void xcr0(void)
{
	uint64_t cr4_old = read_cr4(), v, all = cpuid(0xd, 0).eax;
	unsigned int i, bad = 0;

	if (!(cpuid(1, 0).ecx & 1u << 26)) {
		report_skip("XCR0: no XSAVE");
		return;
	}
	write_cr4(cr4_old | CR4_OSXSAVE);
	for (v = 0; v < 1024; v++) {
		bool legal = xcr0_is_legal(v, all);

		bad += try_xcr0(v) != (legal ? -1 : GP) || (legal && xgetbv(0) != v);
	}
	for (i = 10; i < 64; i++)
		bad += try_xcr0(XCR0_X87 | 1ul << i) != GP;
	report(!bad, "all combinations of XCR0's low 10 bits, and every other bit (%u wrong)", bad);
	xsetbv(0, XCR0_X87);
	write_cr4(cr4_old);
}

static void cr8_and_debug(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < 64; i++) {
		bad += try_cr8(1ul << i) != (i < 4 ? -1 : GP);
		try_cr8(0);
	}
	report(!bad, "all bits of CR8 (%u wrong)", bad);
	for (i = 0, bad = 0; i < 64; i++) {
		uint64_t bit = 1ul << i;
		bool fixed = (bit & (1u << 11 | 1u << 12 | 1u << 14 | 1u << 15)) != 0;

		bad += try_dr6(DR6_INIT ^ bit) != (i < 32 ? -1 : GP);
		write_dr6(DR6_INIT);
		if (bit == DR7_GD)	/* would trap the next access */
			continue;
		bad += try_dr7(DR7_INIT | bit) != (i < 32 ? -1 : GP);
		if (i < 32 && !fixed && read_dr7() != (DR7_INIT | bit))
			bad++;
		write_dr7(DR7_INIT);
	}
	report(!bad, "all bits of DR6 and DR7 (%u wrong)", bad);
}

/* XSS has no bit that may be set; XSAVES and XRSTORS then work on user state. */
static void xss(void)
{
	static uint8_t area[4096] __aligned(64);
	uint64_t v, cr4_old = read_cr4();
	unsigned int i, bad = 0;

	if (!(cpuid(0xd, 1).eax & 1u << 3)) {
		fault_clear();
		(void)!rdmsr_safe(MSR_XSS, &v);
		report(fault_vector() == GP, "XSS faults without XSAVES");
		return;
	}
	for (i = 0; i < 64; i++) {
		fault_clear();
		(void)!wrmsr_safe(MSR_XSS, 1ul << i);
		bad += fault_vector() != GP || rdmsr(MSR_XSS);
	}
	report(!bad, "no bit of XSS can be set (%u wrong)", bad);
	write_cr4(cr4_old | CR4_OSXSAVE);
	xsetbv(0, XCR0_X87 | XCR0_SSE);
	ASM_TRY("xsaves64 (%0)", : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
	report(fault_vector() < 0 && *(uint64_t *)(area + 520) == (1ul << 63 | XCR0_X87 | XCR0_SSE), "XSAVES writes the compact form");
	ASM_TRY("xrstors64 (%0)", : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
	report(fault_vector() < 0, "XRSTORS takes it back");
	*(uint64_t *)(area + 520) |= 1ul << 8;
	ASM_TRY("xrstors64 (%0)", : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
	report(fault_vector() == GP, "XRSTORS of supervisor state faults");
	write_cr4(cr4_old);
}

void case_sweep_cr(void)
{
	if (!platform_is_vm()) {
		report_skip("the policy is for VMs");
		return;
	}
	cr0();
	cr4();
	efer();
	xcr0();
	xss();
	cr8_and_debug();
}
