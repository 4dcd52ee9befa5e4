/* SPDX-License-Identifier: BSD-3-Clause */
/* The IOREQ loop against a page that others may write: good requests, nonsense, and slots not ours. Also the bus. */
/* unit: devicemodel/core/affinity.c devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/log.c devicemodel/core/irq.c devicemodel/core/mem.c tests/fake/dm_vm.c tests/fake/dm_hsm.c devicemodel/core/ioreq.c devicemodel/core/timer.c devicemodel/core/vm.c devicemodel/core/event.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ioreq.h"
#include "dm_hsm.h"
#include "dm_vm.h"

static struct vm vm;
static uint64_t last_offset, last_value, answer;
static unsigned int last_size, nr_calls;

static uint64_t dev_read(void *dev, uint64_t offset, unsigned int size)
{
	(void)dev;
	last_offset = offset;
	last_size = size;
	nr_calls++;
	return answer;
}

static void dev_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	(void)dev;
	last_offset = offset;
	last_size = size;
	last_value = value;
	nr_calls++;
}

static const struct bus_ops ops = { .read = dev_read, .write = dev_write };
static struct bus_range port = { "port", BUS_PIO, 0x100, 8, &ops, NULL };
static struct bus_range mmio = { "mmio", BUS_MMIO, 0xD0000000, 0x1000, &ops, NULL };

static uint32_t cycle_read(struct vm *v, uint64_t address, unsigned int size)
{
	(void)v;
	last_offset = address;
	last_size = size;
	nr_calls++;
	return answer;
}

static void cycle_write(struct vm *v, uint64_t address, unsigned int size, uint32_t value)
{
	(void)v;
	last_offset = address;
	last_size = size;
	last_value = value;
	nr_calls++;
}

static const struct ioreq_pci_ops cycles = { .read = cycle_read, .write = cycle_write };

static void setup(void)
{
	fake_hsm_clear();
	fake_vm_open(&vm, 0, 2);
	ck_assert_int_eq(ioreq_page_alloc(&vm), 0);
	fake_hsm.page = vm.ioreq_page;
	vm.pci_ops = &cycles;
	ck_assert_int_eq(bus_register(&vm.bus, &port), 0);
	ck_assert_int_eq(bus_register(&vm.bus, &mmio), 0);
	nr_calls = 0;
	answer = 0x1122334455667788;
}

static void teardown(void)
{
	ioreq_page_free(&vm);
	fake_vm_close(&vm);
}

static struct acrn_io_request *slot(unsigned int n)
{
	return &fake_hsm.page->req_slot[n];
}

/* Put a request into slot 0 and serve it; it must be completed. */
static void serve(uint32_t type, uint32_t direction, uint64_t address, uint64_t size)
{
	memset(slot(0), 0, sizeof(*slot(0)));
	slot(0)->type = type;
	slot(0)->reqs.mmio_request.direction = direction;
	slot(0)->reqs.mmio_request.address = address;
	slot(0)->reqs.mmio_request.size = size;
	slot(0)->reqs.mmio_request.value = 0xA1A2A3A4A5A6A7A8;
	slot(0)->processed = IOREQ_PROCESSING;
	ck_assert_uint_eq(ioreq_serve(&vm, UINT32_MAX), 1);
	ck_assert_uint_eq(slot(0)->processed, IOREQ_COMPLETE);
}

START_TEST(port_read)
{
	serve(IOREQ_TYPE_PORTIO, IOREQ_READ, 0x104, 2);
	ck_assert_uint_eq(nr_calls, 1);
	ck_assert_uint_eq(last_offset, 4);
	ck_assert_uint_eq(last_size, 2);
	ck_assert_uint_eq(slot(0)->reqs.pio_request.value, 0x7788);
}
END_TEST

START_TEST(writes_are_cut_to_size)
{
	serve(IOREQ_TYPE_PORTIO, IOREQ_WRITE, 0x100, 1);
	ck_assert_uint_eq(last_value, 0xA8);
	serve(IOREQ_TYPE_MMIO, IOREQ_WRITE, 0xD0000FF8, 8);
	ck_assert_uint_eq(last_value, 0xA1A2A3A4A5A6A7A8);
	ck_assert_uint_eq(last_offset, 0xFF8);
}
END_TEST

