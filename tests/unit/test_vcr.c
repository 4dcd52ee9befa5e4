/* SPDX-License-Identifier: BSD-3-Clause */
/* Control registers of a guest: reserved bits, paging and long-mode rules, PDPTEs, what the VMCS holds after each; CR exits. */
/* unit: hypervisor/vm/vcr.c hypervisor/exit/cr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "exit/exit.h"
#include "hv_vm.h"
#include "vm/vcpu_arch.h"
#include "vm/vlapic.h"
#include "vm_mem.h"
#include "vmx/caps.h"
#include "x86/cr.h"
#include "x86/desc.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define PDPT	0x3000ul

static struct vm *vm;
static struct vcpu *vcpu;

static void setup(void)
{
	hv_machine_reset();
	fake_cpuid_set(0, 0, (struct cpuid_regs){ 0x16, 0, 0, 0 });
	fake_cpuid_set(0x80000000, 0, (struct cpuid_regs){ 0x80000008, 0, 0, 0 });
	fake_cpuid_set(0x80000008, 0, (struct cpuid_regs){ 39, 0, 0, 0 });
	vm = hv_vm_create(0, SCENARIO_SERVICE, 1);
	vcpu = vm->vcpus[0];
	vmwrite(VMCS_EXIT_INSN_LEN, 3);
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static uint64_t *pdpte(unsigned int i) { return (uint64_t *)(hv_vm_ram(vm) + PDPT) + i; }

static void protected_mode(void) { ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_PE | CR0_ET), 0); }

static void long_mode(void)
{
	protected_mode();
	ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_PAE), 0);
	ck_assert_int_eq(vcpu_write_efer(vcpu, EFER_LME), 0);
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_PE | CR0_PG), 0);
}

/* Nothing of what the guest sees or the VMCS holds changes when a write faults. */
#define REFUSED(call) do {							\
	uint64_t c0 = vcpu_cr0(vcpu), c4 = vcpu_cr4(vcpu), e = vcpu_efer(vcpu);	\
	uint64_t g0 = vmread(VMCS_GUEST_CR0), g4 = vmread(VMCS_GUEST_CR4), ge = vmread(VMCS_GUEST_EFER); \
	uint64_t p0 = vmread(VMCS_GUEST_PDPTE0), x = vcpu->arch->xcr0;		\
	ck_assert_int_eq(call, 1);						\
	ck_assert_uint_eq(vcpu_cr0(vcpu), c0);					\
	ck_assert_uint_eq(vcpu_cr4(vcpu), c4);					\
	ck_assert_uint_eq(vcpu_efer(vcpu), e);					\
	ck_assert_uint_eq(vmread(VMCS_GUEST_CR0), g0);				\
	ck_assert_uint_eq(vmread(VMCS_GUEST_CR4), g4);				\
	ck_assert_uint_eq(vmread(VMCS_GUEST_EFER), ge);				\
	ck_assert_uint_eq(vmread(VMCS_GUEST_PDPTE0), p0);			\
	ck_assert_uint_eq(vcpu->arch->xcr0, x);					\
} while (0)

START_TEST(reset_state)
{
	ck_assert_uint_eq(vcpu_cr0(vcpu), CR0_ET);
	ck_assert_uint_eq(vcpu_cr4(vcpu), 0);
	ck_assert_uint_eq(vcpu_efer(vcpu), 0);
	/* What VMX needs is on behind the guest's back. */
	ck_assert_uint_eq(vmread(VMCS_GUEST_CR0) & (CR0_NE | CR0_PG | CR0_PE), CR0_NE);
	ck_assert_uint_eq(vmread(VMCS_GUEST_CR4) & CR4_VMXE, CR4_VMXE);
}
END_TEST

START_TEST(cr0_bits)
{
	unsigned int i;

	for (i = 32; i < 64; i++)
		REFUSED(vcpu_write_cr0(vcpu, CR0_PE | 1ul << i));
	REFUSED(vcpu_write_cr0(vcpu, CR0_PG));
	REFUSED(vcpu_write_cr0(vcpu, CR0_PE | CR0_NW));
	/* Undefined bits below 32 are dropped, ET is fixed. */
	ck_assert_int_eq(vcpu_write_cr0(vcpu, 0x1ffaffc0ul | CR0_PE), 0);
	ck_assert_uint_eq(vcpu_cr0(vcpu), CR0_PE | CR0_ET);
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_PE | CR0_CD | CR0_NW), 0);
	ck_assert_uint_eq(vcpu_cr0(vcpu), CR0_PE | CR0_ET | CR0_CD | CR0_NW);
	ck_assert_uint_eq(vmread(VMCS_GUEST_CR0) & (CR0_CD | CR0_NW), 0);
}
END_TEST

