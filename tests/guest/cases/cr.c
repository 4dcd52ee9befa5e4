/* SPDX-License-Identifier: BSD-3-Clause */
/* Control and debug registers: reserved bits, forbidden combinations, shadows. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/paging.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"

#define TRY_WRITE(reg)							\
	static int try_##reg(uint64_t v)				\
	{								\
		ASM_TRY("movq %0, %%" #reg, : : "r"(v) : "memory");	\
		return fault_vector();					\
	}

TRY_WRITE(cr0)
TRY_WRITE(cr3)
TRY_WRITE(cr4)
TRY_WRITE(cr8)
TRY_WRITE(dr7)

static uint64_t read_cr8(void)
{
	uint64_t v;

	__asm__ volatile("movq %%cr8, %0" : "=r"(v) : : "memory");
	return v;
}

static uint8_t page[4096] __aligned(4096);

static void test_cr0_refused(void)
{
	uint64_t old = read_cr0();

	report(try_cr0(old | 1ul << 32) == EXC_GP, "CR0: bit 32 faults");
	report(try_cr0(old | 1ul << 63) == EXC_GP, "CR0: bit 63 faults");
	report(try_cr0(old & ~CR0_PE) == EXC_GP, "CR0: paging without protection faults");
	report(try_cr0((old & ~CR0_CD) | CR0_NW) == EXC_GP, "CR0: NW without CD faults");
	report(try_cr0(old & ~CR0_PG) == EXC_GP, "CR0: paging cannot end in 64-bit code");
	report_eq(read_cr0(), old, "CR0: refused writes change nothing");
}

static void test_cr0_kept(void)
{
	static const struct { uint64_t bit; const char *name; } bits[] = {
		{ CR0_MP, "MP" }, { CR0_EM, "EM" }, { CR0_TS, "TS" }, { CR0_NE, "NE" }, { CR0_WP, "WP" },
		{ CR0_AM, "AM" }, { CR0_CD, "CD" },
	};
	uint64_t old = read_cr0(), got;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		int vector = try_cr0(old ^ bits[i].bit);

		got = read_cr0();
		write_cr0(old);
		report(vector < 0 && got == (old ^ bits[i].bit), "CR0: %s changes and reads back", bits[i].name);
	}
	report(try_cr0(old & ~CR0_ET) < 0 && read_cr0() == old, "CR0: ET stays set");
	write_cr0(old);
}

static void test_task_switched(void)
{
	uint64_t old = read_cr0();
	uint16_t msw;

	write_cr0((old & ~CR0_EM) | CR0_TS);
	ASM_TRY("fnop", : :);
	report(fault_vector() == EXC_NM, "TS: an x87 instruction gives #NM");
	__asm__ volatile("clts" : : : "memory");
	report(!(read_cr0() & CR0_TS), "CLTS clears TS");
	ASM_TRY("fnop", : :);
	report(fault_vector() < 0, "then x87 works");
	__asm__ volatile("smsw %0" : "=r"(msw));
	report_eq(msw, read_cr0() & 0xffff, "SMSW reads CR0's low half");
	__asm__ volatile("lmsw %0" : : "r"((uint16_t)(msw | CR0_TS)) : "memory");
	report(read_cr0() & CR0_TS, "LMSW sets TS");
	__asm__ volatile("lmsw %0" : : "r"((uint16_t)0) : "memory");
	report((read_cr0() & (CR0_TS | CR0_PE)) == CR0_PE, "LMSW clears TS but never PE");
	write_cr0(old | CR0_EM);
	ASM_TRY("fnop", : :);
	report(fault_vector() == EXC_NM, "EM: an x87 instruction gives #NM");
	write_cr0(old);
}

static void test_write_protect(void)
{
	volatile uint8_t *p = paging_set(0, (uint64_t)page | PTE_P);
	uint64_t old = read_cr0();

	write_cr0(old | CR0_WP);
	ASM_TRY("movb $1, %0", : "=m"(*p));
	report(fault_vector() == EXC_PF && fault_last()->error == (PF_PRESENT | PF_WRITE), "WP: writing a read-only page faults");
	write_cr0(old & ~CR0_WP);
	ASM_TRY("movb $2, %0", : "=m"(*p));
	report(fault_vector() < 0 && page[0] == 2, "without WP it does not");
	write_cr0(old | CR0_WP);
	ASM_TRY("movb $3, %0", : "=m"(*p));
	report(fault_vector() == EXC_PF, "with WP again it does");
	write_cr0(old);
}

static void test_cr4(void)
{
	static const struct { uint64_t bit; uint32_t leaf, reg, cpuid_bit; const char *name; } features[] = {
		{ CR4_FSGSBASE, 7, 1, 0, "FSGSBASE" }, { CR4_SMEP, 7, 1, 7, "SMEP" }, { CR4_SMAP, 7, 1, 20, "SMAP" },
		{ CR4_UMIP, 7, 2, 2, "UMIP" }, { CR4_PKE, 7, 2, 3, "PKE" }, { CR4_OSXSAVE, 1, 2, 26, "OSXSAVE" },
		{ CR4_PCIDE, 1, 2, 17, "PCIDE" }, { CR4_LA57, 7, 2, 16, "LA57" }, { CR4_CET, 7, 2, 7, "CET" },
		{ CR4_SMXE, 1, 2, 6, "SMXE" }, { CR4_VMXE, 1, 2, 5, "VMXE" },
	};
	uint64_t old = read_cr4();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		struct cpuid_regs r = cpuid(features[i].leaf, 0);
		bool has = (features[i].reg == 1 ? r.ebx : r.ecx) >> features[i].cpuid_bit & 1;
		int vector;

		/* LA57 cannot change under paging, VMXE only matters where there is no VMX. */
		if (has && (features[i].bit == CR4_LA57 || features[i].bit == CR4_CET))
			continue;
		vector = try_cr4(old | features[i].bit);
		if (has)
			report(vector < 0 && read_cr4() == (old | features[i].bit), "CR4: %s, which CPUID shows, can be set",
			       features[i].name);
		else
			report(vector == EXC_GP && read_cr4() == old, "CR4: %s, which CPUID hides, faults", features[i].name);
		write_cr4(old);
	}
	report(try_cr4(old | 1ul << 15) == EXC_GP, "CR4: bit 15 faults");
	report(try_cr4(old | 1ul << 31) == EXC_GP, "CR4: bit 31 faults");
	report(try_cr4(old | 1ul << 63) == EXC_GP, "CR4: bit 63 faults");
	report(try_cr4(old & ~CR4_PAE) == EXC_GP, "CR4: PAE cannot be cleared in long mode");
	report(!(read_cr4() & CR4_VMXE) || !platform_is_vm(), "CR4: the machine's VMXE is not seen");
}

