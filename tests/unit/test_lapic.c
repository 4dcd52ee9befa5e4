/* SPDX-License-Identifier: BSD-3-Clause */
/* The physical local APIC's timer: whether a deadline is trusted, and what takes its place. */
/* unit: hypervisor/irq/lapic.c */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpu/features.h"
#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "irq/lapic.h"
#include "irq/vector.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/hostmap.h"
#include "x86/apicreg.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define IRR_OF_TIMER	(MSR_X2APIC_IRR0 + VEC_TIMER / 32)
#define TIMER_BIT	(1u << VEC_TIMER % 32)
#define TICKS_PER_US	1000u

struct percpu percpu_area[MAX_PCPUS];

/* The timer's clock runs `skew` ahead of the TSC. */
static uint64_t now;
static int64_t skew;
static bool has_deadline, dropped, dead;
static char said[1024];

/* Every look at the clock takes a microsecond, in which the timer may fire and its counter counts. */
uint64_t tsc_now(void)
{
	uint64_t *deadline = fake_msr_find(MSR_TSC_DEADLINE), *irr = fake_msr_find(IRR_OF_TIMER);
	uint64_t *left = fake_msr_find(X2APIC_MSR(APIC_TMCCT));

	now += TICKS_PER_US;
	if (!dead && *deadline && now + (uint64_t)skew >= *deadline) {
		*irr |= TIMER_BIT;
		*deadline = 0;
	}
	*left -= TICKS_PER_US;
	return now;
}

uint64_t tsc_from_us(uint64_t us) { return us * TICKS_PER_US; }

void tsc_delay_us(uint64_t us)
{
	uint64_t end = now + us * TICKS_PER_US;

	while (tsc_now() < end)
		;
}

bool feature_has(enum feature f)
{
	return f == FEAT_TSC_DEADLINE ? has_deadline && !dropped : f == FEAT_X2APIC || f == FEAT_APIC_TIMER;
}

void feature_drop(enum feature f)
{
	ck_assert_int_eq(f, FEAT_TSC_DEADLINE);
	dropped = true;
}

void *hostmap_device(hpa_t addr __unused, size_t len __unused) { abort(); }
void panic(const char *fmt __unused, ...) { abort(); }

void log_printf(enum log_level level __unused, const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

static void on_write(uint32_t msr, uint64_t value)
{
	if (msr == X2APIC_MSR(APIC_TMICT))
		fake_msr_set(X2APIC_MSR(APIC_TMCCT), value);
}

static void setup(void)
{
	fake_cpu_reset();
	for (uint32_t msr = 0x800; msr < 0x840; msr++)
		fake_msr_set(msr, 0);
	fake_msr_set(MSR_APIC_BASE, 0xfee00000);
	fake_msr_set(MSR_TSC_DEADLINE, 0);
	fake_cpu.msr_written = on_write;
	now = 1000000000;
	has_deadline = true;
}

static uint64_t lvt(void) { return *fake_msr_find(MSR_X2APIC_LVT_TIMER); }

START_TEST(a_sound_deadline_timer_is_used)
{
	lapic_init();
	ck_assert(!dropped);
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(lvt(), VEC_TIMER | APIC_LVT_TIMER_TSC_DEADLINE);
	ck_assert_uint_eq(*fake_msr_find(MSR_TSC_DEADLINE), 0);
	lapic_timer_arm(now + 5000000);
	ck_assert_uint_eq(*fake_msr_find(MSR_TSC_DEADLINE), now + 5000000);
}
END_TEST

/* The counter is in its place, at the rate measured: a count for a tick. */
static void check_replaced(void)
{
	uint64_t counts;

	ck_assert(dropped);
	ck_assert_ptr_nonnull(strstr(said, "tsc-deadline: deadlines are not met"));
	ck_assert(lapic_has_timer());
	ck_assert_uint_eq(lvt(), VEC_TIMER | APIC_LVT_TIMER_ONESHOT);
	ck_assert_uint_eq(*fake_msr_find(MSR_TSC_DEADLINE), 0);
	lapic_timer_arm(now + 5000000);
	ck_assert_uint_eq(*fake_msr_find(MSR_TSC_DEADLINE), 0);
	counts = *fake_msr_find(X2APIC_MSR(APIC_TMICT));
	ck_assert_msg(counts > 4900000 && counts < 5100000, "%lu counts", counts);
	/* A CPU that comes later does as the first. */
	lapic_init();
	ck_assert_uint_eq(lvt(), VEC_TIMER | APIC_LVT_TIMER_ONESHOT);
}

START_TEST(one_that_fires_early_is_not)
{
	skew = 60 * TICKS_PER_US;
	lapic_init();
	check_replaced();
}
END_TEST

START_TEST(one_that_fires_at_once_is_not)
{
	skew = 900000000;
	lapic_init();
	check_replaced();
}
END_TEST

START_TEST(one_that_fires_late_is_not)
{
	skew = -900000000;
	lapic_init();
	check_replaced();
}
END_TEST

START_TEST(one_that_never_fires_is_not)
{
	dead = true;
	lapic_init();
	check_replaced();
}
END_TEST

/* A host that lets its guest wait is no reason. */
START_TEST(one_a_little_late_is_used)
{
	skew = -5000 * (int64_t)TICKS_PER_US;
	lapic_init();
	ck_assert(!dropped);
}
END_TEST

START_TEST(without_one_nothing_is_tried)
{
	has_deadline = false;
	lapic_init();
	ck_assert(!dropped);
	ck_assert_uint_eq(*fake_msr_find(IRR_OF_TIMER), 0);
	ck_assert_uint_eq(lvt(), VEC_TIMER | APIC_LVT_TIMER_ONESHOT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lapic");
	TCase *tc = tcase_create("timer");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_sound_deadline_timer_is_used);
	tcase_add_test(tc, one_that_fires_early_is_not);
	tcase_add_test(tc, one_that_fires_at_once_is_not);
	tcase_add_test(tc, one_that_fires_late_is_not);
	tcase_add_test(tc, one_that_never_fires_is_not);
	tcase_add_test(tc, one_a_little_late_is_used);
	tcase_add_test(tc, without_one_nothing_is_tried);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
