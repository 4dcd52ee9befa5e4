/* SPDX-License-Identifier: BSD-3-Clause */
/* Supervisor state: none is shown, none can be switched on, and XSAVES is there for user state where the CPU has it. */
/* unit: hypervisor/vm/vcpuid.c hypervisor/vm/lapic_pt.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "hv_vm.h"
#include "vm/vcpu_arch.h"
#include "vm/vcpuid.h"
#include "vm/vmsr.h"
#include "vm_mem.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define SUPERVISOR	0x1fd00ul	/* PT, PASID, CET_U, CET_S, HDC, UINTR, LBR, HWP (SDM vol 1, 13.1) */
#define D1_XSAVES	(1u << 3)

static struct vm *vm;
static struct vcpu *vcpu;

static void make(bool xsaves)
{
	unsigned int sub;

	hv_machine_reset();
	hv_features[FEAT_XSAVES] = xsaves;
	/* A CPU that has all of it. */
	fake_cpuid_set(0, 0, (struct cpuid_regs){ 0x20, 0, 0, 0 });
	fake_cpuid_set(0xd, 1, (struct cpuid_regs){ 0x1f, 4096, (uint32_t)SUPERVISOR, ~0u });
	for (sub = 8; sub < 17; sub++)
		fake_cpuid_set(0xd, sub, (struct cpuid_regs){ 64, 0, 1, 0 });
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 2);
	vcpu = vm->vcpus[0];
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

START_TEST(no_bit)
{
	uint64_t v = 1;
	unsigned int bit;

	make(true);
	for (bit = 0; bit < 64; bit++)
		ck_assert_msg(vmsr_write(vcpu, MSR_XSS, 1ul << bit), "bit %u", bit);
	ck_assert_int_eq(vmsr_write(vcpu, MSR_XSS, 0), 0);
	ck_assert_int_eq(vmsr_read(vcpu, MSR_XSS, &v), 0);
	ck_assert_uint_eq(v, 0);
}
END_TEST

START_TEST(not_there)
{
	uint64_t v;

	make(false);
	ck_assert(vmsr_read(vcpu, MSR_XSS, &v));
	ck_assert(vmsr_write(vcpu, MSR_XSS, 0));
	ck_assert_uint_eq(vcpuid_get(vcpu, 0xd, 1).eax & D1_XSAVES, 0);
	ck_assert_uint_eq(vcpuid_get(vcpu, 0xd, 1).ebx, 0);
}
END_TEST

START_TEST(leaves)
{
	struct cpuid_regs r;
	unsigned int sub;

	make(true);
	r = vcpuid_get(vcpu, 0xd, 1);
	/* XSAVEOPT, XSAVEC, XGETBV(1), XSAVES; not XFD */
	ck_assert(r.eax == 0xf && r.ebx == 4096 && !r.ecx && !r.edx);
	for (sub = 8; sub < 17; sub++) {
		r = vcpuid_get(vcpu, 0xd, sub);
		ck_assert_msg(!(r.eax | r.ebx | r.ecx | r.edx), "state %u", sub);
	}
}
END_TEST

/* The register is nobody's, so that a switch of vCPUs leaves it alone: it does not exist here, and a write would abort. */
START_TEST(switch_without_it)
{
	static const uint32_t switched[] = { MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK, MSR_KERNEL_GS_BASE, MSR_TSC_AUX };
	unsigned int i;

	make(true);
	for (i = 0; i < sizeof(switched) / sizeof(switched[0]); i++)
		fake_msr_set(switched[i], 0);
	ck_assert_ptr_null(fake_msr_find(MSR_XSS));
	ck_assert(vmread(VMCS_PROC2_CTLS) & PROC2_XSAVES);
	vcpu_arch_switch(vcpu);
	vcpu_arch_switch(vm->vcpus[1]);
	vcpu_arch_switch(vcpu);
	vcpu_arch_leave(vcpu);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xss");
	TCase *c = tcase_create("xss");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, no_bit);
	tcase_add_test(c, not_there);
	tcase_add_test(c, leaves);
	tcase_add_test(c, switch_without_it);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