START_TEST(nobody_answers_ones)
{
	serve(IOREQ_TYPE_PORTIO, IOREQ_READ, 0x300, 4);
	ck_assert_uint_eq(slot(0)->reqs.pio_request.value, 0xFFFFFFFF);
	serve(IOREQ_TYPE_MMIO, IOREQ_READ, 0xD0000FFC, 8);	/* crosses the end */
	ck_assert_uint_eq(slot(0)->reqs.mmio_request.value, UINT64_MAX);
	serve(IOREQ_TYPE_MMIO, IOREQ_READ, UINT64_MAX, 8);
	serve(IOREQ_TYPE_PORTIO, IOREQ_READ, 0x100000100ull, 1);
	ck_assert_uint_eq(nr_calls, 0);
}
END_TEST

/* Requests no hypervisor makes: completed, never dispatched. */
static const struct { uint32_t type, direction; uint64_t address, size; } nonsense[] = {
	{ IOREQ_TYPE_PORTIO, 2, 0x100, 1 }, { IOREQ_TYPE_PORTIO, 0, 0x100, 0 }, { IOREQ_TYPE_PORTIO, 0, 0x100, 3 },
	{ IOREQ_TYPE_PORTIO, 0, 0x100, 8 }, { IOREQ_TYPE_PORTIO, 1, 0x100, UINT64_MAX },
	{ IOREQ_TYPE_MMIO, 0, 0xD0000000, 16 }, { IOREQ_TYPE_MMIO, 0xFFFFFFFF, 0xD0000000, 4 },
	{ IOREQ_TYPE_MMIO, 1, 0xD0000000, 1ull << 32 | 4 }, { IOREQ_TYPE_WP, 1, 0xD0000000, 4 },
	{ 4, 0, 0x100, 1 }, { UINT32_MAX, 0, 0x100, 1 },
};

START_TEST(nonsense_is_completed_not_dispatched)
{
	for (int repeat = 0; repeat < 20; repeat++)
		serve(nonsense[_i].type, nonsense[_i].direction, nonsense[_i].address, nonsense[_i].size);
	ck_assert_uint_eq(nr_calls, 0);
}
END_TEST

static void serve_pci(uint32_t bus, uint32_t dev, uint32_t func, uint32_t reg, uint64_t size)
{
	struct acrn_pci_request *r = &slot(0)->reqs.pci_request;

	memset(slot(0), 0, sizeof(*slot(0)));
	slot(0)->type = IOREQ_TYPE_PCICFG;
	*r = (struct acrn_pci_request){ .size = size, .bus = bus, .dev = dev, .func = func, .reg = reg };
	slot(0)->processed = IOREQ_PROCESSING;
	ck_assert_uint_eq(ioreq_serve(&vm, 1), 1);
}

START_TEST(pci_cycles)
{
	serve_pci(0, 3, 1, 0x10, 4);
	ck_assert_uint_eq(last_offset, 3 << 15 | 1 << 12 | 0x10);
	ck_assert_uint_eq(slot(0)->reqs.pci_request.value, 0x55667788);
	ck_assert_uint_eq(slot(0)->reqs.pci_request.bus, 0);
	nr_calls = 0;
	serve_pci(256, 0, 0, 0, 4);
	serve_pci(0, 32, 0, 0, 4);
	serve_pci(0, 0, 8, 0, 4);
	serve_pci(0, 0, 0, 4096, 1);
	serve_pci(0, 0, 0, 4094, 4);
	serve_pci(0, 0, 0, 0, 8);
	serve_pci(UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 4);
	ck_assert_uint_eq(nr_calls, 0);
	ck_assert_uint_eq(slot(0)->reqs.pci_request.value, UINT32_MAX);
}
END_TEST

/* Only PROCESSING slots of our vCPUs that no kernel client has are touched. */
START_TEST(foreign_slots_stay)
{
	static const uint32_t states[] = { IOREQ_PENDING, IOREQ_COMPLETE, IOREQ_FREE, 4, UINT32_MAX };

	for (unsigned int i = 0; i < 5; i++) {
		slot(1)->processed = states[i];
		ck_assert_uint_eq(ioreq_serve(&vm, UINT32_MAX), 0);
		ck_assert_uint_eq(slot(1)->processed, states[i]);
	}
	slot(1)->processed = IOREQ_PROCESSING;
	slot(1)->kernel_handled = 1;
	ck_assert_uint_eq(ioreq_serve(&vm, UINT32_MAX), 0);
	ck_assert_uint_eq(slot(1)->processed, IOREQ_PROCESSING);
	slot(5)->processed = IOREQ_PROCESSING;	/* there are two vCPUs */
	ck_assert_uint_eq(ioreq_serve(&vm, UINT32_MAX), 0);
	slot(1)->kernel_handled = 0;
	ck_assert_uint_eq(ioreq_serve(&vm, 1), 0);	/* not in the mask */
	ck_assert_uint_eq(ioreq_serve(&vm, 2), 2);
}
END_TEST