START_TEST(paging_without_pae)
{
	unsigned int flushes = fake_vmx.nr_invvpid;

	protected_mode();
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_PE | CR0_PG), 0);
	ck_assert_uint_gt(fake_vmx.nr_invvpid, flushes);
	ck_assert_uint_eq(vcpu_efer(vcpu), 0);
	ck_assert_uint_eq(vmread(VMCS_ENTRY_CTLS) & ENTRY_GUEST_64, 0);
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_PE), 0);
	ck_assert_uint_eq(vcpu_cr0(vcpu), CR0_PE | CR0_ET);
}
END_TEST

START_TEST(long_mode_on_and_off)
{
	long_mode();
	ck_assert_uint_eq(vcpu_efer(vcpu), EFER_LME | EFER_LMA);
	ck_assert_uint_eq(vmread(VMCS_GUEST_EFER), EFER_LME | EFER_LMA);
	ck_assert_uint_eq(vmread(VMCS_ENTRY_CTLS) & ENTRY_GUEST_64, ENTRY_GUEST_64);
	REFUSED(vcpu_write_cr4(vcpu, 0));
	REFUSED(vcpu_write_efer(vcpu, 0));
	REFUSED(vcpu_write_efer(vcpu, EFER_LMA));
	ck_assert_int_eq(vcpu_write_efer(vcpu, EFER_LME | EFER_SCE | EFER_NXE), 0);
	ck_assert_uint_eq(vcpu_efer(vcpu), EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE);
	/* In 64-bit code paging stays; from compatibility mode it may go off. */
	vmwrite(VMCS_GUEST_CS_AR, 0xa09b);
	REFUSED(vcpu_write_cr0(vcpu, CR0_PE));
	vmwrite(VMCS_GUEST_CS_AR, 0xc09b);
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_PE), 0);
	ck_assert_uint_eq(vcpu_efer(vcpu) & EFER_LMA, 0);
	ck_assert_uint_eq(vmread(VMCS_ENTRY_CTLS) & ENTRY_GUEST_64, 0);
}
END_TEST

/* SDM vol 2, MOV to CR0: what keeps long mode from being entered. A VM entry in such a state would fail. */
START_TEST(long_mode_refused)
{
	protected_mode();
	ck_assert_int_eq(vcpu_write_efer(vcpu, EFER_LME), 0);
	REFUSED(vcpu_write_cr0(vcpu, CR0_PE | CR0_PG));
	ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_PAE), 0);
	vmwrite(VMCS_GUEST_CS_AR, 0xe09b);	/* L bit set */
	REFUSED(vcpu_write_cr0(vcpu, CR0_PE | CR0_PG));
	vmwrite(VMCS_GUEST_CS_AR, 0xc09b);
	vmwrite(VMCS_GUEST_TR_AR, 0x83);	/* 16-bit busy TSS */
	REFUSED(vcpu_write_cr0(vcpu, CR0_PE | CR0_PG));
	vmwrite(VMCS_GUEST_TR_AR, 0x8b);
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_PE | CR0_PG), 0);
}
END_TEST

START_TEST(cr4_bits)
{
	unsigned int i;

	protected_mode();
	for (i = 0; i < 64; i++) {
		if (guest_cr4_mask >> i & 1 && i != 17)
			ck_assert_msg(!vcpu_write_cr4(vcpu, 1ul << i) && vcpu_cr4(vcpu) == 1ul << i, "bit %u", i);
		else
			REFUSED(vcpu_write_cr4(vcpu, 1ul << i));
	}
	/* VMXE is never the guest's to see. */
	ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_PGE), 0);
	ck_assert_uint_eq(vcpu_cr4(vcpu), CR4_PGE);
	ck_assert_uint_eq(vmread(VMCS_GUEST_CR4), CR4_PGE | CR4_VMXE);
}
END_TEST

