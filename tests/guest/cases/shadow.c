/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupt shadows and single steps around instructions that exit: an
 * interrupt that waits behind STI comes exactly one instruction later, and
 * each instruction, each iteration of a repeated one, ends in one step.
 */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/args.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define VECTOR		0x51

static volatile uint64_t taken_at, nr_taken;

static void note(struct trap_frame *frame)
{
	taken_at = frame->rip;
	nr_taken++;
	apic_eoi();
}

static void make_pending(void)
{
	cpu_cli();
	nr_taken = 0;
	apic_icr(apic_id(), APIC_ICR_DM_FIXED | APIC_ICR_ASSERT | VECTOR);
}

/* The instruction between STI and label 1 is in the shadow. */
#define IN_SHADOW(what, insn, ...)							\
	do {										\
		uint64_t want_;								\
											\
		make_pending();								\
		__asm__ volatile("sti\n\t" insn "\n\t1: nop\n\tcli\n\tleaq 1b(%%rip), %[want]" : [want] "=&r"(want_) __VA_ARGS__); \
		report(nr_taken == 1 && taken_at == want_, "%s: taken %lu times, at %+ld from behind it", what,	\
		       nr_taken, (int64_t)(taken_at - want_));				\
	} while (0)

#define IOAPIC	0xfec00000ul	/* its index register: any value will do */
#define TSC_AUX	0xc0000103u

static uint64_t other_cr0, other_cr4;	/* with a bit changed that a hypervisor owns */
static uint32_t words[4];

static void test_sti(void)
{
	uint64_t a = 0, c = 0, ss = SEL_GUEST_DATA;

	IN_SHADOW("STI, NOP", "nop", : : "memory");
	IN_SHADOW("STI, CPUID", "cpuid", , "+a"(a), "+c"(c) : : "rbx", "rdx", "memory");
	IN_SHADOW("STI, RDMSR", "rdmsr", : "c"(MSR_APIC_BASE) : "rax", "rdx", "memory");
	IN_SHADOW("STI, WRMSR", "wrmsr", : "c"(MSR_EFER), "a"(rdmsr(MSR_EFER)), "d"(0) : "memory");
	IN_SHADOW("STI, IN", "inb %%dx, %%al", : "d"(0x3ff) : "rax", "memory");
	IN_SHADOW("STI, OUT", "outb %%al, %%dx", : "d"(0x3ff), "a"(0) : "memory");
	IN_SHADOW("STI, MMIO read", "movl (%[ioapic]), %%eax", : [ioapic] "r"(IOAPIC) : "rax", "memory");
	IN_SHADOW("STI, MMIO write", "movl $0, (%[ioapic])", : [ioapic] "r"(IOAPIC) : "memory");
	IN_SHADOW("STI, MMIO OR", "orl $1, (%[ioapic])", : [ioapic] "r"(IOAPIC) : "memory", "cc");
	IN_SHADOW("STI, MOV to CR4", "movq %[v], %%cr4", : [v] "r"(other_cr4) : "memory");
	cpu_cli();
	write_cr4(other_cr4 ^ CR4_MCE);
	IN_SHADOW("STI, WBINVD", "wbinvd", : : "memory");
	IN_SHADOW("STI, HLT", "hlt", : : "memory");
	IN_SHADOW("STI, MOV SS, CPUID", "movl %%ecx, %%ss\n\tcpuid", , "+a"(a), "+c"(ss) : : "rbx", "rdx", "memory");
}

#define MAX_STEPS	12u
#define DR6_BS		(1ul << 14)
#define DR6_NONE	0xffff0ff0ul
#define TAIL		3u	/* steps of the three instructions that end it */

static uint64_t steps[MAX_STEPS];
static unsigned int nr_steps, nr_without_bs;

static void step(struct trap_frame *frame)
{
	nr_without_bs += !(read_dr6() & DR6_BS);
	write_dr6(DR6_NONE);
	if (nr_steps < MAX_STEPS)
		steps[nr_steps++] = frame->rip;
	else
		frame->rflags &= ~RFLAGS_TF;
}

