/* SPDX-License-Identifier: BSD-3-Clause */
/* Two vCPUs on one CPU: what is in the CPU's registers is the right one's, and is moved only when it has to be. */
/* unit: hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vcr.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "cpu/percpu.h"
#include "hv_vm.h"
#include "vm/vcpu_arch.h"
#include "vm/vlapic.h"
#include "vm/vmsr.h"
#include "vm_mem.h"
#include "vmx/caps.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

static struct vm *vm;
static struct vcpu *a, *b;

static void setup(void)
{
	static const uint32_t msrs[] = { MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK, MSR_KERNEL_GS_BASE, MSR_TSC_AUX, MSR_XSS };
	unsigned int i;

	hv_machine_reset();
	for (i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++)
		fake_msr_set(msrs[i], 0);
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 2);
	a = vm->vcpus[0];
	b = vm->vcpus[1];
	vcpu_arch_switch(b);
	hv_vcpu_start(b);
	vcpu_arch_switch(a);
	hv_vcpu_start(a);
	vmwrite(VMCS_GUEST_DR7, DR7_INIT);
}

static void teardown(void)
{
	percpu_area[0].vcpu = NULL;
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static bool exits_on_mov_dr(const struct vcpu *v) { return v->vmx->proc & PROC_MOV_DR; }

/* What the guest does after the exit of its first MOV DR. */
static void set_dr(uint64_t v)
{
	write_dr0(v);
	write_dr1(v + 1);
	write_dr2(v + 2);
	write_dr3(v + 3);
}

static void expect_dr(uint64_t v)
{
	ck_assert(read_dr0() == v && read_dr1() == v + 1 && read_dr2() == v + 2 && read_dr3() == v + 3);
}

START_TEST(debug_registers_on_demand)
{
	ck_assert(exits_on_mov_dr(a) && exits_on_mov_dr(b));
	vcpu_load_dr(a);
	ck_assert(!exits_on_mov_dr(a) && exits_on_mov_dr(b));
	set_dr(0x1000);
	vcpu_arch_switch(b);
	/* The other one finds nothing of it, not even as a match in its DR6. */
	ck_assert(!read_dr0() && !read_dr1() && !read_dr2() && !read_dr3());
	ck_assert(exits_on_mov_dr(a) && exits_on_mov_dr(b));
	vcpu_load_dr(b);
	ck_assert(!read_dr0() && !read_dr3());
	set_dr(0x2000);
	vcpu_arch_switch(a);
	ck_assert(!read_dr0() && exits_on_mov_dr(a));
	vcpu_load_dr(a);
	expect_dr(0x1000);
	vcpu_arch_switch(b);
	vcpu_load_dr(b);
	expect_dr(0x2000);
}
END_TEST

/* Enabled, they are there whenever the vCPU is, without a MOV. */
START_TEST(breakpoints_in_force)
{
	vcpu_load_dr(a);
	set_dr(0x1000);
	vmwrite(VMCS_GUEST_DR7, DR7_INIT | 1ul << 1);
	vcpu_arch_switch(b);
	ck_assert(!read_dr0() && !read_dr3());
	ck_assert(exits_on_mov_dr(b));
	vcpu_arch_switch(a);
	expect_dr(0x1000);
	ck_assert(!exits_on_mov_dr(a));
	vmwrite(VMCS_GUEST_DR7, DR7_INIT);
	vcpu_arch_switch(b);
	vcpu_arch_switch(a);
	ck_assert(!read_dr0() && exits_on_mov_dr(a));
}
END_TEST

START_TEST(debug_registers_end_with_a_reset)
{
	vcpu_load_dr(a);
	set_dr(0x1000);
	vcpu_arch_leave(a);
	ck_assert(!read_dr0() && !read_dr3());
	vcpu_reset(a);
	vcpu_arch_switch(a);
	hv_vcpu_start(a);
	ck_assert(exits_on_mov_dr(a));
	vcpu_load_dr(a);
	ck_assert(!read_dr0() && !read_dr3());
}
END_TEST

/* A CPU that cannot make MOV DR exit has them switched each time. */
START_TEST(without_the_exit)
{
	hv_vm_destroy(vm);
	percpu_area[0].vcpu = NULL;
	vmx_caps.may[VMX_PROC] &= ~PROC_MOV_DR;
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 2);
	a = vm->vcpus[0];
	b = vm->vcpus[1];
	vcpu_arch_switch(b);
	hv_vcpu_start(b);
	vcpu_arch_switch(a);
	hv_vcpu_start(a);
	set_dr(0x1000);
	vcpu_arch_switch(b);
	ck_assert(!read_dr0());
	set_dr(0x2000);
	vcpu_arch_switch(a);
	expect_dr(0x1000);
	vcpu_arch_switch(b);
	expect_dr(0x2000);
}
END_TEST

START_TEST(msrs_are_known_or_read)
{
	static const uint32_t written[] = { MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK, MSR_TSC_AUX };
	unsigned int i;
	uint64_t v;

	for (i = 0; i < 5; i++)
		ck_assert_int_eq(vmsr_write(a, written[i], 0x100 + i), 0);
	fake_msr_set(MSR_KERNEL_GS_BASE, 0x77);	/* SWAPGS, no exit */
	vcpu_arch_switch(b);
	for (i = 0; i < 5; i++)
		ck_assert(!rdmsr_safe(written[i], &v) && !v);
	ck_assert_uint_eq(rdmsr(MSR_KERNEL_GS_BASE), 0);
	ck_assert_int_eq(vmsr_write(b, MSR_LSTAR, 0x900), 0);
	ck_assert_uint_eq(rdmsr(MSR_LSTAR), 0x900);
	vcpu_arch_switch(a);
	for (i = 0; i < 5; i++)
		ck_assert_uint_eq(rdmsr(written[i]), 0x100 + i);
	ck_assert_uint_eq(rdmsr(MSR_KERNEL_GS_BASE), 0x77);
	/* What the CPU refuses is the guest's fault and changes nothing. */
	fake_cpu.nr_msrs = 0;
	ck_assert_int_eq(vmsr_write(a, MSR_LSTAR, 1ul << 62), 1);
	ck_assert_uint_eq(a->arch->msr[2], 0x101);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vcpu_switch");
	TCase *c = tcase_create("switch");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, debug_registers_on_demand);
	tcase_add_test(c, breakpoints_in_force);
	tcase_add_test(c, debug_registers_end_with_a_reset);
	tcase_add_test(c, without_the_exit);
	tcase_add_test(c, msrs_are_known_or_read);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
