/* SPDX-License-Identifier: BSD-3-Clause */
/* Page-table walker: entries of all formats, large pages, splits, and random work against a model. */
/* unit: hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/vm_mem.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "vm_mem.h"
#include "x86/insn.h"
#include "x86/pte.h"

#define RW (PG_R | PG_W)

static struct pgtable pt;

static void setup(void)
{
	pgtable_set_caps(3, 3, true);
	ck_assert_int_eq(pgtable_init(&pt, &pgtable_ept), 0);
}

static void count_ram(void *arg, const struct pgtable_span *s)
{
	*(uint64_t *)arg += pg_is_ram(s->attr) ? s->size : 0;
}

/* Whatever a test did, the count of RAM is right. */
static void teardown(void)
{
	uint64_t ram = 0;

	pgtable_for_each(&pt, count_ram, &ram);
	ck_assert_uint_eq(pt.ram_bytes, ram);
	pgtable_fini(&pt);
	ck_assert_uint_eq(fake_mem_pages, 0);
	ck_assert_uint_eq(pt.nr_tables, 0);
}

static void expect(uint64_t va, uint64_t pa, uint32_t attr, uint64_t size)
{
	uint64_t got_size;
	uint32_t got_attr;
	hpa_t got;

	ck_assert_int_eq(pgtable_lookup(&pt, va, &got, &got_attr, &got_size), 0);
	ck_assert_uint_eq(got.v, pa);
	ck_assert_uint_eq(got_attr, attr);
	ck_assert_uint_eq(got_size, size);
}

static void expect_none(uint64_t va)
{
	ck_assert_int_eq(pgtable_lookup(&pt, va, NULL, NULL, NULL), -ENOENT);
}

START_TEST(largest_pages_that_fit)
{
	/* 4 KiB up to 2 MiB, 2 MiB up to 1 GiB, one of 1 GiB, and down again. */
	uint64_t start = SIZE_1G - SIZE_2M - PAGE_SIZE, size = SIZE_1G + 2 * (SIZE_2M + PAGE_SIZE);

	ck_assert_int_eq(pgtable_map(&pt, start, hpa(start), size, RW), 0);
	expect(start, start, RW, PAGE_SIZE);
	expect(SIZE_1G - SIZE_2M + 5, SIZE_1G - SIZE_2M + 5, RW, SIZE_2M);
	expect(SIZE_1G + 12345, SIZE_1G + 12345, RW, SIZE_1G);
	expect(2 * SIZE_1G, 2 * SIZE_1G, RW, SIZE_2M);
	expect(2 * SIZE_1G + SIZE_2M, 2 * SIZE_1G + SIZE_2M, RW, PAGE_SIZE);
	expect_none(start - 1);
	expect_none(start + size);
}
END_TEST

START_TEST(caps_limit_large_pages)
{
	pgtable_set_caps(3, 1, true);
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(0), SIZE_2M, RW), 0);
	expect(0x1000, 0x1000, RW, PAGE_SIZE);
	pgtable_set_caps(3, 2, true);
	ck_assert_int_eq(pgtable_map(&pt, SIZE_1G, hpa(SIZE_1G), SIZE_1G, RW), 0);
	expect(SIZE_1G, SIZE_1G, RW, SIZE_2M);
}
END_TEST

/* Same alignment within a large page is needed on both sides. */
START_TEST(shifted_target_uses_small_pages)
{
	ck_assert_int_eq(pgtable_map(&pt, SIZE_2M, hpa(0x1000), SIZE_2M, RW), 0);
	expect(SIZE_2M + 0x5000, 0x6000, RW, PAGE_SIZE);
}
END_TEST

