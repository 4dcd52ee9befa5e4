/* SPDX-License-Identifier: BSD-3-Clause */
/* CPUID policy: what no guest may see of a machine that has everything, and what every guest sees. */
/* unit: hypervisor/vm/vcpuid.c hypervisor/vm/lapic_pt.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "hv_vm.h"
#include "public/hypercall.h"
#include "vm/vcpu_arch.h"
#include "vm/vcpuid.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "x86/cr.h"

#define ALL (struct cpuid_regs){ ~0u, ~0u, ~0u, ~0u }

static struct vm *vm;
static struct vcpu *vcpu;

static void make(uint8_t load_order, uint16_t nr)
{
	vm = hv_vm_create(1, load_order, nr);
	vcpu = vm->vcpus[0];
}

static void setup(void)
{
	static const uint32_t leaves[] = { 1, 2, 4, 7, 0x80000001, 0x80000002, 0x80000008 };
	unsigned int i;

	hv_machine_reset();
	for (i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		fake_cpuid_set(leaves[i], 0, ALL);
	fake_cpuid_set(0, 0, (struct cpuid_regs){ 0x20, ~0u, ~0u, ~0u });
	fake_cpuid_set(0x80000000, 0, (struct cpuid_regs){ 0x80000021, ~0u, ~0u, ~0u });
	fake_cpuid_set(0xd, 1, ALL);
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static struct cpuid_regs get(uint32_t leaf, uint32_t sub) { return vcpuid_get(vcpu, leaf, sub); }

static bool is_zero(struct cpuid_regs r) { return !(r.eax | r.ebx | r.ecx | r.edx); }

/* A leaf without a row reads as zero, whatever the machine says. */
START_TEST(leaves_without_a_row)
{
	static const bool row[0x17] = { [0] = 1, [1] = 1, [2] = 1, [4] = 1, [6] = 1, [7] = 1, [0xb] = 1, [0xd] = 1, [0x15] = 1, [0x16] = 1 };
	uint32_t leaf;

	make(SCENARIO_POST_LAUNCHED, 1);
	for (leaf = 0; leaf < 0x10000; leaf++) {
		fake_cpuid_set(0x12345678, 0, ALL);
		if (leaf >= 0x17 || !row[leaf])
			ck_assert_msg(is_zero(get(leaf, 0)), "leaf %x", leaf);
		if (leaf > 8)
			ck_assert_msg(is_zero(get(0x80000000 + leaf, 0)), "leaf %x", 0x80000000 + leaf);
	}
}
END_TEST

START_TEST(features_that_are_not_offered)
{
	/* DTES64 MONITOR DS-CPL VMX SMX EIST TM2 CNXT-ID SDBG xTPR PDCM DCA, and OSXSAVE while CR4 has it off */
	const uint32_t ecx1 = 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 10 | 1u << 11 | 1u << 14 |
			      1u << 15 | 1u << 18 | 1u << 27;
	/* PSN DS ACPI TM PBE */
	const uint32_t edx1 = 1u << 18 | 1u << 21 | 1u << 22 | 1u << 29 | 1u << 31;
	/* TSC_ADJUST SGX HLE RTM PQM MPX PQE PT */
	const uint32_t ebx7 = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 11 | 1u << 12 | 1u << 14 | 1u << 15 | 1u << 25;
	/* WAITPKG CET_SS TME LA57 KL ENQCMD SGX_LC PKS */
	const uint32_t ecx7 = 1u << 5 | 1u << 7 | 1u << 13 | 1u << 16 | 1u << 23 | 1u << 29 | 1u << 30 | 1u << 31;

	make(SCENARIO_SERVICE, 2);
	ck_assert_uint_eq(get(1, 0).ecx & ecx1, 0);
	ck_assert_uint_eq(get(1, 0).edx & edx1, 0);
	ck_assert_uint_eq(get(7, 0).ebx & ebx7, 0);
	ck_assert_uint_eq(get(7, 0).ecx & ecx7, 0);
	/* UINTR PCONFIG LBR CET_IBT AMX SPEC_CTRL STIBP L1D ARCH_CAP CORE_CAP: none of their MSRs is offered */
	ck_assert_uint_eq(get(7, 0).edx & ~0x10u, 0);
	ck_assert_uint_eq(get(7, 0).eax, 0);
	ck_assert(is_zero(get(7, 1)));
	/* SVM and all AMD bits; no supervisor states, no XFD */
	ck_assert_uint_eq(get(0x80000001, 0).ecx & ~0x121u, 0);
	ck_assert_uint_eq(get(0xd, 1).eax & ~0xfu, 0);
	ck_assert_uint_eq(get(0xd, 1).ecx | get(0xd, 1).edx, 0);
	ck_assert(is_zero(get(0xa, 0)) && is_zero(get(5, 0)) && is_zero(get(0x14, 0)) && is_zero(get(0x12, 0)));
	ck_assert_uint_eq(get(6, 0).eax, 4);
	ck_assert_uint_eq(get(6, 0).ecx, 0);
}
END_TEST

/* A CPU answers a leaf beyond its highest with that one's values (SDM vol 2, CPUID): no features of the guest's. */
START_TEST(machine_with_fewer_leaves)
{
	fake_cpuid_set(0, 0, (struct cpuid_regs){ 0x5, ~0u, ~0u, ~0u });
	fake_cpuid_set(0x80000000, 0, (struct cpuid_regs){ 0x80000001, 0, 0, 0 });
	make(SCENARIO_POST_LAUNCHED, 1);
	ck_assert(is_zero(get(7, 0)));
	ck_assert(is_zero(get(0xd, 0)));
	ck_assert(is_zero(get(0xd, 1)));
	ck_assert(is_zero(get(0x80000002, 0)));
	ck_assert(is_zero(get(0x80000008, 0)));
}
END_TEST

