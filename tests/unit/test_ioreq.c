/* SPDX-License-Identifier: BSD-3-Clause */
/* IOREQ slots: states, what a request holds, answers of each size, and a device model that writes where it must not. */
/* unit: hypervisor/io/ioreq.c hypervisor/io/asyncio.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/vm_mem.c tests/fake/vm_vm.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/features.h"
#include "io/ioreq.h"
#include "io/region.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "public/ioreq.h"
#include "vm/gpa.h"
#include "vm_mem.h"
#include "vm_vm.h"

#define PAGE_AT 0x3000ul

static struct vm *vm;
static uint8_t *ram;
static struct acrn_io_request *slot;
static unsigned int nr_upcalls;

bool feature_has(enum feature f) { (void)f; return false; }
static void upcall(struct vm *s) { ck_assert_ptr_eq(s, service_vm); nr_upcalls++; }

static void setup(void)
{
	service_vm = fake_vm_create(1);
	service_vm->hooks.upcall = upcall;
	vm = fake_vm_create(2);
	ram = aligned_alloc(SIZE_2M, SIZE_2M);
	memset(ram, 0, SIZE_2M);
	pgtable_set_caps(2, 2, true);
	ck_assert_int_eq(gpa_create(service_vm), 0);
	ck_assert_int_eq(gpa_map(service_vm, gpa(0), hpa((uint64_t)ram), SIZE_2M, PG_R | PG_W | PG_X | PG_WB), 0);
	ck_assert_int_eq(ioreq_attach(vm, gpa(PAGE_AT)), 0);
	slot = ((struct acrn_io_request_buffer *)(ram + PAGE_AT))->req_slot;
	nr_upcalls = 0;
}

static void teardown(void)
{
	ioreq_detach(vm);
	gpa_destroy(service_vm);
	fake_vm_destroy(service_vm);
	fake_vm_destroy(vm);
	free(ram);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static int post(enum io_space space, bool write, uint8_t size, uint64_t addr, uint64_t value)
{
	vm->vcpus[1]->io = (struct io_access){ .space = space, .write = write, .size = size, .addr = addr, .value = value };
	return ioreq_post(vm->vcpus[1]);
}

START_TEST(attaching_frees_all_slots)
{
	unsigned int i;

	memset(slot, 0, 4096);
	ck_assert_int_eq(ioreq_attach(vm, gpa(PAGE_AT)), 0);
	for (i = 0; i < IOREQ_SLOTS; i++)
		ck_assert_uint_eq(slot[i].processed, IOREQ_FREE);
	ck_assert_int_eq(ioreq_attach(vm, gpa(PAGE_AT + 1)), -EINVAL);
	ck_assert_int_eq(ioreq_attach(vm, gpa(SIZE_2M)), -EINVAL);
}
END_TEST

START_TEST(what_a_request_holds)
{
	slot[1].completion_polling = slot[1].kernel_handled = 7;
	ck_assert_int_eq(post(IO_PORT, true, 2, 0xcf8, 0x1234), IO_WAIT);
	ck_assert_uint_eq(slot[1].type, IOREQ_TYPE_PORTIO);
	ck_assert_uint_eq(slot[1].reqs.pio_request.direction, IOREQ_WRITE);
	ck_assert_uint_eq(slot[1].reqs.pio_request.address, 0xcf8);
	ck_assert_uint_eq(slot[1].reqs.pio_request.size, 2);
	ck_assert_uint_eq(slot[1].reqs.pio_request.value, 0x1234);
	ck_assert_uint_eq(slot[1].completion_polling | slot[1].kernel_handled, 0);
	ck_assert_uint_eq(slot[1].processed, IOREQ_PENDING);
	ck_assert_uint_eq(slot[0].processed, IOREQ_FREE);
	ck_assert_uint_eq(nr_upcalls, 1);
	slot[1].processed = IOREQ_COMPLETE;
	ck_assert_int_eq(ioreq_take(vm->vcpus[1]), IO_DONE);
	/* A read tells nothing of what stood in the register. */
	ck_assert_int_eq(post(IO_MMIO, false, 8, 0xfe001000, ~0ul), IO_WAIT);
	ck_assert_uint_eq(slot[1].type, IOREQ_TYPE_MMIO);
	ck_assert_uint_eq(slot[1].reqs.mmio_request.value, 0);
	ck_assert_uint_eq(slot[1].reqs.mmio_request.direction, IOREQ_READ);
}
END_TEST

