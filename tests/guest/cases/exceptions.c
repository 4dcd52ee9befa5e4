/* SPDX-License-Identifier: BSD-3-Clause */
/* Exceptions: undefined instructions, faults with their error codes, double fault, NMI. */
#include "cases/cases.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/paging.h"
#include "lib/platform.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "x86/cr.h"
#include "x86/insn.h"

#define EXPECT(insn, want, ...)							\
	do {									\
		ASM_TRY(insn, __VA_ARGS__);					\
		report(fault_vector() == (want), "%s gives vector %d (%d)", insn, (int)(want), fault_vector()); \
	} while (0)

static uint8_t page[4096] __aligned(4096);
static uint64_t operand[2] __aligned(16);

static void test_vmx_instructions(void)
{
	EXPECT("vmlaunch", EXC_UD, : : : "cc", "memory");
	EXPECT("vmresume", EXC_UD, : : : "cc", "memory");
	EXPECT("vmxoff", EXC_UD, : : : "cc", "memory");
	EXPECT("vmclear (%0)", EXC_UD, : : "r"(operand) : "cc", "memory");
	EXPECT("vmptrld (%0)", EXC_UD, : : "r"(operand) : "cc", "memory");
	EXPECT("vmptrst (%0)", EXC_UD, : : "r"(operand) : "cc", "memory");
	EXPECT("vmxon (%0)", EXC_UD, : : "r"(operand) : "cc", "memory");
	EXPECT("vmread %%rax, %%rcx", EXC_UD, : : : "rcx", "cc");
	EXPECT("vmwrite %%rax, %%rcx", EXC_UD, : : : "cc");
	EXPECT("invept (%0), %1", EXC_UD, : : "r"(operand), "r"(1ul) : "cc", "memory");
	EXPECT("invvpid (%0), %1", EXC_UD, : : "r"(operand), "r"(1ul) : "cc", "memory");
	EXPECT(".byte 0x0f, 0x01, 0xd4", EXC_UD, : : "a"(0) : "memory");	/* VMFUNC */
	if (!platform_is_service())
		EXPECT("vmcall", EXC_UD, : : : "rax", "memory");
}

static void test_undefined(void)
{
	EXPECT("ud2", EXC_UD, : :);
	EXPECT("rsm", EXC_UD, : :);
	EXPECT(".byte 0x0f, 0x37", EXC_UD, : : "a"(0) : "rbx", "rcx", "rdx", "memory");	/* GETSEC */
	EXPECT("lock; nop", EXC_UD, : :);
	if (!platform_is_vm()) {
		report_skip("instructions of hidden features: bare machine");
		return;
	}
	EXPECT("monitor", EXC_UD, : : "a"(operand), "c"(0), "d"(0));
	EXPECT("mwait", EXC_UD, : : "a"(0), "c"(0));
	EXPECT("rdpmc", EXC_GP, : : "c"(0) : "rax", "rdx");
	EXPECT(".byte 0x0f, 0x01, 0xcf", EXC_UD, : : "a"(0) : "memory");		/* ENCLS */
	EXPECT(".byte 0x66, 0x0f, 0xae, 0xf1", EXC_UD, : : "a"(0), "d"(0));		/* TPAUSE ECX */
	if (!(cpuid(0xd, 1).eax & 8))
		EXPECT("xsaves (%0)", EXC_UD, : : "r"(page), "a"(0), "d"(0) : "memory");
}

/* What exits but is answered. */
static void test_answered(void)
{
	EXPECT("wbinvd", -1, : : : "memory");
	EXPECT("invd", -1, : : : "memory");
	EXPECT("pause", -1, : :);
	EXPECT("invlpg (%0)", -1, : : "r"(page) : "memory");
	if (cpuid(0x80000001u, 0).edx & 1u << 27)
		EXPECT("rdtscp", -1, : : : "rax", "rcx", "rdx");
	else
		EXPECT("rdtscp", EXC_UD, : : : "rax", "rcx", "rdx");
	if (cpuid(7, 0).ebx & 1u << 10)
		EXPECT("invpcid (%0), %1", -1, : : "r"(operand), "r"(2ul) : "memory");
	else
		EXPECT("invpcid (%0), %1", EXC_UD, : : "r"(operand), "r"(2ul) : "memory");
	if (cpuid(1, 0).ecx & 1u << 30)
		EXPECT("rdrand %%rax", -1, : : : "rax", "cc");
}

static void test_short_idt(void)
{
	struct desc_ptr idt, small;

	sidt(&idt);
	small = (struct desc_ptr){ 0x50 * sizeof(struct idt_gate) - 1, idt.base };
	lidt(&small);
	ASM_TRY("int $0x50", : : : "memory");
	lidt(&idt);
	report(fault_vector() == EXC_GP && fault_last()->error == 0x50 * 8 + 2,
	       "INT behind the IDT's end gives #GP with the vector as error code (%d, %x)", fault_vector(),
	       fault_last()->error);
}

