/* SPDX-License-Identifier: BSD-3-Clause */
/* Split locks: the option's words, the register, and what becomes of a guest's #AC. */
/* unit: hypervisor/vm/split_lock.c hypervisor/vm/hyperv.c hypervisor/vm/mtrr.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "cpu/percpu.h"
#include "hv_vm.h"
#include "log/log.h"
#include "vm/split_lock.h"
#include "vm/vcpu_arch.h"
#include "vm/virq.h"
#include "vm_mem.h"
#include "x86/cpuid.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define BIT29	(1ul << 29)
#define OTHER	(1ul << 31)	/* a bit that is not ours */

static struct vm *vm;
static struct vcpu *a, *b;
static unsigned int warnings;

void log_printf(enum log_level level, const char *fmt, ...)
{
	(void)fmt;
	warnings += level == LOG_WARN;
}

static void setup(void)
{
	hv_machine_reset();
	fake_cpuid_set(0, 0, (struct cpuid_regs){ 0x16, 0, 0, 0 });
	fake_cpuid_set(7, 0, (struct cpuid_regs){ 0, 0, 0, CPUID_7_EDX_CORE_CAP });
	fake_msr_set(MSR_CORE_CAPABILITIES, CORE_CAP_SPLIT_LOCK);
	fake_msr_set(MSR_TEST_CTRL, OTHER | BIT29);
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 2);
	a = vm->vcpus[0];
	b = vm->vcpus[1];
	warnings = 0;
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void begin(const char *option)
{
	split_lock_init(option);
	split_lock_init_cpu();
}

static bool is_on(void)
{
	uint64_t v = rdmsr(MSR_TEST_CTRL);

	ck_assert_uint_eq(v & ~BIT29, OTHER);
	return v & BIT29;
}

/* Also what the firmware left on is switched off: nobody would handle it. */
START_TEST(ignore)
{
	static const char *const words[] = { NULL, "ignore", "", "reports", "FAULT" };

	begin(words[_i]);
	ck_assert(!is_on());
	ck_assert_uint_eq(split_lock_exceptions(), 0);
	ck_assert_uint_eq(warnings, _i > 1);
}
END_TEST

START_TEST(cpu_cannot)
{
	fake_cpuid_set(7, 0, (struct cpuid_regs){ 0, 0, 0, _i ? CPUID_7_EDX_CORE_CAP : 0 });
	fake_msr_set(MSR_CORE_CAPABILITIES, _i ? ~CORE_CAP_SPLIT_LOCK : ~0ul);
	begin("fault");
	ck_assert_uint_eq(rdmsr(MSR_TEST_CTRL), OTHER | BIT29);
	ck_assert_uint_eq(split_lock_exceptions(), 0);
	ck_assert_uint_eq(warnings, 1);
}
END_TEST

START_TEST(fault)
{
	begin("fault");
	ck_assert(is_on());
	ck_assert_uint_eq(split_lock_exceptions(), 1u << VEC_AC);
	ck_assert(!split_lock_passes(a));
	ck_assert(is_on() && !warnings);
}
END_TEST

/* Said once; then off while that vCPU runs, on for others. */
START_TEST(report)
{
	begin("report");
	ck_assert(is_on());
	ck_assert(split_lock_passes(a));
	ck_assert(!is_on());
	ck_assert_uint_eq(warnings, 1);
	split_lock_switch(b);
	ck_assert(is_on());
	split_lock_switch(a);
	ck_assert(!is_on());
	vcpu_reset(a);
	split_lock_switch(a);
	ck_assert(is_on());
}
END_TEST

/* The guest's own alignment checks stay its own. */
START_TEST(alignment_check)
{
	begin("report");
	vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_AM);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_AC | RFLAGS_FIXED);
	vmwrite(VMCS_GUEST_SS_AR, 3u << 5);
	ck_assert(!split_lock_passes(a));
	vmwrite(VMCS_GUEST_SS_AR, 0);
	ck_assert(split_lock_passes(a));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("split_lock");
	TCase *t = tcase_create("split_lock");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, ignore, 0, 5);
	tcase_add_loop_test(t, cpu_cannot, 0, 2);
	tcase_add_test(t, fault);
	tcase_add_test(t, report);
	tcase_add_test(t, alignment_check);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