START_TEST(bus_refuses_overlaps)
{
	struct bus_range r = { "x", BUS_PIO, 0x107, 1, &ops, NULL };

	ck_assert_int_eq(bus_register(&vm.bus, &r), -EEXIST);
	r.base = 0xFE;
	r.size = 3;
	ck_assert_int_eq(bus_register(&vm.bus, &r), -EEXIST);
	r.size = 2;
	ck_assert_int_eq(bus_register(&vm.bus, &r), 0);
	bus_unregister(&vm.bus, &r);
	bus_unregister(&vm.bus, &r);
	r.size = 0;
	ck_assert_int_eq(bus_register(&vm.bus, &r), -EINVAL);
	r.base = 0xFFFF;
	r.size = 2;
	ck_assert_int_eq(bus_register(&vm.bus, &r), -EINVAL);
	r.size = 1;
	ck_assert_int_eq(bus_register(&vm.bus, &r), 0);
	ck_assert_ptr_eq(bus_find(&vm.bus, BUS_PIO, 0xFFFF, 1), &r);
	ck_assert_ptr_null(bus_find(&vm.bus, BUS_PIO, 0xFFFF, 2));
	r.space = BUS_MMIO;
	r.base = UINT64_MAX - 1;
	r.size = 3;
	ck_assert_int_eq(bus_register(&vm.bus, &r), -EINVAL);
}
END_TEST

/* Many ranges in odd order: each is found, the gaps are not, and the cached hit does not lie. */
START_TEST(bus_finds_among_many)
{
	static struct bus_range r[200];

	for (unsigned int i = 0; i < 200; i++) {
		r[i] = (struct bus_range){ "r", BUS_MMIO, 0x1000 + (i * 77 % 200) * 0x20ull, 0x10, &ops, NULL };
		ck_assert_int_eq(bus_register(&vm.bus, &r[i]), 0);
	}
	for (unsigned int i = 0; i < 200; i++) {
		ck_assert_ptr_eq(bus_find(&vm.bus, BUS_MMIO, r[i].base + 12, 4), &r[i]);
		ck_assert_ptr_null(bus_find(&vm.bus, BUS_MMIO, r[i].base + 13, 4));
		ck_assert_ptr_null(bus_find(&vm.bus, BUS_MMIO, r[i].base + 16, 1));
	}
	for (unsigned int i = 0; i < 200; i++) {
		ck_assert_ptr_eq(bus_find(&vm.bus, BUS_MMIO, r[i].base, 1), &r[i]);
		bus_unregister(&vm.bus, &r[i]);
		ck_assert_ptr_null(bus_find(&vm.bus, BUS_MMIO, r[i].base, 1));
	}
}
END_TEST

START_TEST(memory_is_checked)
{
	fake_vm_close(&vm);
	fake_vm_open(&vm, 0x200000, 1);
	ck_assert_ptr_nonnull(mem_ptr(&vm, 0, 0x200000));
	ck_assert_ptr_nonnull(mem_ptr(&vm, 0x1FFFFF, 1));
	ck_assert_ptr_null(mem_ptr(&vm, 0x1FFFFF, 2));
	ck_assert_ptr_null(mem_ptr(&vm, 0x200000, 1));
	ck_assert_ptr_null(mem_ptr(&vm, 0x200000, 0));
	ck_assert_ptr_null(mem_ptr(&vm, UINT64_MAX, 2));
	ck_assert_ptr_null(mem_ptr(&vm, 1, UINT64_MAX));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dm_ioreq");
	TCase *tc = tcase_create("ioreq");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, port_read);
	tcase_add_test(tc, writes_are_cut_to_size);
	tcase_add_test(tc, nobody_answers_ones);
	tcase_add_loop_test(tc, nonsense_is_completed_not_dispatched, 0, sizeof(nonsense) / sizeof(nonsense[0]));
	tcase_add_test(tc, pci_cycles);
	tcase_add_test(tc, foreign_slots_stay);
	tcase_add_test(tc, bus_refuses_overlaps);
	tcase_add_test(tc, bus_finds_among_many);
	tcase_add_test(tc, memory_is_checked);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
