/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes nobody waits for: which are taken, what the ring holds, who is told; a Service VM that writes where it must not. */
/* unit: hypervisor/io/io.c hypervisor/io/ioreq.c hypervisor/io/asyncio.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/vm_mem.c tests/fake/vm_vm.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/features.h"
#include "io/asyncio.h"
#include "io/decode.h"
#include "io/io.h"
#include "io/ioreq.h"
#include "io/pio.h"
#include "io/region.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "public/ioreq.h"
#include "public/trace.h"
#include "vm/gpa.h"
#include "vm_mem.h"
#include "vm_vm.h"

#define PAGE_AT	0x3000ul
#define RING_AT	0x5000ul
#define NR	8u	/* entries: seven fit */
#define KICK	0xd0000000ul

static struct vm *vm;
static struct vcpu *v;
static uint8_t *ram;
static struct acrn_io_request *slot;
static struct shared_buf *ring;
static unsigned int nr_upcalls, nr_skips, nr_steps;
static uint64_t stepped_to;

bool feature_has(enum feature f) { (void)f; return false; }
void vcpu_skip(struct vcpu *vcpu) { (void)vcpu; nr_skips++; }
void vcpu_step(struct vcpu *vcpu, uint64_t rip) { (void)vcpu; nr_steps++; stepped_to = rip; }
int io_decode_finish(struct vcpu *vcpu) { (void)vcpu; return DECODE_OK; }
int pio_finish(struct vcpu *vcpu) { (void)vcpu; return DECODE_OK; }
int io_region_dispatch(struct vcpu *vcpu) { (void)vcpu; return IO_MISS; }
static void upcall(struct vm *s) { (void)s; nr_upcalls++; }

