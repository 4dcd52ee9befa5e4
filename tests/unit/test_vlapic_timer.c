/* SPDX-License-Identifier: BSD-3-Clause */
/* Timer of the virtual local APIC: modes, divisors, current count, never early, no drift. */
/* unit: hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c tests/fake/vm_vm.c tests/fake/vm_time.c tests/fake/vm_mem.c tests/fake/vm_virq.c */
#include <check.h>
#include <stdlib.h>

#include "vm_time.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "vm/vlapic.h"
#include "x86/apicreg.h"
#include "x86/msr.h"

#define VECTOR	0xecu

static struct vm *vm;
static struct vcpu *v;

static void wr(uint32_t offset, uint32_t value)
{
	ck_assert_int_eq(vlapic_mmio_write(v, offset, value), 0);
}

static uint32_t rd(uint32_t offset)
{
	uint32_t value;

	ck_assert_int_eq(vlapic_mmio_read(v, offset, &value), 0);
	return value;
}

static void setup(void)
{
	vm = fake_vm_create(1);
	v = vm->vcpus[0];
	v->thread.state = THREAD_RUNNING;
	fake_time_reset();
	fake_tsc = 1000000;
	fake_virq = (struct fake_virq){ .post = vlapic_post };
	ck_assert_int_eq(vlapic_create(v), 0);
	wr(APIC_SVR, APIC_SVR_ENABLE | 0xff);
	wr(APIC_TDCR, APIC_TDCR_BY_1);
}

static void teardown(void)
{
	vlapic_destroy(v);
	ck_assert_uint_eq(fake_time_next(), 0);
	fake_vm_destroy(vm);
}

/* Did the interrupt come? Takes it and ends it. */
static bool fired(void)
{
	int vector;

	vlapic_sync(v);
	vector = vlapic_pending(v);
	if (vector < 0)
		return false;
	ck_assert_int_eq(vector, VECTOR);
	vlapic_accept(v, (uint8_t)vector);
	wr(APIC_EOI, 0);
	return true;
}

static void set_deadline(uint64_t guest_tsc)
{
	ck_assert_int_eq(vlapic_msr_write(v, MSR_TSC_DEADLINE, guest_tsc), 0);
}

static uint64_t deadline(void)
{
	uint64_t value;

	ck_assert_int_eq(vlapic_msr_read(v, MSR_TSC_DEADLINE, &value), 0);
	return value;
}

START_TEST(one_shot_on_time)
{
	wr(APIC_LVT_TIMER, VECTOR);
	wr(APIC_TMICT, 5000);
	ck_assert_uint_eq(rd(APIC_TMCCT), 5000);
	fake_time_pass(4999);
	ck_assert(!fired());
	ck_assert_uint_eq(rd(APIC_TMCCT), 1);
	fake_time_pass(1);
	ck_assert(fired());
	ck_assert_uint_eq(rd(APIC_TMCCT), 0);
	ck_assert_uint_eq(rd(APIC_TMICT), 5000);
	fake_time_pass(50000);
	ck_assert(!fired());
	/* Restart and stop by 0. */
	wr(APIC_TMICT, 100);
	wr(APIC_TMICT, 0);
	fake_time_pass(1000);
	ck_assert(!fired());
}
END_TEST

START_TEST(divisors)
{
	static const struct { uint32_t tdcr, divisor; } t[] = {
		{ 0x0, 2 }, { 0x1, 4 }, { 0x2, 8 }, { 0x3, 16 }, { 0x8, 32 }, { 0x9, 64 }, { 0xa, 128 }, { 0xb, 1 },
	};
	unsigned int i;

	wr(APIC_LVT_TIMER, VECTOR);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		wr(APIC_TDCR, t[i].tdcr);
		wr(APIC_TMICT, 1000);
		fake_time_pass(1000ul * t[i].divisor - 1);
		ck_assert_msg(!fired(), "divisor %u early", t[i].divisor);
		ck_assert_uint_eq(rd(APIC_TMCCT), 1);
		fake_time_pass(1);
		ck_assert_msg(fired(), "divisor %u late", t[i].divisor);
	}
	wr(APIC_TDCR, APIC_TDCR_BY_1);
	wr(APIC_TMICT, 0xffffffff);
	fake_time_pass(0xfffffffe);
	ck_assert(!fired());
	fake_time_pass(1);
	ck_assert(fired());
}
END_TEST

START_TEST(divisor_changes_on_the_way)
{
	wr(APIC_LVT_TIMER, VECTOR);
	wr(APIC_TMICT, 1000);
	fake_time_pass(400);
	wr(APIC_TDCR, 0x1);	/* by 4: 600 counts are 2400 ticks */
	ck_assert_uint_eq(rd(APIC_TMCCT), 600);
	fake_time_pass(2399);
	ck_assert(!fired());
	fake_time_pass(1);
	ck_assert(fired());
}
END_TEST

