/* SPDX-License-Identifier: BSD-3-Clause */
/* XSETBV's rules, and extended state that nobody else's work changes. */
#include "cases/cases.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"

#define ROUNDS	300u

static int try_xsetbv(uint32_t reg, uint64_t v)
{
	ASM_TRY("xsetbv", : : "c"(reg), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
	return fault_vector();
}

static void test_rules(void)
{
	uint64_t all = cpuid(0xd, 0).eax;

	report(try_xsetbv(0, XCR0_X87) < 0 && xgetbv(0) == XCR0_X87, "x87 alone");
	report_eq(cpuid(0xd, 0).ebx, 576, "the area's size follows XCR0");
	report(try_xsetbv(0, XCR0_X87 | XCR0_SSE) < 0, "x87 and SSE");
	report(try_xsetbv(0, 0) == EXC_GP, "nothing faults");
	report(try_xsetbv(0, XCR0_SSE) == EXC_GP, "SSE without x87 faults");
	if (all & XCR0_AVX) {
		report(try_xsetbv(0, XCR0_X87 | XCR0_AVX) == EXC_GP, "AVX without SSE faults");
		report(try_xsetbv(0, XCR0_X87 | XCR0_SSE | XCR0_AVX) < 0, "x87, SSE and AVX");
		report_eq(cpuid(0xd, 0).ebx, 832, "the area's size follows again");
	}
	report(try_xsetbv(0, all | 1ul << 62) == EXC_GP, "an unknown bit faults");
	if (!(all & XCR0_BNDREGS))
		report(try_xsetbv(0, XCR0_X87 | XCR0_SSE | XCR0_BNDREGS | XCR0_BNDCSR) == EXC_GP, "hidden state faults");
	report(try_xsetbv(1, XCR0_X87) == EXC_GP, "XCR1 faults");
	report(try_xsetbv(0, all) < 0 && xgetbv(0) == all, "everything CPUID shows");
}

static void fill(uint64_t seed)
{
	__asm__ volatile("vmovq %0, %%xmm0\n\tvpbroadcastq %%xmm0, %%ymm0\n\tvpaddq %%ymm0, %%ymm0, %%ymm7\n\t"
			 "vpaddq %%ymm7, %%ymm0, %%ymm15" : : "r"(seed));
}

static bool kept(uint64_t seed)
{
	uint64_t v[4] __aligned(32), w[4] __aligned(32);

	__asm__ volatile("vmovups %%ymm7, %0\n\tvmovups %%ymm15, %1" : "=m"(v), "=m"(w));
	return v[0] == 2 * seed && v[3] == 2 * seed && w[1] == 3 * seed && w[2] == 3 * seed;
}

/* Exits and halts between; the other processor does the same with its own numbers. */
static void work(void *arg)
{
	uint64_t seed = 0x1111111111111111ul * (this_cpu()->index + 1), *bad = arg;
	unsigned int i;

	write_cr4(read_cr4() | CR4_OSXSAVE);
	xsetbv(0, XCR0_X87 | XCR0_SSE | XCR0_AVX);
	for (i = 0; i < ROUNDS; i++) {
		fill(seed + i);
		cpuid(0, 0);
		clock_wait_us(5);
		inb(0x3ff);
		*bad += !kept(seed + i);
	}
}

static void test_state(void)
{
	uint64_t bad[2] = { 0, 0 };

	if ((cpuid(0xd, 0).eax & 7) != 7 || !(cpuid(7, 0).ebx & 1u << 5)) {
		report_skip("AVX state: no AVX2");
		return;
	}
	if (smp_count() > 1)
		smp_send(1, work, &bad[1]);
	work(&bad[0]);
	if (smp_count() > 1)
		smp_wait(1, 1000000);
	report(!bad[0] && !bad[1], "AVX registers keep their values over %u rounds (%lu, %lu wrong)", ROUNDS, bad[0], bad[1]);
}

void case_xsave(void)
{
	uint64_t cr4 = read_cr4();

	if (!(cpuid(1, 0).ecx & 1u << 26)) {
		report_skip("no XSAVE");
		return;
	}
	write_cr4(cr4 & ~CR4_OSXSAVE);
	report(try_xsetbv(0, 7) == EXC_UD, "XSETBV without CR4.OSXSAVE gives #UD");
	write_cr4(cr4 | CR4_OSXSAVE);
	test_rules();
	test_state();
	write_cr4(cr4);
}
