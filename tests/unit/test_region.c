/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of ports and MMIO ranges: borders, overlaps, room, and lookups against a plain list. */
/* unit: hypervisor/io/region.c tests/fake/vm_mem.c tests/fake/vm_vm.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "io/region.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "vm_mem.h"
#include "vm_vm.h"

#define ROOM	120u	/* ranges of one kind that fit in a page */

static struct vm *vm;
static void *hit;
static struct { uint16_t port; uint32_t nr; bool exits; unsigned int calls; } intercept;

void vm_port_intercept(struct vm *v, uint16_t port, uint32_t nr, bool exits)
{
	ck_assert_ptr_eq(v, vm);
	intercept.port = port;
	intercept.nr = nr;
	intercept.exits = exits;
	intercept.calls++;
}

static int handler(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	ck_assert_ptr_eq(acc, &vcpu->io);
	hit = dev;
	return IO_DONE;
}

static int failing(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	(void)vcpu;
	(void)dev;
	(void)acc;
	return -EIO;
}

static void setup(void)
{
	vm = fake_vm_create(2);
	ck_assert_int_eq(io_regions_create(vm), 0);
	memset(&intercept, 0, sizeof(intercept));
}

static void teardown(void)
{
	io_regions_destroy(vm);
	fake_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static int add(enum io_space space, uint64_t base, uint64_t size)
{
	const struct io_region r = { .space = space, .base = base, .size = size, .fn = handler, .dev = (void *)(base + 1) };

	return io_region_add(vm, &r);
}

/* What answers an access by vCPU `n`: base of its range plus 1, or 0. */
static uint64_t who(unsigned int n, enum io_space space, uint64_t addr, uint8_t size)
{
	struct vcpu *vcpu = vm->vcpus[n];
	int r;

	hit = NULL;
	vcpu->io = (struct io_access){ .space = space, .addr = addr, .size = size };
	r = io_region_dispatch(vcpu);
	ck_assert_int_eq(r, hit ? IO_DONE : IO_MISS);
	return (uint64_t)hit;
}

START_TEST(borders)
{
	ck_assert_uint_eq(who(0, IO_MMIO, 0x1000, 4), 0);
	ck_assert_int_eq(add(IO_MMIO, 0x1000, 0x100), 0);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x0fff, 1), 0);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x1000, 8), 0x1001);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x10ff, 1), 0x1001);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x10f8, 8), 0x1001);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x10fd, 4), 0);	/* half of it is nobody's */
	ck_assert_uint_eq(who(0, IO_MMIO, 0x0ffe, 4), 0);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x1100, 1), 0);
	ck_assert_uint_eq(who(0, IO_PORT, 0x1000, 1), 0);	/* another space */
}
END_TEST

START_TEST(overlaps)
{
	ck_assert_int_eq(add(IO_MMIO, 0x1000, 0x100), 0);
	ck_assert_int_eq(add(IO_MMIO, 0x1000, 0x100), -EEXIST);
	ck_assert_int_eq(add(IO_MMIO, 0x10ff, 1), -EEXIST);
	ck_assert_int_eq(add(IO_MMIO, 0x0f01, 0x100), -EEXIST);
	ck_assert_int_eq(add(IO_MMIO, 0x0f00, 0x1000), -EEXIST);
	ck_assert_int_eq(add(IO_MMIO, 0x1040, 0x10), -EEXIST);
	ck_assert_int_eq(add(IO_MMIO, 0x0f00, 0x100), 0);	/* neighbours are fine */
	ck_assert_int_eq(add(IO_MMIO, 0x1100, 0x100), 0);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x10ff, 1), 0x1001);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x1100, 1), 0x1101);
}
END_TEST

START_TEST(refused)
{
	ck_assert_int_eq(add(IO_MMIO, 0x1000, 0), -EINVAL);
	ck_assert_int_eq(add(IO_MMIO, ~0ul - 0xff, 0x200), -EINVAL);
	ck_assert_int_eq(add(IO_PORT, 0xfff0, 0x11), -EINVAL);
	ck_assert_int_eq(add(IO_PORT, 0x10000, 1), -EINVAL);
	ck_assert_uint_eq(intercept.calls, 0);
	ck_assert_int_eq(add(IO_PORT, 0xfff0, 0x10), 0);
	ck_assert_uint_eq(intercept.calls, 1);
	ck_assert_uint_eq(intercept.port, 0xfff0);
	ck_assert_uint_eq(intercept.nr, 0x10);
	ck_assert(intercept.exits);
}
END_TEST

