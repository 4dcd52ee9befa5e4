/* SPDX-License-Identifier: BSD-3-Clause */
/* --intr_monitor on a clock that the test moves: when the delay goes on and off. */
/* unit: devicemodel/core/intr_monitor.c devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/log.c devicemodel/core/irq.c devicemodel/core/mem.c tests/fake/dm_vm.c tests/fake/dm_hsm.c tests/fake/dm_timer.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "core/intr_monitor.h"
#include "dm_hsm.h"
#include "dm_timer.h"
#include "dm_vm.h"

#define MS 1000000ull
#define S (1000 * MS)

static struct vm vm;
static struct intr_monitor *m;

static void counts(uint64_t a, uint64_t na, uint64_t b, uint64_t nb)
{
	fake_hsm.intr[0] = a;
	fake_hsm.intr[1] = na;
	fake_hsm.intr[2] = b;
	fake_hsm.intr[3] = nb;
	fake_hsm.nr_intr = 4;
}

static void setup(void)
{
	fake_hsm_clear();
	fake_clock_ns = 5 * S;
	fake_vm_open(&vm, 0, 1);
	config_set(&vm.config, "intr_monitor.threshold", "1000");
	config_set(&vm.config, "intr_monitor.period", "10");
	config_set(&vm.config, "intr_monitor.delay", "2");
	config_set(&vm.config, "intr_monitor.duration", "100");
	ck_assert_int_eq(intr_monitor_open(&vm, &m), 0);
	ck_assert_ptr_nonnull(m);
}

static void teardown(void)
{
	intr_monitor_close(m);
	fake_vm_close(&vm);
}

START_TEST(not_asked_for)
{
	struct intr_monitor *none = m;

	config_unset(&vm.config, "intr_monitor.threshold");
	ck_assert_int_eq(intr_monitor_open(&vm, &none), 0);
	ck_assert_ptr_null(none);
	intr_monitor_close(none);
}
END_TEST

START_TEST(quiet_devices_are_left_alone)
{
	counts(0x30, 10000, 0x31, 5);	/* 1000 a second: not over it */
	fake_clock_advance(10 * S);
	counts(0x30, 20000, 0x31, 10);
	fake_clock_advance(10 * S);
	ck_assert_int_eq(fake_hsm.nr_delays, 0);
}
END_TEST

START_TEST(a_storm_is_damped_and_let_go)
{
	counts(0x30, 100, 0x31, 5);
	fake_clock_advance(10 * S);
	counts(0x30, 200, 0x31, 20005);
	fake_clock_advance(10 * S);
	ck_assert_int_eq(fake_hsm.nr_delays, 1);
	ck_assert_uint_eq(fake_hsm.delay_ms, 2);
	fake_clock_advance(99 * MS);
	ck_assert_uint_eq(fake_hsm.delay_ms, 2);
	/* What the storm goes on with while damped does not count twice. */
	counts(0x30, 200, 0x31, 90005);
	fake_clock_advance(1 * MS);
	ck_assert_int_eq(fake_hsm.nr_delays, 2);
	ck_assert_uint_eq(fake_hsm.delay_ms, 0);
	counts(0x30, 200, 0x31, 90010);
	fake_clock_advance(10 * S);
	ck_assert_int_eq(fake_hsm.nr_delays, 2);
	counts(0x30, 200, 0x31, 101000);
	fake_clock_advance(10 * S);
	ck_assert_int_eq(fake_hsm.nr_delays, 3);
}
END_TEST

/* A source that starts over, or another of the same number. */
START_TEST(counts_that_go_back)
{
	counts(0x30, 5000, 0x31, 5);
	fake_clock_advance(10 * S);
	counts(0x31, 6, 0x30, 7);
	fake_clock_advance(10 * S);
	ck_assert_int_eq(fake_hsm.nr_delays, 0);
	counts(0x31, 6, 0x30, 10018);
	fake_clock_advance(10 * S);
	ck_assert_int_eq(fake_hsm.nr_delays, 1);
}
END_TEST

START_TEST(an_hsm_that_cannot)
{
	fake_hsm.intr_err = -ENOTTY;
	counts(0x30, 5000000, 0x31, 5);
	fake_clock_advance(20 * S);
	ck_assert_int_eq(fake_hsm.nr_delays, 0);
	fake_hsm.intr_err = 0;
	fake_hsm.delay_err = -EPERM;
	fake_clock_advance(10 * S);
	ck_assert_int_eq(fake_hsm.nr_delays, 1);
	/* Still watching. */
	fake_hsm.delay_err = 0;
	counts(0x30, 9000000, 0x31, 5);
	fake_clock_advance(10 * S);
	ck_assert_int_eq(fake_hsm.nr_delays, 2);
	ck_assert_uint_eq(fake_hsm.delay_ms, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dm_intr_monitor");
	TCase *c = tcase_create("monitor");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, not_asked_for);
	tcase_add_test(c, quiet_devices_are_left_alone);
	tcase_add_test(c, a_storm_is_damped_and_let_go);
	tcase_add_test(c, counts_that_go_back);
	tcase_add_test(c, an_hsm_that_cannot);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
