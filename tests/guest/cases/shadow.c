/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupt shadows and single steps around instructions that exit: an
 * interrupt that waits behind STI comes exactly one instruction later.
 */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define VECTOR		0x51
#define SCRATCH_PORT	"$0x3f8+7"

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

static void test_sti(void)
{
	IN_SHADOW("STI, NOP", "nop", : : "memory");
	IN_SHADOW("STI, CPUID", "cpuid", : "a"(0), "c"(0) : "rbx", "rdx", "memory");
	IN_SHADOW("STI, RDMSR", "rdmsr", : "c"(MSR_APIC_BASE) : "rax", "rdx", "memory");
	IN_SHADOW("STI, IN", "inb %%dx, %%al", : "d"(0x3ff) : "rax", "memory");
	IN_SHADOW("STI, MMIO read", "movl (%[ioapic]), %%eax", : [ioapic] "r"(0xfec00000ul) : "rax", "memory");
	IN_SHADOW("STI, HLT", "hlt", : : "memory");
	IN_SHADOW("STI, MOV SS, CPUID", "movl %%ecx, %%ss\n\tcpuid",
		  : "a"(0), "c"(SEL_GUEST_DATA) : "rbx", "rdx", "memory");
}

static uint64_t steps[8];
static unsigned int nr_steps;

static void step(struct trap_frame *frame)
{
	if (nr_steps < ARRAY_SIZE(steps))
		steps[nr_steps++] = frame->rip;
	else
		frame->rflags &= ~RFLAGS_TF;
}

/* Label 1 stands behind the instruction: the first single step must report it. */
#define SINGLE_STEP(what, insn, ...)							\
	do {										\
		uint64_t want_;								\
											\
		nr_steps = 0;								\
		__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t" insn "\n\t"	\
				 "1: pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\tleaq 1b(%%rip), %[want]"	\
				 : [want] "=&r"(want_) __VA_ARGS__);			\
		report(nr_steps >= 1 && steps[0] == want_, "single step over %s: %u steps, the first at %+ld from behind it",	\
		       what, nr_steps, nr_steps ? (int64_t)(steps[0] - want_) : 0);	\
	} while (0)

static void test_single_step(void)
{
	trap_set(EXC_DB, step);
	SINGLE_STEP("NOP", "nop", : : "memory");
	SINGLE_STEP("CPUID", "cpuid", : "a"(0), "c"(0) : "rbx", "rdx", "memory");
	SINGLE_STEP("RDMSR", "rdmsr", : "c"(MSR_APIC_BASE) : "rax", "rdx", "memory");
	SINGLE_STEP("IN", "inb %%dx, %%al", : "d"(0x3ff) : "rax", "memory");
	SINGLE_STEP("an MMIO read", "movl (%[ioapic]), %%eax", : [ioapic] "r"(0xfec00000ul) : "rax", "memory");
	trap_set(EXC_DB, NULL);
}

void case_shadow(void)
{
	trap_set(VECTOR, note);
	test_sti();
	test_single_step();
	trap_set(VECTOR, NULL);
}
