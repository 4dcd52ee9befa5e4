/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-rnd: buffers are filled, huge ones in part, wrong ones refused. */
/* unit: devicemodel/virtio/queue.c devicemodel/virtio/device.c devicemodel/virtio/worker.c devicemodel/virtio/rnd.c tests/fake/virtio_driver.c tests/fake/virtio_log.c */
/* unit-flags: -Idevicemodel */
#include <check.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <string.h>

#include "virtio/rnd.h"
#include "virtio_driver.h"
#include "virtio_log.h"

static struct drv d;
static struct drv_queue q;
static struct virtio_dev *vd;

static void start(void)
{
	ck_assert(drv_negotiate(&d, vd->offered));
	drv_queue_open(&d, &q, 0, 16);
	drv_ok(&d);
}

static void setup(void)
{
	struct virtio_params params = { .opts = "", .place = "6:0" };

	ck_assert_int_eq(rnd_ops.create(&params, &vd), 0);
	drv_open(&d, vd, false);
	start();
}

static void teardown(void)
{
	drv_close(&d);
}

static uint32_t ask(uint64_t gpa, uint32_t len)
{
	uint32_t got;

	q.avail->ring[q.size] = q.last_used;
	drv_add(&q, &(struct drv_buf){ gpa, len, true }, 1);
	drv_kick(&q);
	ck_assert_int_ge(drv_used(&q, &got), 0);
	return got;
}

static unsigned int zeroes(const uint8_t *p, uint32_t len)
{
	unsigned int n = 0;

	while (len--)
		n += *p++ == 0;
	return n;
}

START_TEST(fills_and_differs)
{
	uint64_t a = drv_alloc(&d, 1024, 1), b = drv_alloc(&d, 1024, 1);

	ck_assert_uint_eq(ask(a, 1024), 1024);
	ck_assert_uint_eq(ask(b, 1024), 1024);
	ck_assert_mem_ne(drv_ptr(&d, a, 1024), drv_ptr(&d, b, 1024), 1024);
	/* 4 of 1024 bytes are 0 on average; 100 would be odd beyond belief. */
	ck_assert_uint_lt(zeroes(drv_ptr(&d, a, 1024), 1024), 100);
	ck_assert_uint_eq(d.queue_irqs[0], 2);
}
END_TEST

/* The part that is filled is bounded, and nothing behind it is touched. */
START_TEST(huge_buffer_in_part)
{
	uint64_t a = drv_alloc(&d, 1 << 20, 1);
	uint32_t got = ask(a, 1 << 20);

	ck_assert_uint_gt(got, 0);
	ck_assert_uint_le(got, 65536);
	ck_assert_uint_eq(zeroes(drv_ptr(&d, a + got, 4096), 4096), 4096);
}
END_TEST

START_TEST(unwritable_buffer)
{
	drv_add(&q, &(struct drv_buf){ drv_alloc(&d, 16, 1), 16, false }, 1);
	drv_kick(&q);
	ck_assert(drv_needs_reset(&d));
	ck_assert_uint_eq(d.config_irqs, 1);
	start();
	ck_assert_uint_eq(ask(drv_alloc(&d, 16, 1), 16), 16);
}
END_TEST

/* Buffers that were there before DRIVER_OK, without a kick. */
START_TEST(start_looks_at_the_queue)
{
	ck_assert(drv_negotiate(&d, vd->offered));
	drv_queue_open(&d, &q, 0, 16);
	drv_add(&q, &(struct drv_buf){ drv_alloc(&d, 16, 1), 16, true }, 1);
	ck_assert_int_eq(drv_used(&q, NULL), -1);
	drv_ok(&d);
	ck_assert_int_eq(drv_used(&q, NULL), 0);
}
END_TEST

START_TEST(takes_no_options)
{
	struct virtio_params params = { .opts = "fast", .place = "6:0" };
	struct virtio_dev *other;

	ck_assert_int_eq(rnd_ops.create(&params, &other), -EINVAL);
	ck_assert(virtio_log_has("unknown option \"fast\""));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("virtio_rnd");
	TCase *t = tcase_create("device");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, fills_and_differs);
	tcase_add_test(t, huge_buffer_in_part);
	tcase_add_test(t, unwritable_buffer);
	tcase_add_test(t, start_looks_at_the_queue);
	tcase_add_test(t, takes_no_options);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