START_TEST(process_context_ids)
{
	long_mode();
	vmwrite(VMCS_GUEST_CR3, 0x5001);
	REFUSED(vcpu_write_cr4(vcpu, CR4_PAE | CR4_PCIDE));
	vmwrite(VMCS_GUEST_CR3, 0x5000);
	ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_PAE | CR4_PCIDE), 0);
	/* Once on, the id may be anything; off again at any time; paging stays while it is on. */
	vmwrite(VMCS_GUEST_CR3, 0x5001);
	ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_PAE | CR4_PCIDE | CR4_PGE), 0);
	vmwrite(VMCS_GUEST_CS_AR, 0xc09b);
	REFUSED(vcpu_write_cr0(vcpu, CR0_PE));
	ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_PAE), 0);
}
END_TEST

START_TEST(machine_checks_stay_the_hypervisors)
{
	write_cr4(CR4_MCE);
	ck_assert_int_eq(vcpu_write_cr4(vcpu, 0), 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_CR4) & CR4_MCE, CR4_MCE);
	ck_assert_uint_eq(vcpu_cr4(vcpu), 0);
}
END_TEST

START_TEST(efer_bits)
{
	unsigned int i;

	for (i = 0; i < 64; i++) {
		if (1ul << i == EFER_LMA)
			continue;
		if (1ul << i & (EFER_SCE | EFER_LME | EFER_NXE))
			ck_assert_int_eq(vcpu_write_efer(vcpu, 1ul << i), 0);
		else
			REFUSED(vcpu_write_efer(vcpu, 1ul << i));
	}
	/* LMA follows CR0 and LME, whatever is written. */
	ck_assert_int_eq(vcpu_write_efer(vcpu, EFER_LMA), 0);
	ck_assert_uint_eq(vcpu_efer(vcpu), 0);
	hv_features[FEAT_NX] = false;
	REFUSED(vcpu_write_efer(vcpu, EFER_NXE));
}
END_TEST

/* PAE paging loads four entries from CR3 into the VMCS; a reserved bit in one that is present is a fault. */
START_TEST(pdptes)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		*pdpte(i) = 0x10001ul + 0x1000 * i;
	*pdpte(3) = 0xfffffffffffffffe;		/* not present: nothing of it counts */
	protected_mode();
	ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_PAE), 0);
	vmwrite(VMCS_GUEST_CR3, PDPT | 0x1f);	/* low bits are no address */
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_PE | CR0_PG), 0);
	for (i = 0; i < 4; i++)
		ck_assert_uint_eq(vmread(VMCS_GUEST_PDPTE0 + 2 * i), *pdpte(i));
	ck_assert_uint_eq(vcpu_efer(vcpu), 0);
}
END_TEST

START_TEST(bad_pdptes)
{
	static const unsigned int reserved[] = { 1, 2, 5, 6, 7, 8, 39, 45, 52, 63 };
	unsigned int i, n;

	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		n = i % 4;
		protected_mode();
		*pdpte(0) = *pdpte(1) = *pdpte(2) = *pdpte(3) = 0x20001;
		*pdpte(n) |= 1ul << reserved[i];
		vmwrite(VMCS_GUEST_CR3, PDPT);
		ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_PAE), 0);
		REFUSED(vcpu_write_cr0(vcpu, CR0_PE | CR0_PG));
		/* The other way round: PAE set while paging is on. */
		ck_assert_int_eq(vcpu_write_cr4(vcpu, 0), 0);
		ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_PE | CR0_PG), 0);
		REFUSED(vcpu_write_cr4(vcpu, CR4_PAE));
	}
	/* No memory at CR3 at all. */
	protected_mode();
	vmwrite(VMCS_GUEST_CR3, 0xf0000000);
	ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_PAE), 0);
	REFUSED(vcpu_write_cr0(vcpu, CR0_PE | CR0_PG));
}
END_TEST