START_TEST(unmap_splits_at_the_ends)
{
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(SIZE_1G), SIZE_1G, RW | PG_UC), 0);
	ck_assert_int_eq(pgtable_unmap(&pt, SIZE_2M + 0x1000, PAGE_SIZE), 0);
	expect_none(SIZE_2M + 0x1000);
	expect_none(SIZE_2M + 0x1fff);
	expect(SIZE_2M, SIZE_1G + SIZE_2M, RW | PG_UC, PAGE_SIZE);
	expect(SIZE_2M + 0x2000, SIZE_1G + SIZE_2M + 0x2000, RW | PG_UC, PAGE_SIZE);
	expect(0, SIZE_1G, RW | PG_UC, SIZE_2M);
	ck_assert_int_eq(pgtable_unmap(&pt, 0, 4 * SIZE_1G), 0);
	expect_none(0);
	expect_none(SIZE_2M);
}
END_TEST

START_TEST(protect_changes_access_only)
{
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(0), 2 * SIZE_2M, RW | PG_X | PG_WT), 0);
	ck_assert_int_eq(pgtable_protect(&pt, SIZE_2M, 2 * SIZE_2M, PG_W, 0), 0);
	ck_assert_int_eq(pgtable_protect(&pt, 0x3000, PAGE_SIZE, PG_X, 0), 0);
	expect(SIZE_2M, SIZE_2M, PG_R | PG_X | PG_WT, SIZE_2M);
	expect(0x3000, 0x3000, RW | PG_WT, PAGE_SIZE);
	expect(0x4000, 0x4000, RW | PG_X | PG_WT, PAGE_SIZE);
	expect_none(2 * SIZE_2M);
	ck_assert_int_eq(pgtable_protect(&pt, SIZE_2M, SIZE_2M, 0, PG_W), 0);
	expect(SIZE_2M, SIZE_2M, RW | PG_X | PG_WT, SIZE_2M);
}
END_TEST

START_TEST(remap_replaces)
{
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(0), SIZE_2M, RW), 0);
	ck_assert_int_eq(pgtable_map(&pt, 0x1000, hpa(0x80000000), PAGE_SIZE, PG_R), 0);
	expect(0x1000, 0x80000000, PG_R, PAGE_SIZE);
	expect(0x2000, 0x2000, RW, PAGE_SIZE);
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(SIZE_1G), SIZE_2M, RW), 0);
	expect(0x1000, SIZE_1G + 0x1000, RW, PAGE_SIZE);
	/* A large page onto an unaligned target. */
	ck_assert_int_eq(pgtable_map(&pt, SIZE_2M, hpa(SIZE_2M), SIZE_2M, RW), 0);
	ck_assert_int_eq(pgtable_map(&pt, SIZE_2M, hpa(0x7000), SIZE_2M, RW), 0);
	expect(SIZE_2M + 0x1000, 0x8000, RW, PAGE_SIZE);
}
END_TEST

/* Each change gives a number that was not there before, an asking none. */
START_TEST(changes_are_counted)
{
	uint64_t seen = pgtable_changes(&pt);

	ck_assert_uint_ne(seen, 0);
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(0), SIZE_2M, RW), 0);
	ck_assert_uint_gt(pgtable_changes(&pt), seen);
	seen = pgtable_changes(&pt);
	expect(5, 5, RW, SIZE_2M);
	expect_none(SIZE_2M);
	ck_assert_uint_eq(pgtable_changes(&pt), seen);
	ck_assert_int_eq(pgtable_protect(&pt, 0, PAGE_SIZE, PG_W, 0), 0);
	ck_assert_uint_gt(pgtable_changes(&pt), seen);
	seen = pgtable_changes(&pt);
	ck_assert_int_eq(pgtable_unmap(&pt, 0, PAGE_SIZE), 0);
	ck_assert_uint_gt(pgtable_changes(&pt), seen);
	/* One that failed half-way has changed something, too. */
	seen = pgtable_changes(&pt);
	fake_mem_empty = true;
	ck_assert_int_eq(pgtable_map(&pt, 0x1000, hpa(0), SIZE_1G, RW), -ENOMEM);
	fake_mem_empty = false;
	ck_assert_uint_gt(pgtable_changes(&pt), seen);
}
END_TEST

