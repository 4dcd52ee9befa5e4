/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors: allocation, dispatch, EOI, and interrupts nobody asked for. */
/* unit: hypervisor/irq/vector.c tests/fake/vtd.c */
#include <check.h>

#include "vtd.h"
#include "cpu/percpu.h"
#include "irq/ipi.h"
#include "irq/lapic.h"
#include "irq/timer.h"
#include "irq/vector.h"
#include "lib/errno.h"
#include "log/log.h"

struct percpu percpu_area[MAX_PCPUS];

static uint32_t nr_eoi, nr_served, nr_expired, nr_logged, nr_handled, eoi_at_handler;
static void *last_arg;
static uint8_t last_vector;

void lapic_eoi(void)
{
	nr_eoi++;
}

void ipi_serve(void)
{
	nr_served++;
}

void timer_expire(void)
{
	nr_expired++;
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
	nr_logged++;
}

static void handler(void *arg, uint8_t vector)
{
	nr_handled++;
	last_arg = arg;
	last_vector = vector;
	eoi_at_handler = nr_eoi;
}

START_TEST(fixed_vectors_reach_their_owners)
{
	vector_dispatch(VEC_KICK);
	ck_assert_uint_eq(nr_served, 1);
	vector_dispatch(VEC_TIMER);
	ck_assert_uint_eq(nr_expired, 1);
	ck_assert_uint_eq(nr_eoi, 2);
	ck_assert_uint_eq(nr_logged, 0);
	ck_assert_uint_eq(percpu_area[0].nr_spurious, 0);
}
END_TEST

START_TEST(handler_runs_before_eoi)
{
	int x, v = vector_get(handler, &x);

	ck_assert_int_ge(v, VEC_DYNAMIC_FIRST);
	ck_assert_int_le(v, VEC_DYNAMIC_LAST);
	vector_dispatch((uint8_t)v);
	ck_assert_uint_eq(nr_handled, 1);
	ck_assert_ptr_eq(last_arg, &x);
	ck_assert_uint_eq(last_vector, v);
	ck_assert_uint_eq(eoi_at_handler, 0);
	ck_assert_uint_eq(nr_eoi, 1);
	vector_set(0xf5, handler, NULL);
	vector_dispatch(0xf5);
	ck_assert_uint_eq(last_vector, 0xf5);
	ck_assert_ptr_null(last_arg);
}
END_TEST

START_TEST(allocator_gives_each_vector_once)
{
	bool seen[256] = { false };
	int first = -1, v, n = 0;

	while ((v = vector_get(handler, NULL)) >= 0) {
		ck_assert(!seen[v]);
		seen[v] = true;
		first = first < 0 ? v : first;
		n++;
	}
	ck_assert_int_eq(v, -ENOSPC);
	ck_assert_int_eq(n, VEC_DYNAMIC_LAST - VEC_DYNAMIC_FIRST + 1);
	vector_put((uint8_t)first);
	ck_assert_int_eq(vector_get(handler, NULL), first);
	ck_assert_int_eq(vector_get(handler, NULL), -ENOSPC);
	/* Not of the dynamic range: no effect. */
	vector_put(VEC_TIMER);
	vector_dispatch(VEC_TIMER);
	ck_assert_uint_eq(nr_expired, 1);
}
END_TEST

START_TEST(a_vector_put_back_rests)
{
	int v = vector_get(handler, NULL);

	vector_put((uint8_t)v);
	for (int i = 0; i < 100; i++) {
		int w = vector_get(handler, NULL);

		ck_assert_int_ne(w, v);
		vector_put((uint8_t)w);
	}
	vector_dispatch((uint8_t)v);
	ck_assert_uint_eq(nr_handled, 0);
	ck_assert_uint_eq(percpu_area[0].nr_spurious, 1);
}
END_TEST

START_TEST(a_vector_put_back_takes_its_entry_along)
{
	int v = vector_get(handler, NULL);

	ck_assert_int_eq(vtd_ir_set((uint8_t)v, 0x18, 0, false), 0);
	vector_put((uint8_t)v);
	ck_assert(!fake_vtd.entry[v].present);
}
END_TEST

START_TEST(unexpected_is_counted_and_told_once)
{
	for (int i = 0; i < 10; i++)
		vector_dispatch(0x77);
	ck_assert_uint_eq(percpu_area[0].nr_spurious, 10);
	ck_assert_uint_eq(nr_logged, 1);
	ck_assert_uint_eq(nr_eoi, 10);
	vector_dispatch(0x78);
	ck_assert_uint_eq(nr_logged, 2);
}
END_TEST

START_TEST(spurious_takes_no_eoi)
{
	vector_dispatch(VEC_SPURIOUS);
	ck_assert_uint_eq(percpu_area[0].nr_spurious, 1);
	ck_assert_uint_eq(nr_eoi, 0);
	ck_assert_uint_eq(nr_logged, 0);
}
END_TEST

START_TEST(a_guests_interrupts_are_dropped)
{
	int v = vector_get(handler, NULL);

	percpu_area[0].lapic_owned_by_guest = true;
	vector_dispatch((uint8_t)v);
	vector_dispatch(VEC_TIMER);
	vector_dispatch(0x20);
	ck_assert_uint_eq(nr_handled + nr_expired + nr_logged, 0);
	ck_assert_uint_eq(nr_eoi, 3);
	/* But who called this CPU just before still waits for it. */
	vector_dispatch(VEC_KICK);
	ck_assert_uint_eq(nr_served, 1);
	/* One that is to stay in service for the guest. */
	percpu_area[0].held_vector = 0x45;
	vector_dispatch(0x45);
	ck_assert_uint_eq(nr_eoi, 4);
	percpu_area[0].held_vector = 0;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vector");
	TCase *tc = tcase_create("vector");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, fixed_vectors_reach_their_owners);
	tcase_add_test(tc, handler_runs_before_eoi);
	tcase_add_test(tc, allocator_gives_each_vector_once);
	tcase_add_test(tc, a_vector_put_back_rests);
	tcase_add_test(tc, a_vector_put_back_takes_its_entry_along);
	tcase_add_test(tc, unexpected_is_counted_and_told_once);
	tcase_add_test(tc, spurious_takes_no_eoi);
	tcase_add_test(tc, a_guests_interrupts_are_dropped);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
