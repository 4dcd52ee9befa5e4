/* SPDX-License-Identifier: BSD-3-Clause */
/* Steal time: told where asked for, in RAM only, by the sequence protocol, and never to a page that is gone. */
/* unit: hypervisor/vm/vcpuid.c hypervisor/vm/lapic_pt.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hv_vm.h"
#include "vm/gpa.h"
#include "vm/run_hook.h"
#include "vm/steal.h"
#include "vm/vmsr.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "x86/msr.h"

#define AT	0x5fc0ul	/* the last place in its page */
#define MSR	MSR_KVM_STEAL_TIME

struct record { uint64_t steal; uint32_t version, flags; uint8_t preempted, rest[47]; };

static struct vm *vm;
static struct vcpu *vcpu;
static struct record *r;

static void setup(void)
{
	hv_machine_reset();
	fake_tsc_khz = 2500000;
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 1);
	vm->options = SCENARIO_OPT_KVM_LEAF;
	vcpu = vm->vcpus[0];
	r = (struct record *)(hv_vm_ram(vm) + AT);
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	fake_tsc_khz = 1000000;
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void on(void) { ck_assert_int_eq(vmsr_write(vcpu, MSR, AT | 1), 0); }

static uint64_t msr(void)
{
	uint64_t v = ~0ul;

	ck_assert_int_eq(vmsr_read(vcpu, MSR, &v), 0);
	return v;
}

START_TEST(only_with_the_leaf)
{
	uint64_t v;

	vm->options = 0;
	ck_assert(vmsr_read(vcpu, MSR, &v));
	ck_assert(vmsr_write(vcpu, MSR, 0));
	ck_assert(vmsr_write(vcpu, MSR, AT | 1));
	ck_assert_uint_eq(vcpu->steal.msr, 0);
}
END_TEST

START_TEST(values_that_fault)
{
	unsigned int bit;

	for (bit = 1; bit < 6; bit++)
		ck_assert_msg(vmsr_write(vcpu, MSR, AT | 1 | 1ul << bit), "bit %u", bit);
	/* No RAM, half in RAM is impossible, no such address. */
	ck_assert(vmsr_write(vcpu, MSR, HV_RAM_SIZE | 1));
	ck_assert(vmsr_write(vcpu, MSR, ~0ul << 6 | 1));
	ck_assert(vmsr_write(vcpu, MSR, 1ul << 52 | 1));
	ck_assert_uint_eq(msr(), 0);
	ck_assert_int_eq(vmsr_write(vcpu, MSR, (HV_RAM_SIZE - 64) | 1), 0);
	ck_assert_int_eq(vmsr_write(vcpu, MSR, 1), 0);
	ck_assert_uint_eq(msr(), 1);
	/* Off: the address does not matter, and nothing is kept of it. */
	ck_assert_int_eq(vmsr_write(vcpu, MSR, HV_RAM_SIZE), 0);
	ck_assert_uint_eq(msr(), 0);
}
END_TEST

/* 1.5 s at 2.5 GHz, in two parts; what was waited for before the guest asked is not its. */
START_TEST(nanoseconds)
{
	vcpu->thread.wait_ticks = 123456789;
	on();
	ck_assert_uint_eq(msr(), AT | 1);
	ck_assert(r->steal == 0 && r->version == 2 && !r->preempted);
	vcpu->thread.wait_ticks += 2500000000ul;
	steal_switch_in(vcpu);
	ck_assert_uint_eq(r->steal, 1000000000);
	vcpu->thread.wait_ticks += 1250000000ul;
	steal_switch_in(vcpu);
	ck_assert_uint_eq(r->steal, 1500000000);
	ck_assert_uint_eq(r->version, 6);
	/* Ten years do not overflow. */
	vcpu->thread.wait_ticks += 2500000000ul * 86400 * 3650;
	steal_switch_in(vcpu);
	ck_assert_uint_eq(r->steal, 1500000000ul + 86400ul * 3650 * 1000000000);
}
END_TEST

/* Rubbish in a fresh record: the version gets even, the time goes on from what stands there. */
START_TEST(what_stood_there)
{
	memset(r, 0xff, sizeof(*r));
	r->steal = 40;
	on();
	ck_assert(r->steal == 40 && r->version == 0 && !r->flags && !r->preempted);
	vcpu->thread.wait_ticks += 25;
	steal_switch_in(vcpu);
	ck_assert(r->steal == 50 && r->version == 2);
	ck_assert_uint_eq(r->rest[46], 0xff);
}
END_TEST

START_TEST(preempted)
{
	on();
	/* Noted by the thread's own hook. */
	ck_assert(vcpu->thread.switch_out == vcpu_switch_out);
	vcpu->state = VCPU_RUNNING;
	steal_switch_out(vcpu);
	ck_assert_uint_eq(r->preempted, 1);
	steal_switch_in(vcpu);
	ck_assert_uint_eq(r->preempted, 0);
	vcpu->state = VCPU_IO_WAIT;
	steal_switch_out(vcpu);
	ck_assert_uint_eq(r->preempted, 1);
	steal_switch_in(vcpu);
	vcpu->state = VCPU_HALTED;
	steal_switch_out(vcpu);
	ck_assert_uint_eq(r->preempted, 0);
}
END_TEST

/* Taken away, or not the guest's to write any more: no access, and off. */
START_TEST(page_goes)
{
	struct record was;

	on();
	was = *r;
	ck_assert_int_eq(gpa_unmap(vm, gpa(AT & ~0xffful), 4096), 0);
	vcpu->thread.wait_ticks += 1000000;
	steal_switch_in(vcpu);
	ck_assert_int_eq(memcmp(&was, r, sizeof(was)), 0);
	ck_assert_uint_eq(msr(), 0);
	ck_assert(vmsr_write(vcpu, MSR, AT | 1));
	ck_assert_int_eq(vmsr_write(vcpu, MSR, (AT + 4096) | 1), 0);
	ck_assert_int_eq(gpa_protect(vm, gpa((AT + 4096) & ~0xffful), 4096, PG_W, 0), 0);
	vcpu->state = VCPU_RUNNING;
	steal_switch_out(vcpu);
	ck_assert_uint_eq(((struct record *)(hv_vm_ram(vm) + AT + 4096))->preempted, 0);
	ck_assert_uint_eq(msr(), 0);
}
END_TEST

START_TEST(reset_ends_it)
{
	on();
	vcpu_reset(vcpu);
	ck_assert_uint_eq(msr(), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("steal");
	TCase *c = tcase_create("steal");
	SRunner *run;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, only_with_the_leaf);
	tcase_add_test(c, values_that_fault);
	tcase_add_test(c, nanoseconds);
	tcase_add_test(c, what_stood_there);
	tcase_add_test(c, preempted);
	tcase_add_test(c, page_goes);
	tcase_add_test(c, reset_ends_it);
	suite_add_tcase(s, c);
	run = srunner_create(s);
	srunner_run_all(run, CK_ENV);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
