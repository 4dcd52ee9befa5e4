/* SPDX-License-Identifier: BSD-3-Clause */
/* In-guest test device: storage, the record of accesses, interrupts. */
/* unit: hypervisor/emul/testdev.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_virq.c tests/fake/vm_io.c */
#include <check.h>
#include <stdlib.h>

#include "vm_io.h"
#include "vm_mem.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "emul/testdev.h"
#include "lib/errno.h"
#include "public/testdev.h"

static struct vm *vm;
static struct vcpu *v;

static void setup(void)
{
	fake_io_reset();
	fake_virq = (struct fake_virq){ 0 };
	vm = fake_vm_create(2);
	vm->vm_id = 3;
	v = vm->vcpus[1];
	ck_assert_int_eq(testdev_create(vm), 0);
}

static void teardown(void)
{
	testdev_destroy(vm);
	testdev_destroy(vm);
	fake_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
	ck_assert_uint_eq(fake_io_nr_regions(), 0);
}

static uint32_t reg(uint32_t n)
{
	fake_io_write(v, IO_PORT, TESTDEV_PORT + TESTDEV_SELECT, 4, n);
	return (uint32_t)fake_io_read(v, IO_PORT, TESTDEV_PORT + TESTDEV_DATA, 4);
}

static void set_reg(uint32_t n, uint32_t value)
{
	fake_io_write(v, IO_PORT, TESTDEV_PORT + TESTDEV_SELECT, 1, n);
	fake_io_write(v, IO_PORT, TESTDEV_PORT + TESTDEV_DATA, 4, value);
}

START_TEST(memory_and_its_record)
{
	uint64_t at = TESTDEV_MMIO_BASE + 0x123;

	ck_assert_uint_eq(reg(TESTDEV_ID), TESTDEV_MAGIC);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(0, TESTDEV_INFO)), 0);
	fake_io_write(v, IO_MMIO, at, 8, 0x1122334455667788);
	fake_io_write(v, IO_MMIO, at + 1, 2, 0xabcd);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, at, 4), 0x55abcd88);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, at + 7, 1), 0x11);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(0, TESTDEV_INFO)), TESTDEV_INFO_VALID | 1);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(0, TESTDEV_ADDRESS)), 0x12a);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(0, TESTDEV_VALUE)), 0x11);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(0, TESTDEV_SEQUENCE)), 4);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(0, TESTDEV_VCPU)), 1);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(3, TESTDEV_INFO)), TESTDEV_INFO_VALID | TESTDEV_INFO_WRITE | 8);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(3, TESTDEV_VALUE)), 0x55667788);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(3, TESTDEV_VALUE_HIGH)), 0x11223344);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(3, 6)), 0);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(4, TESTDEV_INFO)), 0);
	ck_assert_uint_eq(reg(TESTDEV_READS), 2);
	ck_assert_uint_eq(reg(TESTDEV_WRITES), 2);
	set_reg(TESTDEV_CLEAR, 0);
	ck_assert_uint_eq(reg(TESTDEV_READS) | reg(TESTDEV_WRITES) | reg(TESTDEV_RECORD(0, 0)), 0);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, at, 1), 0x88);
}
END_TEST

START_TEST(record_wraps)
{
	unsigned int i;

	for (i = 0; i < 40; i++)
		fake_io_write(v, IO_MMIO, TESTDEV_MMIO_BASE + i, 1, i);
	for (i = 0; i < TESTDEV_RECORDS; i++)
		ck_assert_uint_eq(reg(TESTDEV_RECORD(i, TESTDEV_VALUE)), 39 - i);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(15, TESTDEV_SEQUENCE)), 25);
}
END_TEST

START_TEST(page_end)
{
	uint64_t end = TESTDEV_MMIO_BASE + TESTDEV_MMIO_SIZE;

	fake_io_write(v, IO_MMIO, end - 8, 8, ~0ul / 3);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, end - 8, 8), ~0ul / 3);
	fake_io_write(v, IO_MMIO, end - 1, 4, 0);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, end - 1, 1), 0x55);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, end - 1, 2), 0xffff);
	ck_assert_uint_eq(fake_io_read(v, IO_MMIO, end - 4, 8), ~0ul);
}
END_TEST