static void setup(void)
{
	service_vm = fake_vm_create(1);
	service_vm->hooks.upcall = upcall;
	vm = fake_vm_create(2);
	v = vm->vcpus[1];
	ram = aligned_alloc(SIZE_2M, SIZE_2M);
	memset(ram, 0, SIZE_2M);
	pgtable_set_caps(2, 2, true);
	ck_assert_int_eq(gpa_create(service_vm), 0);
	ck_assert_int_eq(gpa_map(service_vm, gpa(0), hpa((uint64_t)ram), SIZE_2M, PG_R | PG_W | PG_X | PG_WB), 0);
	ck_assert_int_eq(ioreq_attach(vm, gpa(PAGE_AT)), 0);
	slot = ((struct acrn_io_request_buffer *)(void *)(ram + PAGE_AT))->req_slot;
	ring = (struct shared_buf *)(void *)(ram + RING_AT);
	*ring = (struct shared_buf){ .magic = SBUF_MAGIC, .ele_num = NR, .ele_size = 8, .size = 8 * NR, .head = 3, .tail = 5 };
	ck_assert_uint_eq(asyncio_ring_size(ring), 8 * NR);
	ck_assert_int_eq(asyncio_ring(vm, ring, 8 * NR), 0);
	ck_assert(!ring->head && !ring->tail);
	nr_upcalls = nr_skips = nr_steps = 0;
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

static struct acrn_asyncio_info mmio(uint64_t addr, uint64_t fd)
{
	return (struct acrn_asyncio_info){ .type = ASYNCIO_MMIO, .addr = addr, .fd = fd };
}

static int assign(struct acrn_asyncio_info info) { return asyncio_assign(vm, &info); }
static int deassign(struct acrn_asyncio_info info) { return asyncio_deassign(vm, &info); }

/* The guest writes; true: it goes on at once. */
static bool guest_writes(enum io_space space, uint64_t addr, uint64_t value)
{
	v->state = VCPU_RUNNING;
	slot[1].processed = IOREQ_FREE;
	v->io = (struct io_access){ .space = space, .write = true, .size = 4, .addr = addr, .value = value, .next_rip = 0x1234 };
	ck_assert_int_eq(io_submit(v), 0);
	ck_assert_int_eq(v->state == VCPU_IO_WAIT, slot[1].processed == IOREQ_PENDING);
	return v->state == VCPU_RUNNING;
}

/* The reader's half: the next number, 0: none. */
static uint64_t take(void)
{
	const uint64_t *data = (const uint64_t *)(const void *)(ring + 1);
	uint64_t fd;

	if (ring->head == ring->tail)
		return 0;
	fd = data[ring->head / 8];
	ring->head = (ring->head + 8) % ring->size;
	return fd;
}

START_TEST(a_kick_goes_on)
{
	ck_assert(!guest_writes(IO_MMIO, KICK, 1));
	ck_assert_int_eq(assign(mmio(KICK, 77)), 0);
	nr_upcalls = 0;
	ck_assert(guest_writes(IO_MMIO, KICK, 1));
	ck_assert_uint_eq(nr_steps, 1);
	ck_assert_uint_eq(stepped_to, 0x1234);
	ck_assert_uint_eq(nr_upcalls, 1);
	ck_assert_uint_eq(take(), 77);
	ck_assert_uint_eq(take(), 0);
	/* Another place, the same number as a port, a read: requests. */
	ck_assert(!guest_writes(IO_MMIO, KICK + 4, 1));
	ck_assert(!guest_writes(IO_PORT, KICK, 1));
	v->io = (struct io_access){ .space = IO_MMIO, .size = 4, .addr = KICK };
	slot[1].processed = IOREQ_FREE;
	ck_assert_int_eq(io_submit(v), 0);
	ck_assert_int_eq(v->state, VCPU_IO_WAIT);
	ck_assert_uint_eq(take(), 0);
	ck_assert_int_eq(deassign(mmio(KICK, 77)), 0);
	ck_assert(!guest_writes(IO_MMIO, KICK, 1));
}
END_TEST

START_TEST(ports_and_values)
{
	const struct acrn_asyncio_info port = { .type = ASYNCIO_PIO, .match_data = 1, .addr = 0x510, .fd = 5, .data = 3 };
	struct acrn_asyncio_info other = port;

	ck_assert_int_eq(assign(port), 0);
	ck_assert(guest_writes(IO_PORT, 0x510, 3));
	ck_assert_uint_eq(nr_skips, 1);
	ck_assert(!guest_writes(IO_PORT, 0x510, 4));
	ck_assert_uint_eq(take(), 5);
	ck_assert_uint_eq(take(), 0);
	other.data = 4;
	other.fd = 6;
	ck_assert_int_eq(assign(other), 0);
	ck_assert(guest_writes(IO_PORT, 0x510, 4));
	ck_assert_uint_eq(take(), 6);
}
END_TEST

/* What a write of a read-modify-write, a string, or a protected page does next is not over with the write. */
START_TEST(only_plain_writes)
{
	ck_assert_int_eq(assign(mmio(KICK, 77)), 0);
	v->io = (struct io_access){ .space = IO_MMIO, .write = true, .size = 4, .addr = KICK, .op = IO_FIN_STRING };
	slot[1].processed = IOREQ_FREE;
	ck_assert_int_eq(io_submit(v), 0);
	ck_assert_int_eq(v->state, VCPU_IO_WAIT);
	v->io = (struct io_access){ .space = IO_MMIO, .write = true, .size = 4, .addr = KICK, .protected = true };
	slot[1].processed = IOREQ_FREE;
	ck_assert_int_eq(io_submit(v), 0);
	ck_assert_int_eq(v->state, VCPU_IO_WAIT);
	ck_assert_uint_eq(take(), 0);
}
END_TEST

/* Told once for what lies there: who takes one looks again. Who polls is not told. */
START_TEST(upcalls)
{
	ck_assert_int_eq(assign(mmio(KICK, 77)), 0);
	ck_assert(guest_writes(IO_MMIO, KICK, 1));
	ck_assert(guest_writes(IO_MMIO, KICK, 1));
	ck_assert_uint_eq(nr_upcalls, 1);
	ck_assert(take() && take() && !take());
	ck_assert(guest_writes(IO_MMIO, KICK, 1));
	ck_assert_uint_eq(nr_upcalls, 2);
	ck_assert(take());
	slot[0].polled = 1;
	ck_assert(guest_writes(IO_MMIO, KICK, 1));
	ck_assert_uint_eq(nr_upcalls, 2);
	ck_assert_uint_eq(take(), 77);
}
END_TEST

START_TEST(a_full_ring_loses_nothing)
{
	unsigned int i, round;

	ck_assert_int_eq(assign(mmio(KICK, 77)), 0);
	for (round = 0; round < 5; round++) {
		for (i = 0; i < NR - 1; i++)
			ck_assert(guest_writes(IO_MMIO, KICK, i));
		ck_assert(!guest_writes(IO_MMIO, KICK, i));
		for (i = 0; i < NR - 1; i++)
			ck_assert_uint_eq(take(), 77);
		ck_assert_uint_eq(take(), 0);
	}
	ck_assert_int_eq(asyncio_ring(vm, NULL, 0), 0);
	ck_assert(!guest_writes(IO_MMIO, KICK, 1));
}
END_TEST

/* Whatever stands in the ring's header later, writes stay inside. */
START_TEST(hostile_reader)
{
	static const uint32_t heads[] = { 1, 7, 8 * NR, 8 * NR + 8, ~0u, 0x80000000u };
	uint8_t *end = (uint8_t *)(ring + 1) + 8 * NR;
	unsigned int i;

	memset(end, 0x5a, 64);
	ck_assert_int_eq(assign(mmio(KICK, 77)), 0);
	for (i = 0; i < 100; i++) {
		ring->head = heads[i % 6];
		ring->tail = heads[(i + 1) % 6];
		ring->size = ring->ele_num = ring->ele_size = ~0u;
		(void)guest_writes(IO_MMIO, KICK, i);
	}
	for (i = 0; i < 64; i++)
		ck_assert_uint_eq(end[i], 0x5a);
}
END_TEST

START_TEST(refused)
{
	struct acrn_asyncio_info m = mmio(KICK, 1);
	struct shared_buf h = *ring;
	unsigned int i;

	m.type = 0;
	ck_assert_int_eq(assign(m), -EINVAL);
	m.type = 3;
	ck_assert_int_eq(assign(m), -EINVAL);
	m.type = ASYNCIO_PIO;
	m.addr = 0x10000;
	ck_assert_int_eq(assign(m), -EINVAL);
	ck_assert_int_eq(assign(mmio(KICK, 1)), 0);
	ck_assert_int_eq(assign(mmio(KICK, 2)), -EEXIST);
	m = mmio(KICK, 2);
	m.match_data = 1;
	ck_assert_int_eq(assign(m), -EEXIST);
	ck_assert_int_eq(deassign(m), -ENOENT);
	ck_assert_int_eq(deassign(mmio(KICK, 2)), -ENOENT);
	ck_assert_int_eq(deassign(mmio(KICK + 8, 1)), -ENOENT);
	for (i = 1; i < 64; i++)
		ck_assert_int_eq(assign(mmio(KICK + 8 * i, i)), 0);
	ck_assert_int_eq(assign(mmio(KICK + 8 * i, i)), -ENOSPC);
	ck_assert_int_eq(deassign(mmio(KICK, 1)), 0);
	ck_assert(guest_writes(IO_MMIO, KICK + 8 * 63, 0));
	ck_assert_uint_eq(take(), 63);
	ck_assert(!guest_writes(IO_MMIO, KICK, 0));
	h.ele_size = 16;
	ck_assert_uint_eq(asyncio_ring_size(&h), 0);
	h = *ring;
	h.magic ^= 1;
	ck_assert_uint_eq(asyncio_ring_size(&h), 0);
	h = *ring;
	h.ele_num = 1;
	h.size = 8;
	ck_assert_uint_eq(asyncio_ring_size(&h), 0);
	h.ele_num = 0x20000001;
	ck_assert_uint_eq(asyncio_ring_size(&h), 0);
	ioreq_detach(vm);
	ck_assert_int_eq(assign(mmio(KICK, 1)), -EINVAL);
	ck_assert_int_eq(asyncio_ring(vm, ring, 8 * NR), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("asyncio");
	TCase *c = tcase_create("asyncio");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_kick_goes_on);
	tcase_add_test(c, ports_and_values);
	tcase_add_test(c, only_plain_writes);
	tcase_add_test(c, upcalls);
	tcase_add_test(c, a_full_ring_loses_nothing);
	tcase_add_test(c, hostile_reader);
	tcase_add_test(c, refused);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
