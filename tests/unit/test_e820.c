/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory map: every operation against a byte-per-page model. */
/* unit: hypervisor/mm/e820.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "mm/e820.h"

#define MIB 0x100000ull
#define SPAN 200u

static struct e820_map map;
static uint8_t model[SPAN];

static void setup(void)
{
	memset(&map, 0, sizeof(map));
	memset(model, 0, sizeof(model));
}

static uint32_t type_at(uint64_t addr)
{
	for (uint32_t i = 0; i < map.nr; i++)
		if (addr >= map.entry[i].base && addr - map.entry[i].base < map.entry[i].size)
			return map.entry[i].type;
	return 0;
}

static void check_sorted(void)
{
	for (uint32_t i = 0; i < map.nr; i++) {
		ck_assert_uint_gt(map.entry[i].size, 0);
		if (i)
			ck_assert_uint_ge(map.entry[i].base, map.entry[i - 1].base + map.entry[i - 1].size);
	}
}

START_TEST(other_types_win_over_ram)
{
	ck_assert_int_eq(e820_add(&map, 0, 16 * MIB, E820_RAM), 0);
	ck_assert_int_eq(e820_add(&map, 4 * MIB, MIB, E820_RESERVED), 0);
	ck_assert_int_eq(e820_add(&map, 4 * MIB, 2 * MIB, E820_RAM), 0);
	ck_assert_uint_eq(map.nr, 3);
	ck_assert_uint_eq(type_at(4 * MIB), E820_RESERVED);
	ck_assert_uint_eq(type_at(5 * MIB), E820_RAM);
	ck_assert_uint_eq(e820_ram_bytes(&map), 15 * MIB);
	ck_assert_uint_eq(e820_ram_end(&map), 16 * MIB);
	check_sorted();
}
END_TEST

START_TEST(odd_entries)
{
	ck_assert_int_eq(e820_add(&map, 7, 0, E820_RAM), 0);
	ck_assert_uint_eq(map.nr, 0);
	ck_assert_int_eq(e820_add(&map, UINT64_MAX - 5, 100, 12345), 0);
	ck_assert_uint_eq(map.nr, 1);
	ck_assert_uint_eq(map.entry[0].type, E820_RESERVED);
	ck_assert_uint_eq(map.entry[0].base + map.entry[0].size, UINT64_MAX);
	ck_assert_uint_eq(e820_ram_end(&map), 0);
}
END_TEST

START_TEST(takes_highest_aligned)
{
	uint64_t at;

	ck_assert_int_eq(e820_add(&map, 0x1000, 9 * MIB, E820_RAM), 0);
	ck_assert_int_eq(e820_add(&map, 64 * MIB, 8 * MIB, E820_RAM), 0);
	ck_assert_int_eq(e820_take(&map, MIB, 2 * MIB, UINT64_MAX, &at), 0);
	ck_assert_uint_eq(at, 70 * MIB);
	ck_assert_uint_eq(type_at(at), E820_RESERVED);
	ck_assert_int_eq(e820_take(&map, 4 * MIB, 0x1000, 64 * MIB, &at), 0);
	ck_assert_uint_eq(at, 5 * MIB + 0x1000);
	ck_assert_int_eq(e820_take(&map, 64 * MIB, 0x1000, UINT64_MAX, &at), -ENOMEM);
	ck_assert_int_eq(e820_take(&map, MIB, 16 * MIB, 16 * MIB, &at), -ENOMEM);
	ck_assert_int_eq(e820_take(&map, 0x1000, 0x1000, 0x1000, &at), -ENOMEM);
}
END_TEST

/* Random adds and carves, compared page by page. */
START_TEST(agrees_with_model)
{
	srand((unsigned int)_i);
	for (unsigned int step = 0; step < 60; step++) {
		uint64_t base = (uint64_t)(rand() % SPAN), size = (uint64_t)rand() % (SPAN - base) + 1;
		uint32_t type = (uint32_t)rand() % 5 + 1;
		bool carve = rand() % 2;

		if (carve)
			ck_assert_int_eq(e820_carve(&map, base, size, type), 0);
		else
			ck_assert_int_eq(e820_add(&map, base, size, type), 0);
		for (uint64_t i = base; i < base + size; i++)
			if (carve || !model[i] || (model[i] == E820_RAM && type != E820_RAM))
				model[i] = (uint8_t)type;
		check_sorted();
		for (uint64_t i = 0; i < SPAN; i++)
			ck_assert_uint_eq(type_at(i), model[i]);
	}
}
END_TEST

START_TEST(full_map_is_refused_whole)
{
	struct e820_map before;
	uint64_t at;

	for (uint64_t i = 0; i < E820_MAX; i++)
		ck_assert_int_eq(e820_add(&map, i * 4 * MIB, 2 * MIB, E820_RAM), 0);
	before = map;
	ck_assert_int_eq(e820_add(&map, 3000 * MIB, MIB, E820_RAM), -ENOSPC);
	ck_assert_int_eq(e820_carve(&map, 0x1000, 0x1000, E820_RESERVED), -ENOSPC);
	ck_assert_int_eq(e820_take(&map, 0x1000, 0x1000, UINT64_MAX, &at), -ENOMEM);
	ck_assert_mem_eq(&map, &before, sizeof(map));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("e820");
	TCase *t = tcase_create("e820");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, other_types_win_over_ram);
	tcase_add_test(t, odd_entries);
	tcase_add_test(t, takes_highest_aligned);
	tcase_add_loop_test(t, agrees_with_model, 0, 40);
	tcase_add_test(t, full_map_is_refused_whole);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
