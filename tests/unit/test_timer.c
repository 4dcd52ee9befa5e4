/* SPDX-License-Identifier: BSD-3-Clause */
/* The per-CPU timer queue: order, moving, stopping, and what it writes to the hardware. */
/* unit: hypervisor/irq/timer.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "irq/lapic.h"
#include "irq/timer.h"

#define NR 64

struct percpu percpu_area[MAX_PCPUS];

static uint64_t now, hardware;
static uint32_t nr_writes;

uint64_t tsc_now(void)
{
	return now;
}

void lapic_timer_arm(uint64_t deadline)
{
	hardware = deadline;
	nr_writes++;
}

static bool without_hardware;

bool lapic_has_timer(void)
{
	return !without_hardware;
}

static struct timer timers[NR];
static char fired[1024];
static uint32_t nr_fired;

static void note(void *arg)
{
	struct timer *t = arg;

	ck_assert_uint_ge(now, t->deadline);
	ck_assert(!t->armed);
	fired[nr_fired++] = (char)('a' + (t - timers));
	fired[nr_fired] = 0;
}

static void setup(void)
{
	memset(percpu_area, 0, sizeof(percpu_area));
	now = 1000;
	hardware = 77;
	timer_init_cpu();
	ck_assert_uint_eq(hardware, 0);
	for (uint32_t i = 0; i < NR; i++)
		timer_init(&timers[i], note, &timers[i]);
	nr_fired = 0;
	nr_writes = 0;
	fired[0] = 0;
}

/* The machine: the interrupt comes when the hardware's deadline has passed. */
static void advance(uint64_t to)
{
	while (hardware && hardware <= to) {
		now = hardware > now ? hardware : now;
		hardware = 0;
		timer_expire();
	}
	now = to;
}

START_TEST(fires_in_order_of_deadline)
{
	setup();
	timer_start(&timers[0], 3000);
	ck_assert_uint_eq(hardware, 3000);
	timer_start(&timers[1], 2000);
	ck_assert_uint_eq(hardware, 2000);
	timer_start(&timers[2], 4000);
	timer_start(&timers[3], 3000);
	ck_assert_uint_eq(hardware, 2000);
	advance(1999);
	ck_assert_str_eq(fired, "");
	advance(2000);
	ck_assert_str_eq(fired, "b");
	advance(5000);
	/* Equal deadlines: in the order of starting. */
	ck_assert_str_eq(fired, "badc");
	ck_assert_uint_eq(hardware, 0);
}
END_TEST

START_TEST(hardware_is_written_only_for_a_new_head)
{
	setup();
	timer_start(&timers[0], 2000);
	timer_start(&timers[1], 3000);
	timer_start(&timers[2], 4000);
	timer_stop(&timers[1]);
	timer_start(&timers[2], 5000);
	ck_assert_uint_eq(nr_writes, 1);
	timer_start(&timers[0], 6000);
	ck_assert_uint_eq(nr_writes, 2);
	ck_assert_uint_eq(hardware, 5000);
	timer_stop(&timers[2]);
	ck_assert_uint_eq(hardware, 6000);
	timer_stop(&timers[0]);
	ck_assert_uint_eq(hardware, 0);
	timer_stop(&timers[0]);
	ck_assert_uint_eq(nr_writes, 4);
	advance(10000);
	ck_assert_str_eq(fired, "");
}
END_TEST

START_TEST(early_interrupt_fires_nothing)
{
	setup();
	timer_start(&timers[0], 2000);
	/* A one-shot timer that ran too fast, or an interrupt of an earlier deadline. */
	hardware = 0;
	now = 1990;
	timer_expire();
	ck_assert_str_eq(fired, "");
	ck_assert_uint_eq(hardware, 2000);
	advance(2000);
	ck_assert_str_eq(fired, "a");
}
END_TEST

START_TEST(past_deadline_fires_at_the_next_chance)
{
	setup();
	timer_start(&timers[0], 500);
	ck_assert_uint_eq(hardware, 500);
	timer_start(&timers[1], 0);
	ck_assert_uint_ne(hardware, 0);
	advance(1000);
	ck_assert_str_eq(fired, "ba");
}
END_TEST

static uint32_t laps;

static void again_in_the_past(void *arg)
{
	laps++;
	timer_start(arg, 5);
}

START_TEST(restart_in_the_past_does_not_hold_the_cpu)
{
	struct timer t;

	setup();
	timer_init(&t, again_in_the_past, &t);
	laps = 0;
	timer_start(&t, 900);
	timer_expire();
	ck_assert_uint_eq(laps, 1);
	ck_assert_uint_eq(hardware, 5);
	timer_expire();
	ck_assert_uint_eq(laps, 2);
	timer_stop(&t);
	ck_assert_uint_eq(hardware, 0);
}
END_TEST

