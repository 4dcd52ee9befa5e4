/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls to the HSM that depend on which HSM it is: the ioctl is ours here. */
/* unit: devicemodel/core/hsm.c */
/* unit-flags: -Idevicemodel -Ihypervisor */
#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "core/hsm.h"
#include "core/ioevent.h"
#include "public/hsm_ioctl.h"

static struct hsm hsm = { .fd = 77 };
static struct acrn_ioeventfd seen[4];
static unsigned int nr_calls;
static uint32_t known;		/* flags the HSM knows */
static int fails_with;

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;

	va_start(ap, request);
	seen[nr_calls++ % 4] = *va_arg(ap, struct acrn_ioeventfd *);
	va_end(ap);
	ck_assert_int_eq(fd, 77);
	ck_assert_uint_eq(request, HSM_IOC_IOEVENTFD);
	errno = seen[(nr_calls - 1) % 4].flags & ~known ? EINVAL : fails_with;
	return errno ? -1 : 0;
}

static const struct ioevent kick = { .space = BUS_MMIO, .addr = 0xd0003004, .len = 4, .fd = 9 };

static void setup(void)
{
	nr_calls = 0;
	known = ~0u;
	fails_with = 0;
}

START_TEST(an_ioeventfd_asks_not_to_be_waited_for)
{
	ck_assert_int_eq(hsm_ioeventfd(&hsm, &kick, true), 0);
	ck_assert_uint_eq(nr_calls, 1);
	ck_assert_uint_eq(seen[0].flags, IOEVENTFD_ASYNCIO);
	ck_assert(seen[0].fd == 9 && seen[0].addr == 0xd0003004 && seen[0].len == 4);
	ck_assert_int_eq(hsm_ioeventfd(&hsm, &kick, false), 0);
	ck_assert_uint_eq(seen[1].flags, IOEVENTFD_DEASSIGN);
}
END_TEST

START_TEST(an_hsm_without_the_flag)
{
	known = IOEVENTFD_PIO | IOEVENTFD_DATAMATCH | IOEVENTFD_DEASSIGN;
	ck_assert_int_eq(hsm_ioeventfd(&hsm, &kick, true), 0);
	ck_assert_uint_eq(nr_calls, 2);
	ck_assert_uint_eq(seen[1].flags, 0);
	ck_assert_uint_eq(seen[1].addr, 0xd0003004);
}
END_TEST

START_TEST(other_errors_are_the_callers)
{
	fails_with = EEXIST;
	ck_assert_int_eq(hsm_ioeventfd(&hsm, &kick, true), -EEXIST);
	ck_assert_uint_eq(nr_calls, 1);
	fails_with = EINVAL;
	ck_assert_int_eq(hsm_ioeventfd(&hsm, &kick, true), -EINVAL);
	ck_assert_int_eq(hsm_ioeventfd(&hsm, &kick, false), -EINVAL);
	ck_assert_uint_eq(nr_calls, 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dm_hsm");
	TCase *c = tcase_create("ioeventfd");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, an_ioeventfd_asks_not_to_be_waited_for);
	tcase_add_test(c, an_hsm_without_the_flag);
	tcase_add_test(c, other_errors_are_the_callers);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