START_TEST(masked_timer_counts_silently)
{
	wr(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR);
	wr(APIC_TMICT, 1000);
	fake_time_pass(500);
	ck_assert_uint_eq(rd(APIC_TMCCT), 500);
	fake_time_pass(500);
	ck_assert(!fired());
	wr(APIC_LVT_TIMER, VECTOR);
	ck_assert(!fired());
}
END_TEST

START_TEST(periodic_does_not_drift)
{
	uint64_t start = fake_tsc, period = 1000003;
	unsigned int i;

	wr(APIC_LVT_TIMER, APIC_LVT_TIMER_PERIODIC | VECTOR);
	wr(APIC_TMICT, (uint32_t)period);
	for (i = 1; i <= 1000; i++) {
		fake_timer_late = i % 7 * 100;	/* handlers that run late must not shift the next period */
		fake_time_to(start + i * period - 1);
		ck_assert_msg(!fired(), "tick %u early", i);
		fake_time_to(start + i * period + fake_timer_late);
		ck_assert_msg(fired(), "tick %u late", i);
		ck_assert_uint_eq(fake_time_next(), start + (i + 1) * period);
	}
	fake_time_to(start + 1000 * period + 5000);
	ck_assert_uint_eq(rd(APIC_TMCCT), period - 5000);
}
END_TEST

START_TEST(periodic_held_up_for_long)
{
	uint64_t start = fake_tsc;

	wr(APIC_LVT_TIMER, APIC_LVT_TIMER_PERIODIC | VECTOR);
	wr(APIC_TMICT, 100000);
	fake_timer_late = 750000;	/* seven and a half periods late: one interrupt, next one on the grid */
	fake_time_to(start + 850000);
	ck_assert(fired());
	ck_assert(!fired());
	ck_assert_uint_eq(fake_time_next(), start + 900000);
}
END_TEST

/* While another thread has the CPU: one tick, which waits in IRR as those after it would; then on the old grid. */
START_TEST(periodic_of_a_preempted_vcpu)
{
	uint64_t start = fake_tsc;

	wr(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_PERIODIC);
	wr(APIC_TMICT, 100000);
	v->thread.state = THREAD_RUNNABLE;
	fake_time_to(start + 100000);
	ck_assert_uint_eq(fake_time_next(), 0);
	fake_time_to(start + 1030000);
	ck_assert_uint_eq(rd(APIC_TMCCT), 70000);
	v->thread.state = THREAD_RUNNING;
	vlapic_timer_unpark(v);
	ck_assert(fired());
	ck_assert(!fired());
	ck_assert_uint_eq(fake_time_next(), start + 1100000);
	/* Asleep in HLT it is woken; asleep for another reason it is not. */
	v->thread.state = THREAD_BLOCKED;
	v->state = VCPU_HALTED;
	fake_time_to(start + 1100000);
	ck_assert_uint_eq(fake_time_next(), start + 1200000);
	v->state = VCPU_IO_WAIT;
	fake_time_to(start + 1200000);
	ck_assert_uint_eq(fake_time_next(), 0);
	wr(APIC_TMICT, 0);
	vlapic_timer_unpark(v);
	ck_assert_uint_eq(fake_time_next(), 0);
}
END_TEST

/* Expired by the clock, but the handler did not run yet: the count is the next period's. */
START_TEST(count_between_expiry_and_handler)
{
	wr(APIC_LVT_TIMER, APIC_LVT_TIMER_PERIODIC | VECTOR);
	wr(APIC_TMICT, 100000);
	fake_tsc += 100000 + 30000;
	ck_assert_uint_eq(rd(APIC_TMCCT), 70000);
	wr(APIC_LVT_TIMER, VECTOR);
	wr(APIC_TMICT, 100000);
	fake_tsc += 100001;
	ck_assert_uint_eq(rd(APIC_TMCCT), 0);
}
END_TEST

START_TEST(shortest_period_is_bounded)
{
	unsigned int before, i, n = 0;

	wr(APIC_LVT_TIMER, APIC_LVT_TIMER_PERIODIC | VECTOR);
	wr(APIC_TMICT, 1);
	before = fake_vm_nr_requests;
	for (i = 0; i < 1000; i++) {
		fake_time_pass(1000);	/* a millisecond in all */
		n += fired();
	}
	ck_assert_uint_ge(n, 49);
	ck_assert_uint_le(fake_vm_nr_requests - before, 51);
}
END_TEST

START_TEST(one_shot_becomes_periodic)
{
	uint64_t start = fake_tsc;

	wr(APIC_LVT_TIMER, VECTOR);
	wr(APIC_TMICT, 100000);
	wr(APIC_LVT_TIMER, APIC_LVT_TIMER_PERIODIC | VECTOR);
	fake_time_to(start + 200000);
	ck_assert(fired());
	ck_assert_uint_eq(fake_time_next(), start + 300000);
	wr(APIC_LVT_TIMER, VECTOR);
	fake_time_to(start + 300000);
	ck_assert(fired());
	ck_assert_uint_eq(fake_time_next(), 0);
}
END_TEST