START_TEST(bad_ranges)
{
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(0), 0, RW), -EINVAL);
	ck_assert_int_eq(pgtable_map(&pt, 1, hpa(0), PAGE_SIZE, RW), -EINVAL);
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(1), PAGE_SIZE, RW), -EINVAL);
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(0), 100, RW), -EINVAL);
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(1ul << 52), PAGE_SIZE, RW), -EINVAL);
	ck_assert_int_eq(pgtable_map(&pt, (1ul << 48) - PAGE_SIZE, hpa(0), 2 * PAGE_SIZE, RW), -EINVAL);
	ck_assert_int_eq(pgtable_map(&pt, 1ul << 48, hpa(0), PAGE_SIZE, RW), -EINVAL);
	ck_assert_int_eq(pgtable_map(&pt, -PAGE_SIZE, hpa(0), PAGE_SIZE, RW), -EINVAL);
	ck_assert_int_eq(pgtable_unmap(&pt, 0x10, PAGE_SIZE), -EINVAL);
	ck_assert_int_eq(pgtable_map(&pt, (1ul << 48) - PAGE_SIZE, hpa(0x5000), PAGE_SIZE, RW), 0);
	expect((1ul << 48) - 1, 0x5fff, RW, PAGE_SIZE);
	expect_none(UINT64_MAX);
}
END_TEST

START_TEST(host_high_half_to_the_very_top)
{
	struct pgtable host;
	hpa_t pa;

	ck_assert_int_eq(pgtable_init(&host, &pgtable_host), 0);
	ck_assert_int_eq(pgtable_map(&host, -SIZE_2M, hpa(SIZE_2M), SIZE_2M, PG_R), 0);
	ck_assert_int_eq(pgtable_lookup(&host, UINT64_MAX, &pa, NULL, NULL), 0);
	ck_assert_uint_eq(pa.v, 2 * SIZE_2M - 1);
	ck_assert_int_eq(pgtable_map(&host, 0x8000ul << 40, hpa(0), PAGE_SIZE, PG_R), -EINVAL);
	pgtable_fini(&host);
}
END_TEST

START_TEST(out_of_memory_is_reported)
{
	ck_assert_int_eq(pgtable_map(&pt, 0, hpa(0), SIZE_1G, RW), 0);
	fake_mem_empty = true;
	ck_assert_int_eq(pgtable_map(&pt, SIZE_1G, hpa(0), PAGE_SIZE, RW), -ENOMEM);
	ck_assert_int_eq(pgtable_unmap(&pt, 0, PAGE_SIZE), -ENOMEM);
	ck_assert_int_eq(pgtable_protect(&pt, 0, PAGE_SIZE, PG_W, 0), -ENOMEM);
	expect(0, 0, RW, SIZE_1G);
	ck_assert_int_eq(pgtable_unmap(&pt, 0, SIZE_1G), 0);
	fake_mem_empty = false;
	expect_none(0);
}
END_TEST

static const uint32_t types[] = { PG_WB, PG_UC, PG_WC, PG_WT, PG_WP };

/* What goes in comes out, at every level and type, in both formats. */
START_TEST(formats_round_trip)
{
	const struct pgtable_format *formats[] = { &pgtable_host, &pgtable_ept };

	for (unsigned int f = 0; f < 2; f++)
		for (unsigned int level = 1; level <= 3; level++)
			for (unsigned int t = 0; t < ARRAY_SIZE(types); t++)
				for (uint32_t access = PG_R; access <= (PG_R | PG_W | PG_X); access += 2) {
					uint32_t attr = access | types[t];
					uint64_t e = formats[f]->leaf(attr, level);

					ck_assert_uint_eq(formats[f]->attr(e, level), attr);
					ck_assert(e & formats[f]->present_mask);
					ck_assert_int_eq(!!(e & formats[f]->large_bit),
							 level > 1 || (f == 0 && (t == 3 || t == 4)));
				}
}
END_TEST