START_TEST(xcr0)
{
	guest_xcr0_mask = XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU;
	REFUSED(vcpu_write_xcr0(vcpu, 0));
	REFUSED(vcpu_write_xcr0(vcpu, XCR0_SSE));
	REFUSED(vcpu_write_xcr0(vcpu, XCR0_X87 | XCR0_AVX));
	REFUSED(vcpu_write_xcr0(vcpu, XCR0_X87 | XCR0_BNDREGS | XCR0_BNDCSR));
	REFUSED(vcpu_write_xcr0(vcpu, XCR0_X87 | XCR0_TILECFG));
	REFUSED(vcpu_write_xcr0(vcpu, XCR0_X87 | 1ul << 63));
	REFUSED(vcpu_write_xcr0(vcpu, XCR0_X87 | XCR0_SSE | XCR0_AVX512));
	REFUSED(vcpu_write_xcr0(vcpu, XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_OPMASK));
	ck_assert_int_eq(vcpu_write_xcr0(vcpu, guest_xcr0_mask), 0);
	ck_assert_uint_eq(xgetbv(0), guest_xcr0_mask);
	ck_assert_int_eq(vcpu_write_xcr0(vcpu, XCR0_X87), 0);
}
END_TEST

/* Exits: qualification as in SDM vol 3, table 27-3. */
static void cr_exit(uint64_t qualification)
{
	vmwrite(VMCS_GUEST_RIP, 0x1000);
	vcpu->inject.info = 0;
	vmwrite(VMCS_EXIT_QUALIFICATION, qualification);
	ck_assert_int_eq(exit_cr(vcpu), 0);
}

#define STEPPED() (vcpu_rip(vcpu) == 0x1003 && !vcpu->inject.info)
#define FAULTED() (vcpu_rip(vcpu) == 0x1000 && (vcpu->inject.info & 0xff) == 13)

START_TEST(mov_to_cr)
{
	vcpu->gpr[GPR_RBX] = CR0_PE | CR0_CD;
	cr_exit(0 | GPR_RBX << 8);
	ck_assert(STEPPED());
	ck_assert_uint_eq(vcpu_cr0(vcpu), CR0_PE | CR0_CD | CR0_ET);
	vmwrite(VMCS_GUEST_RSP, CR4_PGE);
	cr_exit(4 | GPR_RSP << 8);
	ck_assert(STEPPED());
	ck_assert_uint_eq(vcpu_cr4(vcpu), CR4_PGE);
	vcpu->gpr[GPR_R15] = CR4_VMXE;
	cr_exit(4 | GPR_R15 << 8);
	ck_assert(FAULTED());
	ck_assert_uint_eq(vcpu_cr4(vcpu), CR4_PGE);
	/* Outside 64-bit mode only the low half of the register counts. */
	vcpu->gpr[GPR_RBX] = 0xdead00000000ul | CR0_PE;
	cr_exit(0 | GPR_RBX << 8);
	ck_assert(STEPPED());
}
END_TEST

START_TEST(clts_and_lmsw)
{
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_PE | CR0_TS | CR0_CD), 0);
	cr_exit(2 << 4);
	ck_assert(STEPPED());
	ck_assert_uint_eq(vcpu_cr0(vcpu), CR0_PE | CR0_CD | CR0_ET);
	/* Sets what it names of PE, MP, EM, TS; cannot clear PE; nothing above bit 3. */
	cr_exit(3 << 4 | 0xfff2ul << 16);
	ck_assert(STEPPED());
	ck_assert_uint_eq(vcpu_cr0(vcpu), CR0_PE | CR0_MP | CR0_CD | CR0_ET);
	cr_exit(3 << 4 | 0xcul << 16);
	ck_assert_uint_eq(vcpu_cr0(vcpu), CR0_PE | CR0_EM | CR0_TS | CR0_CD | CR0_ET);
}
END_TEST

START_TEST(cr8)
{
	vcpu->gpr[GPR_RCX] = 9;
	cr_exit(8 | GPR_RCX << 8);
	ck_assert(STEPPED());
	ck_assert_uint_eq(vlapic_tpr(vcpu), 0x90);
	cr_exit(8 | 1 << 4 | GPR_RDX << 8);
	ck_assert(STEPPED());
	ck_assert_uint_eq(vcpu->gpr[GPR_RDX], 9);
	vcpu->gpr[GPR_RCX] = 16;
	cr_exit(8 | GPR_RCX << 8);
	ck_assert(FAULTED());
	ck_assert_uint_eq(vlapic_tpr(vcpu), 0x90);
}
END_TEST

START_TEST(exits_that_were_not_asked_for)
{
	cr_exit(3);
	ck_assert(FAULTED());
	vmwrite(VMCS_EXIT_QUALIFICATION, 3 | 1 << 4);
	ck_assert_int_eq(exit_cr(vcpu), -ENOSYS);
}
END_TEST

