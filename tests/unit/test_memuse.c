/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypervisor's own use of a VM's memory: what is taken from a VM is taken when no CPU is in the midst of one. */
/* unit: hypervisor/vm/vcpuid.c hypervisor/vm/lapic_pt.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/percpu.h"
#include "hv_vm.h"
#include "vm/gpa.h"
#include "vm/memuse.h"
#include "vm/run_hook.h"
#include "vm/steal.h"
#include "vm/vmsr.h"
#include "vm_mem.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define PAGE	0x5000ul
#define LOOKS	3

static struct vm *vm;
static uint32_t after, nr_looks;	/* CPU 1's count after LOOKS looks at it */

static void other_cpu(void)
{
	if (++nr_looks == LOOKS)
		percpu_area[1].memuse = after;
}

static void setup(void)
{
	hv_machine_reset();
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 1);
	vm->options = SCENARIO_OPT_KVM_LEAF;
	nr_pcpus = 2;
	percpu_area[0].memuse = percpu_area[1].memuse = 0;
	nr_looks = 0;
	fake_cpu.on_pause = other_cpu;
}

static void teardown(void)
{
	fake_cpu.on_pause = NULL;
	percpu_area[1].memuse = 0;
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

START_TEST(nobody_is_waited_for)
{
	percpu_area[1].memuse = 4;
	ck_assert_int_eq(gpa_unmap(vm, gpa(PAGE), 4096), 0);
	ck_assert_uint_eq(nr_looks, 0);
}
END_TEST

START_TEST(a_use_is_waited_for)
{
	percpu_area[1].memuse = 5;
	after = 6;
	ck_assert_int_eq(gpa_unmap(vm, gpa(PAGE), 4096), 0);
	ck_assert_uint_eq(nr_looks, LOOKS);
	percpu_area[1].memuse = 5;
	nr_looks = 0;
	ck_assert_int_eq(gpa_protect(vm, gpa(PAGE + 4096), 4096, PG_W, 0), 0);
	ck_assert_uint_eq(nr_looks, LOOKS);
}
END_TEST

/* It looks up what is mapped now. */
START_TEST(the_next_use_is_not)
{
	percpu_area[1].memuse = 0xffffffff;
	after = 1;
	ck_assert_int_eq(gpa_unmap(vm, gpa(PAGE), 4096), 0);
	ck_assert_uint_eq(nr_looks, LOOKS);
}
END_TEST

START_TEST(copies_are_uses)
{
	uint8_t b[2 * 4096] = { 1 };

	ck_assert_int_eq(gpa_write(vm, gpa(PAGE), b, sizeof(b)), 0);
	ck_assert_uint_eq(percpu_area[0].memuse, 4);
	ck_assert_int_eq(gpa_read(vm, gpa(PAGE + 8), b, 4), 0);
	ck_assert_uint_eq(percpu_area[0].memuse, 6);
	/* Begun and ended, even if nothing is there. */
	ck_assert_int_ne(gpa_write(vm, gpa(1ul << 40), b, 4), 0);
	ck_assert_uint_eq(percpu_area[0].memuse, 8);
}
END_TEST

START_TEST(steal_time_is_one)
{
	ck_assert_int_eq(vmsr_write(vm->vcpus[0], MSR_KVM_STEAL_TIME, PAGE | 1), 0);
	ck_assert_uint_eq(percpu_area[0].memuse, 2);
	steal_switch_in(vm->vcpus[0]);
	ck_assert_uint_eq(percpu_area[0].memuse, 4);
	vm->vcpus[0]->state = VCPU_RUNNING;
	steal_switch_out(vm->vcpus[0]);
	ck_assert_uint_eq(percpu_area[0].memuse, 6);
	ck_assert_int_eq(gpa_unmap(vm, gpa(PAGE), 4096), 0);
	steal_switch_in(vm->vcpus[0]);
	ck_assert_uint_eq(percpu_area[0].memuse, 8);
}
END_TEST

START_TEST(what_a_fault_breaks_off)
{
	memuse_begin();
	memuse_abandon();
	ck_assert_uint_eq(percpu_area[0].memuse, 2);
	memuse_abandon();
	ck_assert_uint_eq(percpu_area[0].memuse, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memuse");
	TCase *c = tcase_create("memuse");
	SRunner *run;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, nobody_is_waited_for);
	tcase_add_test(c, a_use_is_waited_for);
	tcase_add_test(c, the_next_use_is_not);
	tcase_add_test(c, copies_are_uses);
	tcase_add_test(c, steal_time_is_one);
	tcase_add_test(c, what_a_fault_breaks_off);
	suite_add_tcase(s, c);
	run = srunner_create(s);
	srunner_run_all(run, CK_ENV);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