START_TEST(tsc_deadline)
{
	v->tsc_offset = -(uint64_t)900000;	/* guest TSC = 100000 now */
	set_deadline(200000);
	ck_assert_uint_eq(deadline(), 0);	/* not in that mode */
	wr(APIC_LVT_TIMER, APIC_LVT_TIMER_TSC_DEADLINE | VECTOR);
	set_deadline(200000);
	ck_assert_uint_eq(deadline(), 200000);
	ck_assert_uint_eq(fake_time_next(), 1100000);
	fake_time_to(1099999);
	ck_assert(!fired());
	fake_time_to(1100000);
	ck_assert(fired());
	ck_assert_uint_eq(deadline(), 0);
	set_deadline(300000);
	set_deadline(0);
	fake_time_pass(1000000);
	ck_assert(!fired());
	/* A deadline that has passed, or is now, fires at once. */
	set_deadline(5);
	ck_assert(fired());
	ck_assert_uint_eq(deadline(), 0);
	set_deadline(fake_tsc + v->tsc_offset);
	ck_assert(fired());
	/* Further away than the clock can count. */
	set_deadline(~0ul);
	ck_assert_uint_gt(fake_time_next(), fake_tsc);
	ck_assert(!fired());
	set_deadline(0);
	ck_assert_uint_eq(fake_time_next(), 0);
}
END_TEST

START_TEST(deadline_mode_and_count_registers)
{
	wr(APIC_LVT_TIMER, VECTOR);
	wr(APIC_TMICT, 1000);
	wr(APIC_LVT_TIMER, APIC_LVT_TIMER_TSC_DEADLINE | VECTOR);
	ck_assert_uint_eq(fake_time_next(), 0);		/* changing the mode disarms */
	wr(APIC_TMICT, 1000);
	ck_assert_uint_eq(rd(APIC_TMICT), 0);
	ck_assert_uint_eq(rd(APIC_TMCCT), 0);
	ck_assert_uint_eq(fake_time_next(), 0);
	set_deadline(fake_tsc + 500);
	wr(APIC_LVT_TIMER, VECTOR);
	ck_assert_uint_eq(fake_time_next(), 0);
	ck_assert_uint_eq(deadline(), 0);
}
END_TEST

START_TEST(guest_moves_its_tsc)
{
	wr(APIC_LVT_TIMER, APIC_LVT_TIMER_TSC_DEADLINE | VECTOR);
	set_deadline(fake_tsc + 50000);
	v->tsc_offset = 20000;
	vlapic_tsc_changed(v);
	ck_assert_uint_eq(fake_time_next(), fake_tsc + 30000);
	v->tsc_offset = 50000;
	vlapic_tsc_changed(v);
	ck_assert(fired());
}
END_TEST

START_TEST(reset_and_quiesce_stop_it)
{
	wr(APIC_LVT_TIMER, APIC_LVT_TIMER_PERIODIC | VECTOR);
	wr(APIC_TMICT, 100000);
	ck_assert_uint_ne(fake_time_next(), 0);
	vlapic_reset(v, true);
	ck_assert_uint_eq(fake_time_next(), 0);
	ck_assert_uint_eq(rd(APIC_TMICT), 0);
	wr(APIC_TMICT, 100000);
	vlapic_quiesce(v);
	ck_assert_uint_eq(fake_time_next(), 0);
	/* Destroying from another CPU while it runs. */
	wr(APIC_TMICT, 100000);
	v->pcpu_id = 3;
}
END_TEST

START_TEST(frequency_is_the_tscs)
{
	ck_assert_uint_eq(vlapic_timer_hz(v), fake_tsc_khz * 1000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vlapic_timer");
	TCase *c = tcase_create("vlapic_timer");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, one_shot_on_time);
	tcase_add_test(c, divisors);
	tcase_add_test(c, divisor_changes_on_the_way);
	tcase_add_test(c, masked_timer_counts_silently);
	tcase_add_test(c, periodic_does_not_drift);
	tcase_add_test(c, periodic_held_up_for_long);
	tcase_add_test(c, periodic_of_a_preempted_vcpu);
	tcase_add_test(c, count_between_expiry_and_handler);
	tcase_add_test(c, shortest_period_is_bounded);
	tcase_add_test(c, one_shot_becomes_periodic);
	tcase_add_test(c, tsc_deadline);
	tcase_add_test(c, deadline_mode_and_count_registers);
	tcase_add_test(c, guest_moves_its_tsc);
	tcase_add_test(c, reset_and_quiesce_stop_it);
	tcase_add_test(c, frequency_is_the_tscs);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