/* A CPU that goes off line in 64-bit mode, with PCIDs, and is started again by INIT and SIPI. */
START_TEST(startup_from_long_mode)
{
	long_mode();
	ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_PAE | CR4_PCIDE | CR4_PGE), 0);
	vmwrite(VMCS_GUEST_CS_AR, 0xa09b);
	vcpu->gpr[GPR_RSI] = 5;
	vcpu_arch_sipi(vcpu, 0x9a);
	ck_assert(!vm->crashed);
	ck_assert_uint_eq(vcpu_cr0(vcpu), CR0_ET);
	ck_assert_uint_eq(vcpu_cr4(vcpu), 0);
	ck_assert_uint_eq(vcpu_efer(vcpu), 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_EFER), 0);
	ck_assert_uint_eq(vmread(VMCS_ENTRY_CTLS) & ENTRY_GUEST_64, 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_CS), 0x9a00);
	ck_assert_uint_eq(vmread(VMCS_GUEST_CS_BASE), 0x9a000);
	ck_assert_uint_eq(vcpu_rip(vcpu), 0);
	ck_assert_uint_eq(vcpu_mode_bytes(vcpu), 2);
	ck_assert_uint_eq(vcpu->gpr[GPR_RSI], 0);
	ck_assert_uint_eq(vcpu->gpr[GPR_RDX], 0x600);
}
END_TEST

/* CR4 and XCR0 follow what the CPU has. */
START_TEST(machine_without_features)
{
	fake_cpuid_set(1, 0, (struct cpuid_regs){ 0, 0, 0, 0 });
	fake_cpuid_set(0, 0, (struct cpuid_regs){ 0x5, 0, 0, 0 });
	fake_cpuid_set(7, 0, (struct cpuid_regs){ 0, ~0u, ~0u, ~0u });
	hv_features[FEAT_XSAVE] = false;
	guest_xcr0_mask = 0;
	vcpu_arch_init();
	ck_assert_uint_eq(guest_cr4_mask, 0x7ff);
	ck_assert_uint_eq(guest_xcr0_mask, 0);
	fake_cpuid_set(1, 0, (struct cpuid_regs){ 0, 0, ~0u, ~0u });
	fake_cpuid_set(0, 0, (struct cpuid_regs){ 0x16, 0, 0, 0 });
	fake_cpuid_set(0xd, 0, (struct cpuid_regs){ ~0u, 0, 0, 0 });
	hv_features[FEAT_XSAVE] = true;
	vcpu_arch_init();
	ck_assert_uint_eq(guest_cr4_mask & (CR4_VMXE | CR4_SMXE | CR4_LA57 | CR4_CET | CR4_KL | CR4_PKS), 0);
	ck_assert_uint_eq(guest_cr4_mask & (CR4_SMAP | CR4_PKE | CR4_PCIDE | CR4_OSXSAVE), CR4_SMAP | CR4_PKE | CR4_PCIDE | CR4_OSXSAVE);
	ck_assert_uint_eq(guest_xcr0_mask, XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU);
	vmx_caps.cr4_may &= ~CR4_SMAP;
	vcpu_arch_init();
	ck_assert_uint_eq(guest_cr4_mask & CR4_SMAP, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vcr");
	TCase *c = tcase_create("vcr");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, reset_state);
	tcase_add_test(c, cr0_bits);
	tcase_add_test(c, paging_without_pae);
	tcase_add_test(c, long_mode_on_and_off);
	tcase_add_test(c, long_mode_refused);
	tcase_add_test(c, cr4_bits);
	tcase_add_test(c, process_context_ids);
	tcase_add_test(c, machine_checks_stay_the_hypervisors);
	tcase_add_test(c, efer_bits);
	tcase_add_test(c, pdptes);
	tcase_add_test(c, bad_pdptes);
	tcase_add_test(c, xcr0);
	tcase_add_test(c, mov_to_cr);
	tcase_add_test(c, clts_and_lmsw);
	tcase_add_test(c, cr8);
	tcase_add_test(c, exits_that_were_not_asked_for);
	tcase_add_test(c, startup_from_long_mode);
	tcase_add_test(c, machine_without_features);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