START_TEST(ports)
{
	uint16_t at = TESTDEV_PORT + TESTDEV_SCRATCH;

	fake_io_write(v, IO_PORT, at + 1, 4, 0x01020304);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, at + 2, 2), 0x0203);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(0, TESTDEV_INFO)), TESTDEV_INFO_VALID | TESTDEV_INFO_PORT | 2);
	ck_assert_uint_eq(reg(TESTDEV_RECORD(0, TESTDEV_ADDRESS)), at + 2u);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, at + 6, 4), 0xffffffff);
	/* Control ports do not count; odd ones read as ones. */
	set_reg(TESTDEV_CLEAR, 0);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, TESTDEV_PORT, 1), TESTDEV_CLEAR);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, TESTDEV_PORT + 5, 1), 0xff);
	fake_io_write(v, IO_PORT, TESTDEV_PORT + 5, 1, 1);
	(void)reg(0xffffffff);
	set_reg(0xff, 1);
	ck_assert_uint_eq(reg(TESTDEV_READS), 0);
	(void)reg(TESTDEV_ID);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, TESTDEV_PORT + TESTDEV_DATA, 1), 0x51);
}
END_TEST

START_TEST(interrupts)
{
	set_reg(TESTDEV_LINE, TESTDEV_LINE_ASSERT | 11);
	ck_assert(fake_virq.line[11]);
	ck_assert_uint_eq(reg(TESTDEV_LINE), 0);
	set_reg(TESTDEV_LINE, 11);
	ck_assert(!fake_virq.line[11]);
	set_reg(TESTDEV_LINE, TESTDEV_LINE_ASSERT | 0xffff);
	ck_assert_uint_eq(reg(TESTDEV_LINE), 1);
	set_reg(TESTDEV_MSI_ADDRESS, 0xfee01000);
	ck_assert_uint_eq(reg(TESTDEV_MSI_ADDRESS), 0xfee01000);
	set_reg(TESTDEV_MSI_DATA, 0x4055);
	ck_assert_uint_eq(fake_virq.nr_msis, 1);
	ck_assert_uint_eq(fake_virq.msi_addr, 0xfee01000);
	ck_assert_uint_eq(fake_virq.msi_data, 0x4055);
	ck_assert_uint_eq(reg(TESTDEV_MSI_DATA), 0);
	set_reg(TESTDEV_NMI, 1);
	ck_assert(fake_vm_take_request(vm->vcpus[1], REQ_NMI));
	set_reg(TESTDEV_NMI, 2);
}
END_TEST

static int nothing(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	(void)vcpu, (void)dev, (void)acc;
	return IO_DONE;
}

/* Its memory, or its ports, are somebody else's: neither the other of the two nor its pages stay. */
START_TEST(create_undone)
{
	const struct io_region taken[] = {
		{ IO_MMIO, TESTDEV_MMIO_BASE + 8, 8, nothing, NULL }, { IO_PORT, TESTDEV_PORT + 1, 1, nothing, NULL },
	};
	struct vm *other = fake_vm_create(1);
	unsigned int nr_regions, nr_pages = fake_mem_pages;

	ck_assert_int_eq(io_region_add(other, &taken[_i]), 0);
	nr_regions = fake_io_nr_regions();
	ck_assert_int_eq(testdev_create(other), -EEXIST);
	ck_assert_uint_eq(fake_io_nr_regions(), nr_regions);
	ck_assert_uint_eq(fake_mem_pages, nr_pages);
	io_region_remove(other, taken[_i].space, taken[_i].base);
	ck_assert_int_eq(testdev_create(other), 0);
	testdev_destroy(other);
	fake_vm_destroy(other);
}
END_TEST

START_TEST(create_errors)
{
	struct vm *other = fake_vm_create(1);

	ck_assert_int_eq(testdev_create(vm), -EEXIST);
	fake_mem_empty = true;
	ck_assert_int_eq(testdev_create(other), -ENOMEM);
	fake_mem_empty = false;
	ck_assert_int_eq(testdev_create(other), 0);
	testdev_destroy(other);
	fake_vm_destroy(other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("testdev");
	TCase *c = tcase_create("testdev");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, memory_and_its_record);
	tcase_add_test(c, record_wraps);
	tcase_add_test(c, page_end);
	tcase_add_test(c, ports);
	tcase_add_test(c, interrupts);
	tcase_add_test(c, create_errors);
	tcase_add_loop_test(c, create_undone, 0, 2);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