/* Bits as the SDM draws them. */
START_TEST(exact_bits)
{
	ck_assert_uint_eq(pgtable_ept.leaf(RW | PG_X | PG_WB, 1), 0x37);
	ck_assert_uint_eq(pgtable_ept.leaf(PG_R | PG_UC, 2), 0x81);
	ck_assert_uint_eq(pgtable_ept.leaf(0, 1), 0);
	ck_assert_uint_eq(pgtable_host.leaf(RW, 1), PTE_NX | 0x63);
	ck_assert_uint_eq(pgtable_host.leaf(PG_R | PG_X, 2), 0xe1);
	ck_assert_uint_eq(pgtable_host.leaf(RW | PG_UC, 1), PTE_NX | 0x7b);
	ck_assert_uint_eq(pgtable_host.leaf(PG_R | PG_X | PG_WT, 2), 0x10e9);
	ck_assert_uint_eq(pgtable_vtd.leaf(RW | PG_UC, 1), 0x3);
	ck_assert_uint_eq(pgtable_vtd.leaf(PG_R | PG_X, 3), 0x81);
	ck_assert_uint_eq(pgtable_vtd.leaf(PG_X, 2), 0);
	ck_assert_uint_eq(pgtable_vtd.attr(0x82, 2), PG_W);
	pgtable_set_caps(3, 3, false);
	ck_assert_uint_eq(pgtable_host.leaf(RW, 1), 0x63);
}
END_TEST

struct spans {
	unsigned int nr;
	struct pgtable_span s[8];
};

static void keep(void *arg, const struct pgtable_span *s)
{
	struct spans *all = arg;

	ck_assert_uint_lt(all->nr, 8);
	all->s[all->nr++] = *s;
}

static void expect_span(const struct pgtable_span *s, uint64_t va, uint64_t pa, uint64_t size, uint32_t attr)
{
	ck_assert_uint_eq(s->va, va);
	ck_assert_uint_eq(s->pa.v, pa);
	ck_assert_uint_eq(s->size, size);
	ck_assert_uint_eq(s->attr, attr);
}

/* Pages of all sizes join into one span; another attribute, target or a hole begins a new one. */
START_TEST(spans_are_as_long_as_possible)
{
	const uint64_t start = SIZE_1G - SIZE_2M - PAGE_SIZE, size = SIZE_1G + 2 * (SIZE_2M + PAGE_SIZE);
	struct spans all = { 0 };

	ck_assert_int_eq(pgtable_map(&pt, start, hpa(start), size, RW), 0);
	pgtable_for_each(&pt, keep, &all);
	ck_assert_uint_eq(all.nr, 1);
	expect_span(&all.s[0], start, start, size, RW);
	ck_assert_int_eq(pgtable_protect(&pt, SIZE_1G, PAGE_SIZE, PG_W, 0), 0);
	ck_assert_int_eq(pgtable_unmap(&pt, SIZE_1G + SIZE_2M, PAGE_SIZE), 0);
	ck_assert_int_eq(pgtable_map(&pt, SIZE_1G + 2 * SIZE_2M, hpa(0x5000), PAGE_SIZE, RW), 0);
	all.nr = 0;
	pgtable_for_each(&pt, keep, &all);
	ck_assert_uint_eq(all.nr, 6);
	expect_span(&all.s[0], start, start, SIZE_1G - start, RW);
	expect_span(&all.s[1], SIZE_1G, SIZE_1G, PAGE_SIZE, PG_R);
	expect_span(&all.s[2], SIZE_1G + PAGE_SIZE, SIZE_1G + PAGE_SIZE, SIZE_2M - PAGE_SIZE, RW);
	expect_span(&all.s[3], SIZE_1G + SIZE_2M + PAGE_SIZE, SIZE_1G + SIZE_2M + PAGE_SIZE, SIZE_2M - PAGE_SIZE, RW);
	expect_span(&all.s[4], SIZE_1G + 2 * SIZE_2M, 0x5000, PAGE_SIZE, RW);
	expect_span(&all.s[5], SIZE_1G + 2 * SIZE_2M + PAGE_SIZE, SIZE_1G + 2 * SIZE_2M + PAGE_SIZE, SIZE_1G - SIZE_2M, RW);
	ck_assert_uint_eq(pgtable_changes(&pt), 1 + 4);
}
END_TEST