START_TEST(answers_by_size)
{
	static const struct { uint8_t size; uint64_t value; } c[] = {
		{ 1, 0x88 }, { 2, 0x7788 }, { 4, 0x55667788 }, { 8, 0x1122334455667788 },
	};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(post(IO_MMIO, false, c[i].size, 0xfe000000, 0), IO_WAIT);
		slot[1].reqs.mmio_request.value = 0x1122334455667788;
		slot[1].processed = IOREQ_COMPLETE;
		ck_assert_int_eq(ioreq_take(vm->vcpus[1]), IO_DONE);
		ck_assert_uint_eq(vm->vcpus[1]->io.value, c[i].value);
		ck_assert_uint_eq(slot[1].processed, IOREQ_FREE);
	}
}
END_TEST

/* Only COMPLETE is an answer; nothing else that stands in the slot is believed. */
START_TEST(tampering_while_open)
{
	static const uint32_t states[] = { IOREQ_PENDING, IOREQ_PROCESSING, IOREQ_FREE, 4, 0x80000001, ~0u };
	unsigned int i;

	ck_assert_int_eq(post(IO_PORT, true, 4, 0x80, 0xabcd), IO_WAIT);
	for (i = 0; i < 6; i++) {
		slot[1].processed = states[i];
		ck_assert_int_eq(ioreq_take(vm->vcpus[1]), IO_WAIT);
		ck_assert_uint_eq(slot[1].processed, states[i]);
	}
	memset(&slot[1], 0xee, sizeof(slot[1]));
	slot[1].processed = IOREQ_COMPLETE;
	ck_assert_int_eq(ioreq_take(vm->vcpus[1]), IO_DONE);
	ck_assert_uint_eq(vm->vcpus[1]->io.value, 0xabcd);
	ck_assert_uint_eq(vm->vcpus[1]->io.addr, 0x80);
	ck_assert_uint_eq(vm->vcpus[1]->io.size, 4);
	ck_assert(vm->vcpus[1]->io.write);
}
END_TEST

START_TEST(tampering_before)
{
	static const uint32_t states[] = { IOREQ_PENDING, IOREQ_PROCESSING, IOREQ_COMPLETE, 4, ~0u };
	unsigned int i;

	for (i = 0; i < 5; i++) {
		slot[1].processed = states[i];
		ck_assert_int_eq(post(IO_PORT, false, 1, 0x80, 0), -EIO);
		ck_assert_uint_eq(slot[1].processed, states[i]);
	}
	ck_assert_uint_eq(nr_upcalls, 0);
}
END_TEST

START_TEST(polled_pages_need_no_upcall)
{
	slot[0].polled = 1;
	ck_assert_int_eq(post(IO_PORT, false, 1, 0x80, 0), IO_WAIT);
	ck_assert_uint_eq(nr_upcalls, 0);
	ioreq_state_changed(vm);
	ck_assert_uint_eq(nr_upcalls, 1);
	ck_assert_uint_eq(slot[0].state_seq, 1);
}
END_TEST

START_TEST(completion_call)
{
	ck_assert_int_eq(ioreq_complete(vm, 1), 0);
	ck_assert(fake_vm_take_request(vm->vcpus[1], REQ_IO_DONE));
	ck_assert_int_eq(ioreq_complete(vm, 2), -EINVAL);
	ck_assert_int_eq(ioreq_complete(vm, 1ul << 32), -EINVAL);
	ioreq_detach(vm);
	ck_assert_int_eq(ioreq_complete(vm, 1), -EINVAL);
	ioreq_state_changed(vm);
	ck_assert_uint_eq(nr_upcalls, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ioreq");
	TCase *c = tcase_create("ioreq");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, attaching_frees_all_slots);
	tcase_add_test(c, what_a_request_holds);
	tcase_add_test(c, answers_by_size);
	tcase_add_test(c, tampering_while_open);
	tcase_add_test(c, tampering_before);
	tcase_add_test(c, polled_pages_need_no_upcall);
	tcase_add_test(c, completion_call);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