static void check_steps(const char *what, uint64_t insn, uint64_t end, unsigned int iterations)
{
	unsigned int i, inside = 0;

	for (i = 0; i < nr_steps && steps[i] != end; i++)
		inside += steps[i] == insn;
	report(i == inside && inside == iterations - 1 && nr_steps == iterations + TAIL && !nr_without_bs,
	       "single step over %s: %u steps, %u before its end, %u without DR6.BS", what, nr_steps, i, nr_without_bs);
}

/* Label 1 stands at the instruction and 2 behind it: a step behind each iteration, the last one at 2. */
#define STEP_REP(what, iterations, insn, ...)						\
	do {										\
		uint64_t insn_, end_;							\
											\
		nr_steps = nr_without_bs = 0;						\
		write_dr6(DR6_NONE);							\
		__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t1: " insn "\n\t"	\
				 "2: pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\t"	\
				 "leaq 1b(%%rip), %[at]\n\tleaq 2b(%%rip), %[end]"	\
				 : [at] "=&r"(insn_), [end] "=&r"(end_) __VA_ARGS__);	\
		check_steps(what, insn_, end_, iterations);				\
	} while (0)

#define STEP(what, insn, ...)	STEP_REP(what, 1u, insn, __VA_ARGS__)

static void step_memory(void)
{
	uint64_t si = IOAPIC, eax = 0;

	STEP("an MMIO read", "movl (%[ioapic]), %%eax", : [ioapic] "r"(IOAPIC) : "rax", "memory");
	STEP("an MMIO write", "movl %%eax, (%[ioapic])", : [ioapic] "r"(IOAPIC), "a"(0) : "memory");
	STEP("MOVZX", "movzbl (%[ioapic]), %%eax", : [ioapic] "r"(IOAPIC) : "rax", "memory");
	STEP("CMP", "cmpl $1, (%[ioapic])", : [ioapic] "r"(IOAPIC) : "cc", "memory");
	STEP("OR to memory", "orl $1, (%[ioapic])", : [ioapic] "r"(IOAPIC) : "cc", "memory");
	STEP("XCHG", "xchgl %%eax, (%[ioapic])", , "+a"(eax) : [ioapic] "r"(IOAPIC) : "memory");
	STEP("LODS", "lodsl", , "+S"(si) : : "rax", "memory");
}

/* The index registers change: each is an output too. The bare machine's IOAPIC takes no bytes: RAM there. */
static void step_strings(void)
{
	uint64_t si = (uint64_t)words, di = (uint64_t)words, n = 3, mmio = platform_is_vm() ? IOAPIC : (uint64_t)(words + 2);

	STEP_REP("REP OUTSB", 3u, "rep outsb", , "+S"(si), "+c"(n) : "d"(0x3ff) : "memory");
	n = 3;
	STEP_REP("REP INSB", 3u, "rep insb", , "+D"(di), "+c"(n) : "d"(0x3ff) : "memory");
	n = 3;
	di = mmio;
	STEP_REP("REP STOSB", 3u, "rep stosb", , "+D"(di), "+c"(n) : "a"(0) : "memory");
	n = 3;
	si = mmio;
	di = (uint64_t)words;
	STEP_REP("REP MOVSB from MMIO", 3u, "rep movsb", , "+S"(si), "+D"(di), "+c"(n) : : "memory");
	n = 0;
	si = (uint64_t)words;
	STEP("REP OUTSB of nothing", "rep outsb", , "+S"(si), "+c"(n) : "d"(0x3ff) : "memory");
	STEP("OUTSB", "outsb", , "+S"(si) : "d"(0x3ff) : "memory");
}

static void step_system(void)
{
	uint64_t a = 0, c = 0, ss = SEL_GUEST_DATA;

	STEP("NOP", "nop", : : "memory");
	STEP("CPUID", "cpuid", , "+a"(a), "+c"(c) : : "rbx", "rdx", "memory");
	STEP("RDMSR", "rdmsr", : "c"(MSR_APIC_BASE) : "rax", "rdx", "memory");
	STEP("WRMSR", "wrmsr", : "c"(MSR_EFER), "a"(rdmsr(MSR_EFER)), "d"(0) : "memory");
	STEP("IN", "inb %%dx, %%al", : "d"(0x3ff) : "rax", "memory");
	STEP("OUT", "outb %%al, %%dx", : "d"(0x3ff), "a"(0) : "memory");
	STEP("MOV to CR0", "movq %[v], %%cr0", : [v] "r"(other_cr0) : "memory");
	STEP("MOV to CR0 again", "movq %[v], %%cr0", : [v] "r"(other_cr0 ^ CR0_CD) : "memory");
	STEP("MOV to CR4", "movq %[v], %%cr4", : [v] "r"(other_cr4) : "memory");
	STEP("MOV to CR4 again", "movq %[v], %%cr4", : [v] "r"(other_cr4 ^ CR4_MCE) : "memory");
	STEP("MOV to CR8", "movq %[v], %%cr8", : [v] "r"(0ul) : "memory");
	STEP("MOV from CR8", "movq %%cr8, %%rax", : : "rax", "memory");
	STEP("WBINVD", "wbinvd", : : "memory");
	STEP("MOV SS, CPUID", "movl %%ecx, %%ss\n\tcpuid", , "+a"(a), "+c"(ss) : : "rbx", "rdx", "memory");
	if (platform_is_vm() && !args_number("lapic_pt", 0))
		STEP("HLT", "hlt", : : "memory");
	else
		report_skip("single step over HLT: the emulated processor sleeps on");
}

#define DEBUGCTL_BTF	(1ul << 1)

/* "Single step on branches": the instructions that exit are none. */
static void step_branches(void)
{
	uint64_t v, a = 0, c = 0;
	unsigned int on_nop;

	if (wrmsr_safe(MSR_DEBUGCTL, DEBUGCTL_BTF) || rdmsr_safe(MSR_DEBUGCTL, &v) || v != DEBUGCTL_BTF) {
		report_skip("steps on branches: the emulated processor has no DEBUGCTL.BTF");
		return;
	}
	nr_steps = 0;
	__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop\n\t"
			 "pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq" : : : "memory");
	on_nop = nr_steps;
	nr_steps = 0;
	__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tcpuid\n\t"
			 "pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq"
			 : "+a"(a), "+c"(c) : : "rbx", "rdx", "memory");
	wrmsr(MSR_DEBUGCTL, 0);
	if (on_nop)
		report_skip("steps on branches: the emulated processor steps over NOP all the same");
	else
		report_eq(nr_steps, 0, "steps on branches: none over CPUID");
}

