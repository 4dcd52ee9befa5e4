/* SPDX-License-Identifier: BSD-3-Clause */
/* The I/O APIC driver against a model of two devices behind index and window registers. */
/* unit: hypervisor/irq/ioapic.c tests/fake/vtd.c */
/* unit-flags: -iquote tests/fake/hw */
#include <check.h>
#include <string.h>

#include "vtd.h"
#include "hw/acpi.h"
#include "irq/ioapic.h"
#include "lib/errno.h"
#include "log/log.h"
#include "mm/hostmap.h"
#include "x86/apicreg.h"
#include "x86/insn.h"

struct acpi_info acpi;

#define NR 2
#define PINS 24

static struct model {
	uint8_t window[64];
	uint32_t select;
	uint64_t rte[PINS];
	uint32_t nr_reads, nr_writes;
	bool mixed;		/* a live entry was seen with halves of two routes */
} model[NR];
static uint8_t pic[2];

/* Interrupts a live pin could ever have raised: vector and destination as last written together. */
static uint64_t expected[NR][PINS];

void outb(uint16_t port, uint8_t v)
{
	ck_assert(port == 0x21 || port == 0xa1);
	pic[port == 0xa1] = v;
}

static struct model *of(const volatile void *p, uint32_t *off)
{
	for (uint32_t i = 0; i < NR; i++) {
		uint64_t d = (uint64_t)p - (uint64_t)model[i].window;

		if (d < sizeof(model[i].window)) {
			*off = (uint32_t)d;
			return &model[i];
		}
	}
	ck_abort_msg("no device there");
	return NULL;
}

uint32_t mmio_read32(const volatile void *p)
{
	uint32_t off;
	struct model *m = of(p, &off);

	ck_assert_uint_eq(off, IOAPIC_WIN);
	m->nr_reads++;
	if (m->select == IOAPIC_REG_VERSION)
		return 0x20 | (PINS - 1) << 16;
	ck_assert_uint_ge(m->select, 0x10);
	return (uint32_t)(m->rte[(m->select - 0x10) / 2] >> (m->select & 1) * 32);
}

void mmio_write32(volatile void *p, uint32_t v)
{
	uint32_t off, pin, i;
	struct model *m = of(p, &off);

	if (off == IOAPIC_REGSEL) {
		m->select = v;
		return;
	}
	ck_assert_uint_eq(off, IOAPIC_WIN);
	ck_assert_uint_ge(m->select, 0x10);
	pin = (m->select - 0x10) / 2;
	ck_assert_uint_lt(pin, PINS);
	m->nr_writes++;
	if (m->select & 1)
		m->rte[pin] = (m->rte[pin] & 0xffffffff) | (uint64_t)v << 32;
	else
		m->rte[pin] = (m->rte[pin] & ~0xfffffffful) | v;
	i = (uint32_t)(m - model);
	if (!(m->rte[pin] & IOAPIC_RTE_MASKED) && m->rte[pin] != expected[i][pin])
		m->mixed = true;
}