static void stops_next(void *arg)
{
	note(arg);
	timer_stop(&timers[1]);
	timer_start(&timers[2], 9000);
}

START_TEST(handler_stops_and_moves_others)
{
	setup();
	timer_init(&timers[0], stops_next, &timers[0]);
	timer_start(&timers[0], 1500);
	timer_start(&timers[1], 1500);
	timer_start(&timers[2], 1500);
	timer_start(&timers[3], 1500);
	nr_writes = 0;
	advance(8999);
	ck_assert_str_eq(fired, "ad");
	/* Once, when all handlers were done. */
	ck_assert_uint_eq(nr_writes, 1);
	ck_assert_uint_eq(hardware, 9000);
	advance(9000);
	ck_assert_str_eq(fired, "adc");
}
END_TEST

START_TEST(cpus_have_queues_of_their_own)
{
	setup();
	timer_start(&timers[0], 2000);
	percpu_area[0].pcpu_id = 5;
	timer_init_cpu();
	timer_start(&timers[1], 3000);
	ck_assert_uint_eq(hardware, 3000);
	now = 5000;
	timer_expire();
	ck_assert_str_eq(fired, "b");
	percpu_area[0].pcpu_id = 0;
	timer_expire();
	ck_assert_str_eq(fired, "ba");
}
END_TEST

START_TEST(guests_lapic_is_left_alone)
{
	setup();
	percpu_area[0].lapic_owned_by_guest = true;
	timer_start(&timers[0], 2000);
	timer_stop(&timers[0]);
	timer_start(&timers[1], 3000);
	ck_assert_uint_eq(nr_writes, 0);
	percpu_area[0].lapic_owned_by_guest = false;
	timer_expire();
	ck_assert_uint_eq(hardware, 3000);
	/* A deadline of before, lost to the guest, is written again. */
	percpu_area[0].lapic_owned_by_guest = true;
	timer_stop(&timers[1]);
	hardware = 0;
	percpu_area[0].lapic_owned_by_guest = false;
	timer_start(&timers[1], 3000);
	ck_assert_uint_eq(hardware, 3000);
}
END_TEST

/* No timer interrupt on this machine: entries ask for the head, the idle loop polls. */
START_TEST(polled)
{
	setup();
	ck_assert(!timer_poll());
	timer_start(&timers[0], 2000);
	timer_start(&timers[1], 3000);
	ck_assert_uint_eq(timer_next(), 2000);
	now = 2500;
	ck_assert(!timer_poll());
	ck_assert_str_eq(fired, "");
	without_hardware = true;
	ck_assert(timer_poll());
	ck_assert_str_eq(fired, "a");
	ck_assert_uint_eq(timer_next(), 3000);
	now = 3000;
	/* The last one: no deadline is left, but what it woke wants to run. */
	ck_assert(timer_poll());
	ck_assert_str_eq(fired, "ab");
	ck_assert_uint_eq(timer_next(), 0);
	ck_assert(!timer_poll());
	without_hardware = false;
}
END_TEST

/* Thousands of random operations against the obvious model. */
START_TEST(random_operations)
{
	setup();
	srand(12345);
	for (uint32_t n = 0; n < 20000; n++) {
		uint32_t i = (uint32_t)rand() % NR;
		uint64_t least = 0;
		bool overdue = false;

		nr_fired = 0;
		if (rand() % 3)
			timer_start(&timers[i], now + 1 + (uint64_t)rand() % 1000);
		else
			timer_stop(&timers[i]);
		for (i = 0; i < NR; i++)
			if (timers[i].armed && (!least || timers[i].deadline < least))
				least = timers[i].deadline;
		ck_assert_uint_eq(hardware, least);
		advance(now + (uint64_t)rand() % 50);
		for (i = 0; i < NR; i++)
			overdue |= timers[i].armed && timers[i].deadline <= now;
		ck_assert(!overdue);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("timer");
	TCase *tc = tcase_create("queue");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, fires_in_order_of_deadline);
	tcase_add_test(tc, hardware_is_written_only_for_a_new_head);
	tcase_add_test(tc, early_interrupt_fires_nothing);
	tcase_add_test(tc, past_deadline_fires_at_the_next_chance);
	tcase_add_test(tc, restart_in_the_past_does_not_hold_the_cpu);
	tcase_add_test(tc, handler_stops_and_moves_others);
	tcase_add_test(tc, cpus_have_queues_of_their_own);
	tcase_add_test(tc, guests_lapic_is_left_alone);
	tcase_add_test(tc, polled);
	tcase_add_test(tc, random_operations);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