/* The instruction sends an interrupt to this CPU: both are due behind it, the trap first (SDM vol 3, table 6-2). */
static void step_and_interrupt(void)
{
	uint64_t end;

	apic_icr(apic_id(), APIC_ICR_DM_FIXED | APIC_ICR_ASSERT | VECTOR);	/* the destination is set */
	cpu_sti();
	cpuid(0, 0);
	cpu_cli();
	nr_steps = nr_taken = nr_without_bs = 0;
	__asm__ volatile("pushfq\n\torq $0x300, (%%rsp)\n\tpopfq\n\tmovl %%eax, (%[icr])\n\t"
			 "2: pushfq\n\tandq $~0x300, (%%rsp)\n\tpopfq\n\tleaq 2b(%%rip), %[end]"
			 : [end] "=&r"(end)
			 : [icr] "r"(APIC_BASE_DEFAULT + APIC_ICR_LOW), "a"(APIC_ICR_DM_FIXED | APIC_ICR_ASSERT | VECTOR)
			 : "memory");
	report(nr_taken == 1 && taken_at == end, "step and interrupt: it comes %lu times, at %+ld from behind the instruction",
	       nr_taken, (int64_t)(taken_at - end));
	report(nr_steps == 1 + TAIL && steps[0] == end && !nr_without_bs, "step and interrupt: %u steps, the first at %+ld", nr_steps,
	       nr_steps ? (int64_t)(steps[0] - end) : 0);
}

static void test_single_step(void)
{
	trap_set(EXC_DB, step);
	step_system();
	step_memory();
	step_strings();
	step_branches();
	if (!apic_is_x2())
		step_and_interrupt();
	trap_set(EXC_DB, NULL);
}

void case_shadow(void)
{
	other_cr0 = read_cr0() | CR0_CD;
	other_cr4 = read_cr4() ^ CR4_MCE;
	trap_set(VECTOR, note);
	test_sti();
	test_single_step();
	trap_set(VECTOR, NULL);
}