static void test_cr4_kept(void)
{
	static const struct { uint64_t bit; const char *name; } bits[] = {
		{ CR4_TSD, "TSD" }, { CR4_DE, "DE" }, { CR4_PSE, "PSE" }, { CR4_MCE, "MCE" }, { CR4_PGE, "PGE" },
		{ CR4_PCE, "PCE" }, { CR4_OSFXSR, "OSFXSR" }, { CR4_OSXMMEXCPT, "OSXMMEXCPT" },
	};
	uint64_t old = read_cr4();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		int vector = try_cr4(old ^ bits[i].bit);
		uint64_t got = read_cr4();

		write_cr4(old);
		report(vector < 0 && got == (old ^ bits[i].bit), "CR4: %s changes and reads back", bits[i].name);
	}
}

static void test_cr3(void)
{
	uint64_t old = read_cr3(), bits = cpuid(0x80000008u, 0).eax & 0xff;

	report(try_cr3(old | 1ul << bits) == EXC_GP, "CR3: an address of more than %lu bits faults", bits);
	report(try_cr3(old) < 0 && read_cr3() == old, "CR3: reads back");
	if (cpuid(1, 0).ecx & 1u << 17) {
		write_cr3(old | 0x18);
		report(try_cr4(read_cr4() | CR4_PCIDE) == EXC_GP, "PCIDE cannot be set while CR3's low bits are not zero");
		write_cr3(old);
		write_cr4(read_cr4() | CR4_PCIDE);
		report(try_cr3(old | 5 | 1ul << 63) < 0 && read_cr3() == (old | 5), "PCIDE: CR3 takes a PCID, bit 63 is not kept");
		write_cr3(old);
		write_cr4(read_cr4() & ~CR4_PCIDE);
	}
}

static void test_cr8(void)
{
	unsigned int i, wrong = 0, wrong_back = 0;

	for (i = 0; i < 16; i++) {
		int vector = try_cr8(i);

		wrong += vector >= 0 || read_cr8() != i || apic_read(APIC_TPR) != i << 4;
		apic_write(APIC_TPR, (15 - i) << 4 | 5);
		wrong_back += read_cr8() != 15 - i || apic_read(APIC_TPR) != ((15 - i) << 4 | 5);
	}
	report(!wrong, "CR8 writes the upper half of the task priority (%u of 16 wrong)", wrong);
	report(!wrong_back, "CR8 reads it back (%u of 16 wrong)", wrong_back);
	report(try_cr8(16) == EXC_GP, "CR8: bit 4 faults");
	report(try_cr8(1ul << 32) == EXC_GP, "CR8: bit 32 faults");
	try_cr8(0);
	apic_write(APIC_TPR, 0);
}

static void test_debug_registers(void)
{
	uint64_t old = read_cr4();

	write_dr0(0x123456789abcul);
	write_dr3(0xffffffff80000000ul);
	cpuid(0, 0);
	report(read_dr0() == 0x123456789abcul && read_dr3() == 0xffffffff80000000ul, "DR0 and DR3 survive exits");
	report(try_dr7(DR7_INIT | 1ul << 32) == EXC_GP, "DR7: bit 32 faults");
	report(try_dr7(DR7_INIT | 0x55) < 0 && read_dr7() == (DR7_INIT | 0x55), "DR7 reads back");
	write_dr7(DR7_INIT);
	write_cr4(old | CR4_DE);
	ASM_TRY("movq %%dr4, %%rax", : : : "rax");
	report(fault_vector() == EXC_UD, "DR4 with CR4.DE gives #UD");
	write_cr4(old & ~CR4_DE);
	ASM_TRY("movq %%dr4, %%rax", : : : "rax");
	report(fault_vector() < 0, "DR4 without CR4.DE is DR6");
	write_cr4(old);
	write_dr0(0);
	write_dr3(0);
}

void case_cr(void)
{
	test_cr0_refused();
	test_cr0_kept();
	test_task_switched();
	test_write_protect();
	test_cr4();
	test_cr4_kept();
	test_cr3();
	apic_each_mode(test_cr8);
	test_debug_registers();
}
