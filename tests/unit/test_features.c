/* SPDX-License-Identifier: BSD-3-Clause */
/* Capability gate: what is required, what is optional, what `mask=` hides, what is said. */
/* unit: hypervisor/cpu/features.c hypervisor/mm/pgformat.c */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/features.h"
#include "lib/errno.h"
#include "log/console.h"
#include "mm/pgtable.h"
#include "x86/cpuid.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

static char said[16384];

void console_printf(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

#define ALL 0xffffffffu

/* A CPU that has everything. */
static void setup(void)
{
	said[0] = 0;
	fake_cpu_reset();
	fake_cpuid_set(0, 0, (struct cpuid_regs){ 0x16, 0, 0, 0 });
	fake_cpuid_set(CPUID_LEAF_EXT_MAX, 0, (struct cpuid_regs){ 0x80000008, 0, 0, 0 });
	fake_cpuid_set(CPUID_LEAF_FEATURES, 0, (struct cpuid_regs){ 0, 0, ALL, ALL });
	fake_cpuid_set(CPUID_LEAF_EXTENDED, 0, (struct cpuid_regs){ 0, ALL, 0, 0 });
	fake_cpuid_set(CPUID_LEAF_XSAVE, 1, (struct cpuid_regs){ 0xf, 0, 0, 0 });
	fake_cpuid_set(CPUID_LEAF_EXT_FEATURES, 0, (struct cpuid_regs){ 0, 0, ALL, ALL });
	fake_cpuid_set(CPUID_LEAF_APM, 0, (struct cpuid_regs){ 0, 0, 0, ALL });
	fake_msr_set(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);
	fake_msr_set(MSR_XSS, 1ul << 8);
	fake_msr_set(MSR_VMX_PIN_CTLS, ~0ul);
	fake_msr_set(MSR_VMX_PROC_CTLS, ~0ul);
	fake_msr_set(MSR_VMX_PROC2_CTLS, ~0ul);
	fake_msr_set(MSR_VMX_EPT_VPID_CAP, ~0ul);
}

/* Clears control bit `bit` (of the allowed-1 half). */
static void forbid(uint32_t msr, uint32_t bit)
{
	*fake_msr_find(msr) &= ~((uint64_t)bit << 32);
}

START_TEST(complete_cpu)
{
	ck_assert_int_eq(features_init(NULL), 0);
	for (uint32_t f = 0; f < NR_FEATURES; f++)
		ck_assert_msg(feature_has(f), "%s", feature_name(f));
	ck_assert_str_eq(said, "optional CPU features not used: none\n");
	ck_assert_uint_eq(pgtable_host.max_leaf, 3);
	ck_assert_uint_eq(pgtable_ept.max_leaf, 3);
}
END_TEST

START_TEST(mask_hides_and_drags_along)
{
	ck_assert_int_eq(features_init("apic-reg-virt,ept-2m,nonsense,x2"), 0);
	ck_assert(!feature_has(FEAT_APIC_REG_VIRT));
	ck_assert(!feature_has(FEAT_VID));
	ck_assert(!feature_has(FEAT_POSTED_INTR));
	ck_assert(feature_has(FEAT_TPR_SHADOW));
	ck_assert(feature_has(FEAT_X2APIC));
	ck_assert_uint_eq(pgtable_ept.max_leaf, 1);
	ck_assert_ptr_nonnull(strstr(said, "no optional feature is called \"nonsense\""));
	ck_assert_ptr_nonnull(strstr(said, "no optional feature is called \"x2\""));
	ck_assert(feature_has(FEAT_IOMMU));
	ck_assert_int_eq(features_init("intr-remap"), 0);
	ck_assert(feature_has(FEAT_IOMMU) && !feature_has(FEAT_INTR_REMAP));
	ck_assert_int_eq(features_init("iommu"), 0);
	ck_assert(!feature_has(FEAT_IOMMU) && !feature_has(FEAT_INTR_REMAP));
	ck_assert_ptr_nonnull(strstr(said, "iommu (masked)"));
	ck_assert_ptr_nonnull(strstr(said, "apic-reg-virt (masked)"));
	ck_assert_ptr_nonnull(strstr(said, "vid (needs another)"));
}
END_TEST

START_TEST(no_vtx_reads_no_vmx_msr)
{
	fake_cpu.nr_msrs = 0;
	fake_cpuid_set(CPUID_LEAF_FEATURES, 0, (struct cpuid_regs){ 0, 0, ALL & ~CPUID_1_ECX_VMX, ALL });
	ck_assert_int_eq(features_init(NULL), -ENODEV);
	ck_assert_ptr_nonnull(strstr(said, "missing: VT-x (VMX) (CPUID 1 ECX bit 5)"));
	ck_assert_ptr_nonnull(strstr(said, "missing: EPT (extended page tables) (MSR 0x48B bit 33)"));
	ck_assert_ptr_nonnull(strstr(said, "missing: VPID (MSR 0x48B bit 37)"));
}
END_TEST

START_TEST(all_missing_are_listed_at_once)
{
	forbid(MSR_VMX_PROC2_CTLS, VMX_PROC2_UNRESTRICTED);
	forbid(MSR_VMX_PROC_CTLS, VMX_PROC_MSR_BITMAPS);
	*fake_msr_find(MSR_VMX_EPT_VPID_CAP) &= ~EPT_CAP_WB;
	ck_assert_int_eq(features_init(NULL), -ENODEV);
	ck_assert_ptr_nonnull(strstr(said, "unrestricted guest"));
	ck_assert_ptr_nonnull(strstr(said, "MSR bitmaps"));
	ck_assert_ptr_nonnull(strstr(said, "write-back"));
	ck_assert_ptr_null(strstr(said, "missing: VPID"));
	ck_assert_ptr_null(strstr(said, "missing: EPT (extended"));
}
END_TEST

START_TEST(locked_by_firmware)
{
	fake_msr_set(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCK);
	ck_assert_int_eq(features_init(NULL), -ENODEV);
	ck_assert_ptr_nonnull(strstr(said, "not disabled by the firmware"));
}
END_TEST

START_TEST(unlocked_is_enabled_on_each_cpu)
{
	fake_msr_set(MSR_FEATURE_CONTROL, 0);
	ck_assert_int_eq(features_init(NULL), 0);
	features_load();
	ck_assert_uint_eq(rdmsr(MSR_FEATURE_CONTROL), FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);
	ck_assert(fake_cpu.cr4 & CR4_OSXSAVE);
	ck_assert(fake_cpu.cr0 & CR0_WP);
}
END_TEST

/* Each CPU forgets what firmware had in XSS, whether guests are shown XSAVES or not; a CPU without has no such register. */
START_TEST(xss_is_cleared)
{
	ck_assert_int_eq(features_init(_i ? "xsaves" : NULL), 0);
	features_load();
	ck_assert_uint_eq(rdmsr(MSR_XSS), 0);
	fake_cpuid_set(CPUID_LEAF_XSAVE, 1, (struct cpuid_regs){ 0x7, 0, 0, 0 });
	*fake_msr_find(MSR_XSS) = 5;
	ck_assert_int_eq(features_init(NULL), 0);
	features_load();
	ck_assert_uint_eq(rdmsr(MSR_XSS), 5);
}
END_TEST

/* Without secondary controls their MSR does not exist and must not be taken for anything. */
START_TEST(no_secondary_controls)
{
	forbid(MSR_VMX_PROC_CTLS, VMX_PROC_SECONDARY);
	ck_assert_int_eq(features_init(NULL), -ENODEV);
	ck_assert(!feature_has(FEAT_VID));
	ck_assert(!feature_has(FEAT_EPT_2M));
}
END_TEST

/* Leaves above the CPU's highest one return garbage, not features. */
START_TEST(absent_leaves_count_as_zero)
{
	fake_cpuid_set(CPUID_LEAF_EXT_MAX, 0, (struct cpuid_regs){ 0x80000001, 0, 0, 0 });
	fake_cpuid_set(0, 0, (struct cpuid_regs){ 1, 0, 0, 0 });
	ck_assert_int_eq(features_init(NULL), 0);
	ck_assert(!feature_has(FEAT_INVARIANT_TSC));
	ck_assert(!feature_has(FEAT_XSAVES));
	ck_assert(feature_has(FEAT_PAGE_1G));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("features");
	TCase *t = tcase_create("features");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, complete_cpu);
	tcase_add_test(t, mask_hides_and_drags_along);
	tcase_add_test(t, no_vtx_reads_no_vmx_msr);
	tcase_add_test(t, all_missing_are_listed_at_once);
	tcase_add_test(t, locked_by_firmware);
	tcase_add_test(t, unlocked_is_enabled_on_each_cpu);
	tcase_add_loop_test(t, xss_is_cleared, 0, 2);
	tcase_add_test(t, no_secondary_controls);
	tcase_add_test(t, absent_leaves_count_as_zero);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
