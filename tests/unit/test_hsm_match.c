/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel module's choice of an ioeventfd for a guest's write. */
/* unit: */
/* unit-flags: -Ihypervisor */
#include <check.h>
#include <stdlib.h>
#include "hsm_driver/match.h"

static struct acrn_ioeventfd ask(uint32_t flags, uint64_t addr, uint32_t len, uint64_t data)
{
	return (struct acrn_ioeventfd){ .flags = flags, .addr = addr, .len = len, .data = data };
}

static struct hsm_doorbell bell(uint32_t flags, uint64_t addr, uint32_t len, uint64_t data)
{
	struct acrn_ioeventfd args = ask(flags, addr, len, data);
	struct hsm_doorbell d;

	ck_assert_int_eq(doorbell_init(&d, &args), 0);
	return d;
}

static int refused(uint32_t flags, uint64_t addr, uint32_t len)
{
	struct acrn_ioeventfd args = ask(flags, addr, len, 0);
	struct hsm_doorbell d;

	return doorbell_init(&d, &args) != 0;
}

static int hit(const struct hsm_doorbell *d, uint32_t type, uint64_t addr, uint64_t size,
	       uint64_t value)
{
	struct hsm_access a = { type, IOREQ_WRITE, addr, size, value };

	return doorbell_hit(d, &a);
}

START_TEST(impossible_requests_are_refused)
{
	ck_assert(refused(1u << 4, 0x1000, 4));
	ck_assert(refused(0, 0x1000, 0));
	ck_assert(refused(0, 0x1000, 3));
	ck_assert(refused(0, 0x1000, 16));
	ck_assert(refused(0, ~0ull - 2, 4));
	ck_assert(refused(IOEVENTFD_PIO, 0x1000, 8));
	ck_assert(refused(IOEVENTFD_PIO, 0xFFFE, 4));
	ck_assert(refused(IOEVENTFD_PIO, 0x10000, 1));
	ck_assert(!refused(IOEVENTFD_PIO, 0xFFFC, 4));
	ck_assert(!refused(0, ~0ull - 3, 4));
	ck_assert(!refused(IOEVENTFD_ASYNCIO, 0x1000, 2));
}
END_TEST

START_TEST(wildcard_takes_any_value)
{
	struct hsm_doorbell d = bell(0, 0xFEB00000, 4, 7);

	ck_assert(hit(&d, IOREQ_TYPE_MMIO, 0xFEB00000, 4, 0));
	ck_assert(hit(&d, IOREQ_TYPE_MMIO, 0xFEB00000, 2, 0xFFFF));
	ck_assert(!hit(&d, IOREQ_TYPE_MMIO, 0xFEB00000, 8, 0));
	ck_assert(!hit(&d, IOREQ_TYPE_MMIO, 0xFEB00000, 0, 0));
	ck_assert(!hit(&d, IOREQ_TYPE_MMIO, 0xFEB00002, 2, 0));
	ck_assert(!hit(&d, IOREQ_TYPE_PORTIO, 0xFEB00000, 4, 0));
}
END_TEST

START_TEST(reads_never_ring)
{
	struct hsm_doorbell d = bell(IOEVENTFD_PIO, 0x510, 2, 0);
	struct hsm_access a = { IOREQ_TYPE_PORTIO, IOREQ_READ, 0x510, 2, 0 };

	ck_assert(!doorbell_hit(&d, &a));
	a.direction = 2;
	ck_assert(!doorbell_hit(&d, &a));
	a.direction = IOREQ_WRITE;
	ck_assert(doorbell_hit(&d, &a));
}
END_TEST

START_TEST(value_is_compared_in_the_width_written)
{
	struct hsm_doorbell d = bell(IOEVENTFD_DATAMATCH, 0x2000, 2, 0xABCD0001);

	ck_assert(hit(&d, IOREQ_TYPE_MMIO, 0x2000, 2, 1));
	ck_assert(hit(&d, IOREQ_TYPE_MMIO, 0x2000, 2, 0xFFFF0001));
	ck_assert(!hit(&d, IOREQ_TYPE_MMIO, 0x2000, 2, 2));
	d = bell(IOEVENTFD_DATAMATCH, 0x2000, 8, ~0ull);
	ck_assert(hit(&d, IOREQ_TYPE_MMIO, 0x2000, 8, ~0ull));
	ck_assert(!hit(&d, IOREQ_TYPE_MMIO, 0x2000, 4, ~0ull));
}
END_TEST

START_TEST(clash_means_one_write_could_ring_both)
{
	struct hsm_doorbell any = bell(0, 0x2000, 2, 0);
	struct hsm_doorbell one = bell(IOEVENTFD_DATAMATCH, 0x2000, 2, 1);
	struct hsm_doorbell two = bell(IOEVENTFD_DATAMATCH, 0x2000, 2, 2);
	struct hsm_doorbell pio = bell(IOEVENTFD_PIO, 0x2000, 2, 0);
	struct hsm_doorbell far = bell(0, 0x2002, 2, 0);

	ck_assert(doorbell_clash(&any, &one));
	ck_assert(doorbell_clash(&one, &any));
	ck_assert(doorbell_clash(&one, &one));
	ck_assert(!doorbell_clash(&one, &two));
	ck_assert(!doorbell_clash(&any, &pio));
	ck_assert(!doorbell_clash(&any, &far));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hsm_match");
	TCase *tc = tcase_create("match");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(tc, impossible_requests_are_refused);
	tcase_add_test(tc, wildcard_takes_any_value);
	tcase_add_test(tc, reads_never_ring);
	tcase_add_test(tc, value_is_compared_in_the_width_written);
	tcase_add_test(tc, clash_means_one_write_could_ring_both);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