static void test_faults(void)
{
	EXPECT("divl %0", EXC_DE, : : "r"(0), "a"(1), "d"(0) : "cc");
	EXPECT("movb (%0), %%al", EXC_GP, : : "c"(1ul << 63) : "rax");
	EXPECT("movb (%%rsp, %0), %%al", EXC_SS, : : "c"(1ul << 63) : "rax");
	EXPECT("movl %0, %%ds", EXC_GP, : : "r"(0x4008));
	report_eq(fault_last()->error, 0x4008, "with the selector as error code");
	test_short_idt();
}

static void breakpoint(struct trap_frame *frame __unused)
{
}

static void test_software(void)
{
	uint64_t next;

	trap_set(EXC_BP, breakpoint);
	fault_clear();
	__asm__ volatile("int3\n1:\n\tleaq 1b(%%rip), %0" : "=r"(next) : : "memory");
	report(fault_vector() == EXC_BP && fault_last()->rip == next, "INT3 traps behind itself");
	trap_set(EXC_BP, NULL);
}

/* A write, read or fetch at a window page with this entry. */
static void test_page(uint64_t pte, bool write, uint32_t error, const char *what)
{
	volatile uint8_t *p = paging_set(3, pte ? pte | (uint64_t)page : 0);

	p += 0x123;
	if (write)
		ASM_TRY("movb $7, %0", : "=m"(*p));
	else
		ASM_TRY("movb %0, %%al", : : "m"(*p) : "rax");
	report(fault_vector() == EXC_PF && fault_last()->error == error && fault_last()->cr2 == (uint64_t)p,
	       "%s gives #PF with error %x and CR2 (%d, %x)", what, error, fault_vector(), fault_last()->error);
}

static void fetch_at(const void *p)
{
	ASM_TRY_LABELS("leaq 3f(%%rip), %%rax\n\tpushq %%rax\n\tjmp *%0\n\t1: nop\n\t2:\n\t3:", : : "r"(p) : "rax", "memory");
}

static void skip_fetch(struct trap_frame *frame)
{
	/* The address to return to lies on the stack. */
	frame->rip = *(uint64_t *)frame->rsp;
	frame->rsp += 8;
}

static void test_page_faults(void)
{
	uint8_t *p;

	test_page(0, false, 0, "reading what is not mapped");
	test_page(0, true, PF_WRITE, "writing what is not mapped");
	test_page(PTE_P, true, PF_PRESENT | PF_WRITE, "writing a read-only page");
	test_page(PTE_P | 1ul << 51, false, PF_PRESENT | PF_RSVD, "a reserved bit");
	page[0] = 0xc3;
	p = paging_set(4, (uint64_t)page | PTE_P | PTE_NX);
	trap_set(EXC_PF, skip_fetch);
	fetch_at(p);
	trap_set(EXC_PF, NULL);
	report(fault_vector() == EXC_PF && fault_last()->error == (PF_PRESENT | PF_INSTR) &&
	       fault_last()->cr2 == (uint64_t)p, "a fetch from a no-execute page gives #PF with error 11");
	p = paging_set(5, (uint64_t)page | PTE_P | PTE_W);
	(void)*(volatile uint8_t *)p;
	report((paging_get(5) & (PTE_A | PTE_D)) == PTE_A, "reading sets the accessed bit only");
	*(volatile uint8_t *)p = 1;
	report((paging_get(5) & (PTE_A | PTE_D)) == (PTE_A | PTE_D), "writing sets the dirty bit");
}

/* With no gate for #PF in the IDT, delivering one gives #GP, and so #DF. */
static void test_double_fault(void)
{
	volatile uint8_t *p = paging_set(6, 0);
	struct desc_ptr idt, small;

	sidt(&idt);
	small = (struct desc_ptr){ EXC_PF * sizeof(struct idt_gate) - 1, idt.base };
	lidt(&small);
	ASM_TRY("movb $1, %0", : "=m"(*p));
	lidt(&idt);
	report(fault_vector() == EXC_DF && fault_last()->error == 0, "a fault in delivering #PF gives #DF (%d)",
	       fault_vector());
}

static volatile uint32_t nr_nmi, nmi_depth, nmi_nested;

static void send_nmi(void)
{
	apic_icr(apic_id(), APIC_ICR_DM_NMI | APIC_ICR_ASSERT);
}

static void nmi(struct trap_frame *frame __unused)
{
	nmi_nested |= nmi_depth;
	nmi_depth = 1;
	if (!nr_nmi++) {
		send_nmi();
		/* It must wait for our IRET, also across exits. */
		cpuid(0, 0);
		clock_wait_us(20);
	}
	nmi_depth = 0;
}

static void test_nmi(void)
{
	trap_set(EXC_NMI, nmi);
	nr_nmi = 0;
	send_nmi();
	clock_wait_us(100);
	report_eq(nr_nmi, 2, "an NMI to oneself arrives, and a second one from its handler");
	report(!nmi_nested, "the second waits for the first one's IRET");
	trap_set(EXC_NMI, NULL);
}

void case_exceptions(void)
{
	test_vmx_instructions();
	test_undefined();
	test_answered();
	test_faults();
	test_software();
	test_page_faults();
	test_double_fault();
	test_nmi();
}