START_TEST(room)
{
	uint64_t i;

	for (i = 0; i < ROOM; i++)
		ck_assert_int_eq(add(IO_MMIO, 0x1000 * (ROOM - i), 0x1000), 0);
	ck_assert_int_eq(add(IO_MMIO, 0x1000 * (ROOM + 1), 0x1000), -ENOSPC);
	for (i = 1; i <= ROOM; i++)
		ck_assert_uint_eq(who(0, IO_MMIO, 0x1000 * i + 8, 4), 0x1000 * i + 1);
	io_region_remove(vm, IO_MMIO, 0x5000);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x5000, 4), 0);
	ck_assert_int_eq(add(IO_MMIO, 0x1000 * (ROOM + 1), 0x1000), 0);
}
END_TEST

/* The hint of each vCPU is only a hint: it survives that ranges come and go. */
START_TEST(hints)
{
	ck_assert_int_eq(add(IO_MMIO, 0x1000, 0x1000), 0);
	ck_assert_int_eq(add(IO_MMIO, 0x9000, 0x1000), 0);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x9000, 4), 0x9001);
	ck_assert_uint_eq(who(1, IO_MMIO, 0x1000, 4), 0x1001);
	io_region_remove(vm, IO_MMIO, 0x9000);
	io_region_remove(vm, IO_MMIO, 0x7777);	/* unknown */
	ck_assert_uint_eq(who(0, IO_MMIO, 0x9000, 4), 0);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x1000, 4), 0x1001);
	io_region_remove(vm, IO_MMIO, 0x1000);
	ck_assert_uint_eq(who(0, IO_MMIO, 0x1000, 4), 0);
	ck_assert_uint_eq(who(1, IO_MMIO, 0x1000, 4), 0);
}
END_TEST

/* A lone port answers wider accesses that begin at it. */
START_TEST(lone_port)
{
	ck_assert_int_eq(add(IO_PORT, 0xcf8, 1), 0);
	ck_assert_uint_eq(who(0, IO_PORT, 0xcf8, 4), 0xcf9);
	ck_assert_uint_eq(who(0, IO_PORT, 0xcf9, 1), 0);
}
END_TEST

START_TEST(handler_fails)
{
	const struct io_region r = { .space = IO_MMIO, .base = 0, .size = 0x1000, .fn = failing };
	struct vcpu *vcpu = vm->vcpus[0];

	ck_assert_int_eq(io_region_add(vm, &r), 0);
	vcpu->io = (struct io_access){ .space = IO_MMIO, .addr = 0, .size = 4 };
	ck_assert_int_eq(io_region_dispatch(vcpu), -EIO);
}
END_TEST

START_TEST(no_memory)
{
	struct vm *other = fake_vm_create(1);
	unsigned int before = fake_mem_pages;

	fake_mem_empty = true;
	ck_assert_int_eq(io_regions_create(other), -ENOMEM);
	fake_mem_empty = false;
	ck_assert_uint_eq(fake_mem_pages, before);
	io_regions_destroy(other);
	fake_vm_destroy(other);
}
END_TEST

/* Random adding, removing and asking, against a byte map. */
START_TEST(against_a_map)
{
	static uint64_t map[4096];
	unsigned int i, answered = 0;

	srandom(11);
	for (i = 0; i < 20000; i++) {
		uint64_t base = (uint64_t)random() % 4000, size = 40 + (uint64_t)random() % 60, b, want = base + 1;
		bool is_free = true, is_whole = true;

		switch (random() % 4) {
		case 0:
			for (b = base; b < base + size; b++)
				is_free = is_free && !map[b];
			ck_assert_int_eq(add(IO_MMIO, base, size), is_free ? 0 : -EEXIST);
			for (b = base; is_free && b < base + size; b++)
				map[b] = want;
			break;
		case 1:
			io_region_remove(vm, IO_MMIO, base);
			for (b = base; b < 4096; b++)
				map[b] = map[b] == want ? 0 : map[b];
			break;
		default:
			size = 1ul << random() % 4;
			for (b = base; b < base + size; b++)
				is_whole = is_whole && map[b] == map[base];
			ck_assert_uint_eq(who(random() % 2, IO_MMIO, base, (uint8_t)size), is_whole ? map[base] : 0);
			answered += hit != NULL;
		}
	}
	ck_assert_uint_gt(answered, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("region");
	TCase *tc = tcase_create("registry");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, borders);
	tcase_add_test(tc, overlaps);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, room);
	tcase_add_test(tc, hints);
	tcase_add_test(tc, lone_port);
	tcase_add_test(tc, handler_fails);
	tcase_add_test(tc, no_memory);
	tcase_add_test(tc, against_a_map);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