START_TEST(spans_of_the_high_half)
{
	struct spans all = { 0 };
	struct pgtable host;

	ck_assert_int_eq(pgtable_init(&host, &pgtable_host), 0);
	pgtable_for_each(&host, keep, &all);
	ck_assert_uint_eq(all.nr, 0);
	ck_assert_int_eq(pgtable_map(&host, (1ul << 47) - PAGE_SIZE, hpa(0), PAGE_SIZE, PG_R), 0);
	ck_assert_int_eq(pgtable_map(&host, -(1ul << 47), hpa(PAGE_SIZE), PAGE_SIZE, PG_R), 0);
	ck_assert_int_eq(pgtable_map(&host, -SIZE_2M, hpa(SIZE_2M), SIZE_2M, PG_R), 0);
	pgtable_for_each(&host, keep, &all);
	ck_assert_uint_eq(all.nr, 3);
	expect_span(&all.s[1], -(1ul << 47), PAGE_SIZE, PAGE_SIZE, PG_R);
	expect_span(&all.s[2], -SIZE_2M, SIZE_2M, SIZE_2M, PG_R);
	pgtable_fini(&host);
}
END_TEST

static void add_pages(void *arg, const struct pgtable_span *s)
{
	*(uint64_t *)arg += s->size / PAGE_SIZE;
}

/* Three levels: 39 bits, and a large page may stand in the top table. */
START_TEST(vtd_three_levels)
{
	struct pgtable dma;
	hpa_t pa;
	uint64_t size;
	uint32_t attr;

	pgtable_vtd.levels = 3;
	pgtable_vtd.max_leaf = 3;
	ck_assert_int_eq(pgtable_init(&dma, &pgtable_vtd), 0);
	ck_assert_int_eq(pgtable_map(&dma, SIZE_1G, hpa(SIZE_1G), SIZE_1G, RW), 0);
	ck_assert_uint_eq(dma.nr_tables, 1);
	ck_assert_uint_eq(dma.root[1], SIZE_1G | 0x83);
	ck_assert_int_eq(pgtable_map(&dma, SIZE_2M, hpa(SIZE_2M), PAGE_SIZE, PG_R), 0);
	ck_assert_uint_eq(dma.nr_tables, 3);
	ck_assert_uint_eq(dma.root[0] & ~PTE_ADDR, 3);
	ck_assert_int_eq(pgtable_lookup(&dma, SIZE_2M + 5, &pa, &attr, &size), 0);
	ck_assert(pa.v == SIZE_2M + 5 && attr == PG_R && size == PAGE_SIZE);
	ck_assert_int_eq(pgtable_map(&dma, (1ul << 39) - PAGE_SIZE, hpa(0), PAGE_SIZE, RW), 0);
	ck_assert_int_eq(pgtable_map(&dma, 1ul << 39, hpa(0), PAGE_SIZE, RW), -EINVAL);
	ck_assert_int_eq(pgtable_map(&dma, (1ul << 39) - PAGE_SIZE, hpa(0), 2 * PAGE_SIZE, RW), -EINVAL);
	ck_assert_int_eq(pgtable_lookup(&dma, 1ul << 39, NULL, NULL, NULL), -ENOENT);
	pgtable_fini(&dma);
	ck_assert_uint_eq(dma.nr_tables, 0);
	pgtable_vtd.levels = 4;
}
END_TEST

/* Every new table and every changed entry, when the hardware does not look into the caches; else none. */
START_TEST(noncoherent_tables_are_flushed)
{
	struct pgtable dma;

	fake_cpu_reset();
	pgtable_vtd.max_leaf = 2;
	ck_assert_int_eq(pgtable_init(&dma, &pgtable_vtd), 0);
	ck_assert_int_eq(pgtable_map(&dma, 0, hpa(0), SIZE_2M, RW), 0);
	ck_assert_uint_eq(fake_cpu.nr_clflush, 0);
	pgtable_fini(&dma);
	pgtable_vtd.noncoherent = true;
	ck_assert_int_eq(pgtable_init(&dma, &pgtable_vtd), 0);
	ck_assert_uint_eq(fake_cpu.nr_clflush, 64);
	/* Two tables, two pointers to them, one leaf. */
	ck_assert_int_eq(pgtable_map(&dma, 0, hpa(0), SIZE_2M, RW), 0);
	ck_assert_uint_eq(fake_cpu.nr_clflush, 64 + 2 * 64 + 2 + 1);
	fake_cpu.nr_clflush = 0;
	/* A split: the table when new and when filled, the pointer, the entry. */
	ck_assert_int_eq(pgtable_unmap(&dma, 0, PAGE_SIZE), 0);
	ck_assert_uint_eq(fake_cpu.nr_clflush, 2 * 64 + 1 + 1);
	pgtable_fini(&dma);
	pgtable_vtd.noncoherent = false;
}
END_TEST

