/* SPDX-License-Identifier: BSD-3-Clause */
/* Hyper-V's interface, where the scenario shows it: its clocks agree with the TSC, its pages work. */
#include "cases/cases.h"

#include "lib/clock.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define INTERFACE	0x31237648u	/* "Hv#1" */
#define OS_ID		0x40000000u
#define HYPERCALL	0x40000001u
#define VP_INDEX	0x40000002u
#define COUNTER		0x40000020u
#define TSC_PAGE	0x40000021u
#define TSC_HZ		0x40000022u
#define APIC_HZ		0x40000023u

struct tsc_page {
	volatile uint32_t sequence, reserved;
	volatile uint64_t scale;
	volatile int64_t offset;
};

static uint8_t page[4096] __aligned(4096), code[4096] __aligned(4096);

static int try_read(uint32_t msr)
{
	uint64_t v;

	fault_clear();
	(void)!rdmsr_safe(msr, &v);
	return fault_vector();
}

static int try_write(uint32_t msr, uint64_t v)
{
	fault_clear();
	(void)!wrmsr_safe(msr, v);
	return fault_vector();
}

static void own_index(void *arg)
{
	*(uint64_t *)arg = rdmsr(VP_INDEX);
}

static void test_index(void)
{
	unsigned int i, bad = 0;
	uint64_t v = ~0ul;

	for (i = 1; i < smp_count(); i++) {
		smp_call(i, own_index, &v);
		bad += v != i;
	}
	report(rdmsr(VP_INDEX) == 0 && !bad, "every processor has its index");
}

static void test_counter(void)
{
	uint64_t hz = rdmsr(TSC_HZ), t0, c0, t1, c1, least, most;

	report_eq(hz / 1000, clock_khz(), "the TSC frequency is that of leaf 0x40000010");
	report_eq(rdmsr(APIC_HZ), hz, "the APIC timer counts at the same rate");
	t0 = rdtsc();
	c0 = rdmsr(COUNTER);
	clock_wait_us(100);
	c1 = rdmsr(COUNTER);
	t1 = rdtsc();
	least = clock_from_us(100) * 10000000 / hz - 1;
	most = (t1 - t0) * 10000000 / hz + 1;
	report(c1 - c0 >= least && c1 - c0 <= most, "the counter goes by 100 ns (%lu in %lu..%lu)", c1 - c0, least, most);
	report(try_write(COUNTER, 0) == EXC_GP && try_write(TSC_HZ, 0) == EXC_GP && try_write(VP_INDEX, 0) == EXC_GP,
	       "what is read-only faults when written");
}

static uint64_t page_time(const struct tsc_page *p)
{
	return (uint64_t)((unsigned __int128)rdtsc() * p->scale >> 64) + (uint64_t)p->offset;
}

static void test_page(void)
{
	const struct tsc_page *p = (const struct tsc_page *)page;
	uint64_t before, now, after;

	report(try_write(TSC_PAGE, 0xfee00001ul) == EXC_GP, "a reference page that is no RAM faults");
	wrmsr(TSC_PAGE, (uint64_t)page | 1);
	report(rdmsr(TSC_PAGE) == ((uint64_t)page | 1) && p->sequence, "the reference page is filled");
	before = rdmsr(COUNTER);
	now = page_time(p);
	after = rdmsr(COUNTER);
	report(before <= now + 1 && now <= after + 1, "the page agrees with the counter (%lu <= %lu <= %lu)", before, now, after);
	wrmsr(MSR_TSC, rdtsc());
	report_eq(p->sequence, 0, "after a write of the TSC the page sends its readers to the counter");
	wrmsr(TSC_PAGE, 0);
}

static void test_hypercall(void)
{
	uint64_t status = 0;

	wrmsr(HYPERCALL, (uint64_t)code | 1);
	report_eq(rdmsr(HYPERCALL) & 1, 0, "no hypercall page before the guest has named itself");
	wrmsr(OS_ID, 0x8100000000000001ul);
	report_eq(rdmsr(OS_ID), 0x8100000000000001ul, "the guest's name is kept");
	wrmsr(HYPERCALL, (uint64_t)code | 1);
	report(rdmsr(HYPERCALL) & 1, "then it can be switched on");
	__asm__ volatile("call *%1" : "=a"(status) : "r"((uint64_t)code), "c"(0x5cul), "d"(0ul) : "r8", "r9", "r10", "r11", "memory");
	report_eq(status, 2, "any call is answered: no such code");
	wrmsr(OS_ID, 0);
	report_eq(rdmsr(HYPERCALL) & 1, 0, "without a name it goes off");
}

void case_hyperv(void)
{
	struct cpuid_regs r = cpuid(0x40000001u, 0);

	if (!platform_is_vm() || r.eax != INTERFACE) {
		if (platform_is_vm())
			report(try_read(OS_ID) == EXC_GP && try_read(COUNTER) == EXC_GP, "its registers fault where it is not shown");
		report_skip("not switched on for this VM");
		return;
	}
	report_eq(cpuid(0x40000003u, 0).eax, 0xa62, "its privileges: counter, hypercall page, index, reference page, frequencies");
	report_eq(cpuid(0x40000005u, 0).eax, smp_count(), "it knows how many processors there are");
	test_index();
	test_counter();
	test_page();
	test_hypercall();
}