void *hostmap_device(hpa_t start, uint64_t size)
{
	ck_assert_uint_eq(size, IOAPIC_WINDOW_SIZE);
	if (start.v == 0xfec00000)
		return model[0].window;
	return start.v == 0xfec10000 ? model[1].window : NULL;
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

static void setup(void)
{
	memset(model, 0, sizeof(model));
	memset(expected, 0, sizeof(expected));
	fake_vtd = (struct fake_vtd){ 0 };
	acpi = (struct acpi_info){ .nr_ioapics = 3 };
	acpi.ioapic[0].id = 8;
	acpi.ioapic[0].base = 0xfec00000;
	acpi.ioapic[1].id = 9;
	acpi.ioapic[1].base = 0xdead0000;	/* cannot be mapped */
	acpi.ioapic[1].gsi_base = 60;
	acpi.ioapic[2].id = 10;
	acpi.ioapic[2].base = 0xfec10000;
	acpi.ioapic[2].gsi_base = 32;
	ioapic_init();
}

START_TEST(init_masks_everything)
{
	uint64_t base;
	uint32_t gsi, pins, id;

	setup();
	ck_assert_uint_eq(pic[0] & pic[1], 0xff);
	for (uint32_t i = 0; i < NR; i++)
		for (uint32_t pin = 0; pin < PINS; pin++)
			ck_assert_uint_eq(model[i].rte[pin], IOAPIC_RTE_MASKED);
	ck_assert_uint_eq(ioapic_count(), 2);
	ck_assert_uint_eq(ioapic_nr_gsi(), 56);
	ioapic_info(1, &base, &gsi, &pins, &id);
	ck_assert_uint_eq(base, 0xfec10000);
	ck_assert_uint_eq(gsi, 32);
	ck_assert_uint_eq(pins, PINS);
	ck_assert_uint_eq(id, 10);
}
END_TEST

START_TEST(route_writes_the_entry_masked)
{
	setup();
	ck_assert_int_eq(ioapic_route(33, 0x51, 7, true, true), 0);
	ck_assert_uint_eq(model[1].rte[1], 7ul << 56 | IOAPIC_RTE_MASKED | IOAPIC_RTE_LEVEL | IOAPIC_RTE_ACTIVE_LOW | 0x51);
	ck_assert_int_eq(ioapic_route(4, 0x30, 0, false, false), 0);
	ck_assert_uint_eq(model[0].rte[4], IOAPIC_RTE_MASKED | 0x30);
}
END_TEST

START_TEST(mask_and_unmask_cost_one_write)
{
	setup();
	ck_assert_int_eq(ioapic_route(10, 0x44, 2, true, false), 0);
	expected[0][10] = 2ul << 56 | IOAPIC_RTE_LEVEL | 0x44;
	model[0].nr_writes = model[0].nr_reads = 0;
	ioapic_unmask(10);
	ck_assert_uint_eq(model[0].rte[10], expected[0][10]);
	ioapic_unmask(10);
	ck_assert_uint_eq(model[0].nr_writes, 1);
	ioapic_mask(10);
	ck_assert(model[0].rte[10] & IOAPIC_RTE_MASKED);
	ck_assert_uint_eq(model[0].nr_writes, 2);
	ck_assert_uint_eq(model[0].nr_reads, 0);
}
END_TEST

START_TEST(new_route_on_a_live_pin_is_never_half)
{
	setup();
	ck_assert_int_eq(ioapic_route(3, 0x40, 1, false, false), 0);
	expected[0][3] = 1ul << 56 | 0x40;
	ioapic_unmask(3);
	ck_assert_int_eq(ioapic_route(3, 0x41, 2, false, false), 0);
	expected[0][3] = 2ul << 56 | 0x41;
	ioapic_unmask(3);
	ck_assert(!model[0].mixed);
	ck_assert_uint_eq(model[0].rte[3], expected[0][3]);
}
END_TEST

START_TEST(remapped_entries_name_an_entry)
{
	setup();
	fake_vtd.ir = true;
	ck_assert_int_eq(ioapic_route(33, 0x51, 0x12345, true, true), 0);
	/* Index, format bit; trigger mode and vector as in the table: the EOI needs them. */
	ck_assert_uint_eq(model[1].rte[1], 0x51ul << 49 | 1ul << 48 | IOAPIC_RTE_MASKED | IOAPIC_RTE_LEVEL |
					   IOAPIC_RTE_ACTIVE_LOW | 0x51);
	ck_assert(fake_vtd.entry[0x51].present && fake_vtd.entry[0x51].level);
	ck_assert_uint_eq(fake_vtd.entry[0x51].bdf, 0xf00a);
	ck_assert_uint_eq(fake_vtd.entry[0x51].apic_id, 0x12345);
	ck_assert_int_eq(ioapic_route(33, 0x51, 0xffffffff, true, true), -EINVAL);
	fake_vtd.fails = true;
	ck_assert_int_eq(ioapic_route(4, 0x30, 0, false, false), -EINVAL);
	ck_assert_uint_eq(model[0].rte[4], IOAPIC_RTE_MASKED);
}
END_TEST

START_TEST(refuses_what_cannot_be)
{
	setup();
	ck_assert_int_eq(ioapic_route(24, 0x40, 0, false, false), -EINVAL);
	ck_assert_int_eq(ioapic_route(31, 0x40, 0, false, false), -EINVAL);
	ck_assert_int_eq(ioapic_route(56, 0x40, 0, false, false), -EINVAL);
	ck_assert_int_eq(ioapic_route(60, 0x40, 0, false, false), -EINVAL);
	ck_assert_int_eq(ioapic_route(~0u, 0x40, 0, false, false), -EINVAL);
	ck_assert_int_eq(ioapic_route(1, 0x0f, 0, false, false), -EINVAL);
	ck_assert_int_eq(ioapic_route(1, 0x40, 255, false, false), -EINVAL);
	ck_assert_int_eq(ioapic_route(1, 0x40, 256, false, false), -EINVAL);
	model[0].nr_writes = model[1].nr_writes = 0;
	ioapic_mask(24);
	ioapic_unmask(~0u);
	ck_assert_uint_eq(model[0].nr_writes + model[1].nr_writes, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ioapic");
	TCase *tc = tcase_create("ioapic");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, init_masks_everything);
	tcase_add_test(tc, route_writes_the_entry_masked);
	tcase_add_test(tc, mask_and_unmask_cost_one_write);
	tcase_add_test(tc, new_route_on_a_live_pin_is_never_half);
	tcase_add_test(tc, remapped_entries_name_an_entry);
	tcase_add_test(tc, refuses_what_cannot_be);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