#define NR_PAGES 2048u		/* 8 MiB: four 2 MiB pages */

/* Random map, unmap and protect of ranges, compared page by page with arrays. */
START_TEST(agrees_with_model)
{
	static uint64_t pas[NR_PAGES];
	static uint32_t attrs[NR_PAGES];

	memset(attrs, 0, sizeof(attrs));
	srand((unsigned int)_i);
	for (unsigned int step = 0; step < 40; step++) {
		uint64_t first = (uint64_t)(rand() % (int)NR_PAGES), n = (uint64_t)rand() % (NR_PAGES - first) + 1;
		uint64_t pa = (uint64_t)(rand() % 4096) * (rand() % 2 ? PAGE_SIZE : SIZE_2M);
		uint64_t mapped = 0, toured = 0, wrong = 0;
		int what = rand() % 4;

		if (rand() % 2) {
			first = ALIGN_DOWN(first, 512);
			n = MIN(ALIGN_UP(n, 512), NR_PAGES - first);
		}
		if (what < 2)
			ck_assert_int_eq(pgtable_map(&pt, first * PAGE_SIZE, hpa(pa), n * PAGE_SIZE, RW), 0);
		else if (what == 2)
			ck_assert_int_eq(pgtable_unmap(&pt, first * PAGE_SIZE, n * PAGE_SIZE), 0);
		else
			ck_assert_int_eq(pgtable_protect(&pt, first * PAGE_SIZE, n * PAGE_SIZE, PG_W, PG_X), 0);
		for (uint64_t i = first; i < first + n; i++) {
			if (what < 2)
				pas[i] = pa + (i - first) * PAGE_SIZE;
			attrs[i] = what < 2 ? RW : what == 2 || !attrs[i] ? 0 : (attrs[i] & ~PG_W) | PG_X;
		}
		for (uint64_t i = 0; i < NR_PAGES; i++) {
			uint32_t attr = 0;
			hpa_t got = hpa(0);
			int err = pgtable_lookup(&pt, i * PAGE_SIZE + 7, &got, &attr, NULL);

			/* One check a step: six million of them take a minute. */
			wrong += err != (attrs[i] ? 0 : -ENOENT) || attr != attrs[i] || (attrs[i] && got.v != pas[i] + 7);
			mapped += attrs[i] != 0;
		}
		pgtable_for_each(&pt, add_pages, &toured);
		ck_assert_uint_eq(wrong, 0);
		ck_assert_uint_eq(toured, mapped);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pgtable");
	TCase *t = tcase_create("pgtable");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, largest_pages_that_fit);
	tcase_add_test(t, caps_limit_large_pages);
	tcase_add_test(t, shifted_target_uses_small_pages);
	tcase_add_test(t, unmap_splits_at_the_ends);
	tcase_add_test(t, protect_changes_access_only);
	tcase_add_test(t, remap_replaces);
	tcase_add_test(t, changes_are_counted);
	tcase_add_test(t, bad_ranges);
	tcase_add_test(t, host_high_half_to_the_very_top);
	tcase_add_test(t, out_of_memory_is_reported);
	tcase_add_test(t, formats_round_trip);
	tcase_add_test(t, exact_bits);
	tcase_add_test(t, spans_are_as_long_as_possible);
	tcase_add_test(t, spans_of_the_high_half);
	tcase_add_test(t, vtd_three_levels);
	tcase_add_test(t, noncoherent_tables_are_flushed);
	tcase_add_loop_test(t, agrees_with_model, 0, 25);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