/* A feature that a boot option masks is not the guest's either: using it would be #GP. */
START_TEST(masked_features)
{
	hv_features[FEAT_XSAVE] = hv_features[FEAT_XSAVES] = hv_features[FEAT_NX] = hv_features[FEAT_ERMS] = false;
	make(SCENARIO_POST_LAUNCHED, 1);
	/* XSAVE; FMA, AVX and F16C, whose state only XSAVE switches */
	ck_assert_uint_eq(get(1, 0).ecx & (1u << 26 | 1u << 12 | 1u << 28 | 1u << 29), 0);
	/* AVX2 and all AVX-512 */
	ck_assert_uint_eq(get(7, 0).ebx & (1u << 5 | 1u << 16 | 1u << 17 | 1u << 21 | 1u << 28 | 1u << 30 | 1u << 31), 0);
	ck_assert(is_zero(get(0xd, 0)));
	ck_assert(is_zero(get(0xd, 1)));
	ck_assert_uint_eq(get(0x80000001, 0).edx & 1u << 20, 0);
	/* ERMS, FSRM */
	ck_assert_uint_eq(get(7, 0).ebx & 1u << 9, 0);
	ck_assert_uint_eq(get(7, 0).edx & 1u << 4, 0);
}
END_TEST

/* Only a VM that has the machine's own timer misses what that one cannot do. */
START_TEST(machine_without_deadline_timer)
{
	make(SCENARIO_PRE_LAUNCHED, 1);
	hv_features[FEAT_TSC_DEADLINE] = false;
	ck_assert_uint_ne(get(1, 0).ecx & 1u << 24, 0);
	vm->lapic_pt = true;
	ck_assert_uint_eq(get(1, 0).ecx & 1u << 24, 0);
	hv_features[FEAT_TSC_DEADLINE] = true;
	ck_assert_uint_ne(get(1, 0).ecx & 1u << 24, 0);
}
END_TEST

START_TEST(what_every_guest_sees)
{
	make(SCENARIO_PRE_LAUNCHED, 3);
	ck_assert_uint_eq(get(1, 0).ecx & (1u << 31 | 1u << 24 | 1u << 21), 1u << 31 | 1u << 24 | 1u << 21);
	ck_assert_uint_eq(get(1, 0).ebx >> 16 & 0xff, 4);
	ck_assert_uint_eq(get(0, 0).eax, 0x16);
	ck_assert_uint_eq(get(0xb, 0).ebx, 1);
	ck_assert_uint_eq(get(0xb, 1).ebx, 3);
	ck_assert_uint_eq(get(0xb, 1).eax, 2);
	ck_assert_uint_eq(get(0xb, 2).ebx, 0);
	ck_assert_uint_eq(vcpuid_get(vm->vcpus[2], 0xb, 5).edx, 2);
	ck_assert_uint_eq(vcpuid_get(vm->vcpus[2], 1, 0).ebx >> 24, 2);
	vm->options = SCENARIO_OPT_NO_X2APIC;
	ck_assert_uint_eq(get(1, 0).ecx & 1u << 21, 0);
	ck_assert_int_eq(vcpu_write_cr4(vcpu, CR4_OSXSAVE), 0);
	ck_assert_uint_eq(get(1, 0).ecx & 1u << 27, 1u << 27);
	ck_assert_uint_eq(get(1, 0).edx & 1u << 12, 1u << 12);
	vm->flags = SCENARIO_FLAG_HIDE_MTRR;
	ck_assert_uint_eq(get(1, 0).edx & 1u << 12, 0);
}
END_TEST

START_TEST(hypervisor_leaves)
{
	uint32_t leaf;

	make(SCENARIO_SERVICE, 1);
	ck_assert_uint_eq(get(HV_CPUID_BASE, 0).eax, HV_CPUID_MAX);
	ck_assert_uint_eq(get(HV_CPUID_BASE, 0).ebx, HV_CPUID_SIGNATURE);
	ck_assert_uint_eq(get(HV_CPUID_FEATURES, 0).eax, HV_FEATURE_PRIVILEGED);
	ck_assert_uint_eq(get(HV_CPUID_TIMING, 0).eax, fake_tsc_khz);
	ck_assert_uint_eq(get(HV_CPUID_EXTENSIONS, 0).eax, HV_EXT_HSM_FUNCTION | HV_EXT_Q_HYPERCALLS | HV_EXT_Q_STATS);
	service_vm = NULL;	/* any other VM */
	ck_assert_uint_eq(get(HV_CPUID_FEATURES, 0).eax, 0);
	ck_assert_uint_eq(get(HV_CPUID_EXTENSIONS, 0).eax, 0);
	for (leaf = 0x40000003; leaf < 0x40010000; leaf++)
		if (leaf != HV_CPUID_TIMING)
			ck_assert(is_zero(get(leaf, 0)));
	vm->options = SCENARIO_OPT_KVM_LEAF;
	ck_assert_uint_eq(get(0x40000100, 0).ebx, 0x4b4d564b);
	ck_assert_uint_eq(get(0x40000100, 0).eax, 0x40000101);
	ck_assert_uint_eq(get(0x40000101, 0).eax, 1u << 5);
	ck_assert(is_zero(get(0x40000102, 0)));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vcpuid");
	TCase *c = tcase_create("vcpuid");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, leaves_without_a_row);
	tcase_add_test(c, features_that_are_not_offered);
	tcase_add_test(c, machine_with_fewer_leaves);
	tcase_add_test(c, masked_features);
	tcase_add_test(c, machine_without_deadline_timer);
	tcase_add_test(c, what_every_guest_sees);
	tcase_add_test(c, hypervisor_leaves);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
