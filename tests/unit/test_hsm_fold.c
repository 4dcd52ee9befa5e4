/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel module's folding of 0xCF8/0xCFC accesses into PCI requests. */
/* unit: */
/* unit-flags: -Ihypervisor */
#include <check.h>
#include <stdlib.h>
#include "hsm_driver/fold.h"

static uint32_t conf_addr;
static struct hsm_pci_target target;

static enum hsm_fold port(uint32_t direction, uint64_t address, uint64_t size, uint64_t value)
{
	struct hsm_access a = { IOREQ_TYPE_PORTIO, direction, address, size, value };

	return fold_access(&conf_addr, &a, &target);
}

static void reset(void)
{
	conf_addr = 0;
	target = (struct hsm_pci_target){ 0xdead, 0xdead, 0xdead, 0xdead };
}

START_TEST(address_register_keeps_what_hardware_keeps)
{
	ck_assert_int_eq(port(IOREQ_WRITE, 0xCF8, 4, 0xFFFFFFFFFFFFFFFFull), FOLD_DONE);
	ck_assert_uint_eq(conf_addr, 0x8FFFFFFCu);
	ck_assert_int_eq(port(IOREQ_READ, 0xCF8, 4, 0), FOLD_DONE);
	ck_assert_uint_eq(conf_addr, 0x8FFFFFFCu);
}
END_TEST

START_TEST(narrow_address_accesses_stay_ports)
{
	conf_addr = 0x80000000u;
	ck_assert_int_eq(port(IOREQ_WRITE, 0xCF8, 1, 1), FOLD_NONE);
	ck_assert_int_eq(port(IOREQ_WRITE, 0xCF8, 2, 1), FOLD_NONE);
	ck_assert_int_eq(port(IOREQ_WRITE, 0xCFB, 1, 1), FOLD_NONE);
	ck_assert_int_eq(port(IOREQ_WRITE, 0xCF9, 1, 6), FOLD_NONE);
	ck_assert_uint_eq(conf_addr, 0x80000000u);
}
END_TEST

START_TEST(data_register_names_the_function)
{
	/* Extended register 3, bus 0x12, device 0x1f, function 5, register 0x48. */
	port(IOREQ_WRITE, 0xCF8, 4, 0x80000000u | 3u << 24 | 0x12u << 16 | 0x1fu << 11 | 5u << 8 | 0x48);
	ck_assert_int_eq(port(IOREQ_READ, 0xCFE, 2, 0), FOLD_PCI);
	ck_assert_uint_eq(target.bus, 0x12);
	ck_assert_uint_eq(target.dev, 0x1f);
	ck_assert_uint_eq(target.func, 5);
	ck_assert_uint_eq(target.reg, 0x34A);
}
END_TEST

START_TEST(every_data_width_and_place)
{
	uint64_t address, size;

	conf_addr = 0x80000010u;
	for (address = 0xCFA; address <= 0xD02; address++) {
		for (size = 0; size <= 9; size++) {
			int inside = address >= 0xCFC && address + size <= 0xD00 &&
				     (size == 1 || size == 2 || size == 4);

			reset();
			conf_addr = 0x80000010u;
			ck_assert_int_eq(port(IOREQ_READ, address, size, 0),
					 inside ? FOLD_PCI : FOLD_NONE);
			if (inside)
				ck_assert_uint_eq(target.reg, 0x10 + address - 0xCFC);
			else
				ck_assert_uint_eq(target.reg, 0xdead);
		}
	}
}
END_TEST

START_TEST(disabled_data_register_stays_a_port)
{
	port(IOREQ_WRITE, 0xCF8, 4, 0x00000810u);
	ck_assert_int_eq(port(IOREQ_READ, 0xCFC, 4, 0), FOLD_NONE);
}
END_TEST

START_TEST(only_ports_are_folded)
{
	struct hsm_access a = { IOREQ_TYPE_MMIO, IOREQ_WRITE, 0xCF8, 4, 0x80000000u };

	ck_assert_int_eq(fold_access(&conf_addr, &a, &target), FOLD_NONE);
	ck_assert_uint_eq(conf_addr, 0);
	conf_addr = 0x80000000u;
	a.address = 0xCFC;
	ck_assert_int_eq(fold_access(&conf_addr, &a, &target), FOLD_NONE);
	a.type = 77;
	ck_assert_int_eq(fold_access(&conf_addr, &a, &target), FOLD_NONE);
}
END_TEST

START_TEST(huge_sizes_do_not_wrap)
{
	conf_addr = 0x80000000u;
	ck_assert_int_eq(port(IOREQ_READ, 0xCFC, ~0ull, 0), FOLD_NONE);
	ck_assert_int_eq(port(IOREQ_READ, ~0ull, 4, 0), FOLD_NONE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hsm_fold");
	TCase *tc = tcase_create("fold");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, reset, NULL);
	tcase_add_test(tc, address_register_keeps_what_hardware_keeps);
	tcase_add_test(tc, narrow_address_accesses_stay_ports);
	tcase_add_test(tc, data_register_names_the_function);
	tcase_add_test(tc, every_data_width_and_place);
	tcase_add_test(tc, disabled_data_register_stays_a_port);
	tcase_add_test(tc, only_ports_are_folded);
	tcase_add_test(tc, huge_sizes_do_not_wrap);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
