/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual 8259A pair: initialisation, priorities, cascade, EOI forms, poll, ELCR, spurious interrupts. */
/* unit: hypervisor/emul/vpic.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_io.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "vm_io.h"
#include "vm_mem.h"
#include "vm_vm.h"
#include "emul/vpic.h"
#include "lib/errno.h"

static struct vm *vm;
static struct vcpu *v;

static void out(uint16_t port, uint8_t value)
{
	fake_out(v, port, value);
	ck_assert_int_eq(fake_io_result, IO_DONE);
}

static uint8_t in(uint16_t port)
{
	return fake_in(v, port);
}

/* As a PC's firmware: vectors 0x30 and 0x38, all inputs open. */
static void init(uint8_t icw4_master, uint8_t icw4_slave)
{
	out(0x20, 0x11);
	out(0x21, 0x30);
	out(0x21, 0x04);
	out(0x21, icw4_master);
	out(0xa0, 0x11);
	out(0xa1, 0x38);
	out(0xa1, 0x02);
	out(0xa1, icw4_slave);
}

static void setup(void)
{
	vm = fake_vm_create(1);
	v = vm->vcpus[0];
	fake_io_reset();
	ck_assert_int_eq(vpic_create(vm), 0);
	init(1, 1);
	fake_vm_take_request(v, REQ_EVENT);
}

static void teardown(void)
{
	vpic_destroy(vm);
	ck_assert_uint_eq(fake_io_nr_regions(), 0);
	fake_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void line(uint32_t irq, bool level)
{
	vpic_set_line(vm, irq, level);
}

static void pulse(uint32_t irq)
{
	line(irq, true);
	line(irq, false);
}

static int waiting(void)
{
	return vm->hooks.extint_pending(vm);
}

static int take(void)
{
	int vector = waiting();

	if (vector >= 0)
		ck_assert_int_eq(vm->hooks.extint_accept(vm), vector);
	return vector;
}

static uint8_t isr(uint16_t port)
{
	out(port, 0x0b);
	return in(port);
}

static uint8_t irr(uint16_t port)
{
	out(port, 0x0a);
	return in(port);
}

START_TEST(silent_until_initialised)
{
	vpic_reset(vm);
	line(1, true);
	ck_assert_int_eq(waiting(), -1);
	ck_assert_int_eq(vm->hooks.extint_accept(vm), -1);
	ck_assert_uint_eq(in(0x21), 0xff);
	line(1, false);
	out(0x20, 0x11);
	out(0x21, 0x48);
	out(0x21, 0x04);
	line(1, true);
	ck_assert_int_eq(waiting(), -1);	/* ICW4 is still to come */
	out(0x21, 0x01);
	ck_assert_int_eq(take(), 0x49);
	ck_assert(fake_vm_take_request(v, REQ_EVENT));
	/* Without ICW3 and ICW4; low bits of ICW2 do not count. */
	out(0x20, 0x12);
	out(0x21, 0x57);
	pulse(3);
	ck_assert_int_eq(take(), 0x53);
}
END_TEST

START_TEST(priorities_nest)
{
	pulse(5);
	pulse(3);
	ck_assert(fake_vm_take_request(v, REQ_EVENT));
	ck_assert_uint_eq(irr(0x20), 0x28);
	ck_assert_int_eq(take(), 0x33);
	ck_assert_uint_eq(isr(0x20), 0x08);
	ck_assert_uint_eq(irr(0x20), 0x20);
	ck_assert_int_eq(waiting(), -1);
	pulse(3);			/* the same one waits for its EOI */
	ck_assert_int_eq(waiting(), -1);
	pulse(0);
	ck_assert_int_eq(take(), 0x30);
	ck_assert_uint_eq(isr(0x20), 0x09);
	out(0x20, 0x20);		/* the highest one ends */
	ck_assert_uint_eq(isr(0x20), 0x08);
	fake_vm_take_request(v, REQ_EVENT);
	out(0x20, 0x20);
	ck_assert(fake_vm_take_request(v, REQ_EVENT));
	ck_assert_int_eq(take(), 0x33);
	out(0x20, 0x63);		/* specific */
	ck_assert_int_eq(take(), 0x35);
	out(0x20, 0x63);		/* not the one in service */
	ck_assert_uint_eq(isr(0x20), 0x20);
	out(0x20, 0x65);
	ck_assert_uint_eq(isr(0x20), 0);
}
END_TEST

START_TEST(mask)
{
	out(0x21, 0x08);
	ck_assert_uint_eq(in(0x21), 0x08);
	pulse(3);
	ck_assert_int_eq(waiting(), -1);
	ck_assert_uint_eq(irr(0x20), 0x08);
	out(0x21, 0x00);
	ck_assert(fake_vm_take_request(v, REQ_EVENT));
	ck_assert_int_eq(take(), 0x33);
}
END_TEST

START_TEST(cascade)
{
	pulse(12);
	ck_assert_uint_eq(irr(0x20), 0x04);
	ck_assert_int_eq(take(), 0x3c);
	ck_assert_uint_eq(isr(0x20), 0x04);
	ck_assert_uint_eq(isr(0xa0), 0x10);
	pulse(3);			/* below the cascade */
	ck_assert_int_eq(waiting(), -1);
	pulse(8);			/* higher on the slave, but the master's input 2 is in service */
	ck_assert_int_eq(waiting(), -1);
	pulse(1);
	ck_assert_int_eq(take(), 0x31);
	out(0x20, 0x20);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	ck_assert_int_eq(take(), 0x38);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	ck_assert_int_eq(take(), 0x33);
	line(2, true);			/* the cascade has no input of its own */
	line(16, true);
	line(~0u, true);
	ck_assert_int_eq(waiting(), -1);
	/* The slave's masks and the master's. */
	out(0x20, 0x20);
	out(0xa1, 0xff);
	pulse(9);
	ck_assert_int_eq(waiting(), -1);
	out(0x21, 0x04);
	out(0xa1, 0x00);
	ck_assert_int_eq(waiting(), -1);
	out(0x21, 0x00);
	ck_assert_int_eq(take(), 0x39);
}
END_TEST

START_TEST(special_fully_nested)
{
	init(0x11, 0x01);
	pulse(12);
	ck_assert_int_eq(take(), 0x3c);
	pulse(8);
	ck_assert_int_eq(take(), 0x38);
	ck_assert_uint_eq(isr(0xa0), 0x11);
	out(0xa0, 0x20);
	ck_assert_uint_eq(isr(0xa0), 0x10);
	pulse(13);
	ck_assert_int_eq(waiting(), -1);
}
END_TEST

START_TEST(automatic_eoi)
{
	init(0x03, 0x03);
	pulse(4);
	pulse(9);
	pulse(10);
	ck_assert_int_eq(take(), 0x39);
	ck_assert_uint_eq(isr(0x20) | isr(0xa0), 0);
	ck_assert_int_eq(take(), 0x3a);
	ck_assert_int_eq(take(), 0x34);
	ck_assert_int_eq(waiting(), -1);
	out(0x20, 0x80);		/* rotate: the served one goes to the end */
	pulse(1);
	ck_assert_int_eq(take(), 0x31);
	pulse(1);
	pulse(6);
	ck_assert_int_eq(take(), 0x36);
	ck_assert_int_eq(take(), 0x31);
	out(0x20, 0x00);
	pulse(6);
	ck_assert_int_eq(take(), 0x36);
	pulse(6);
	pulse(7);
	ck_assert_int_eq(take(), 0x36);	/* 1 is the lowest since, 6 before 7 */
	ck_assert_int_eq(take(), 0x37);
}
END_TEST

START_TEST(rotation)
{
	pulse(3);
	ck_assert_int_eq(take(), 0x33);
	out(0x20, 0xa0);		/* EOI and 3 becomes the lowest */
	pulse(3);
	pulse(5);
	ck_assert_int_eq(take(), 0x35);
	out(0x20, 0xe5);		/* specific EOI, 5 becomes the lowest */
	pulse(6);
	ck_assert_int_eq(take(), 0x36);
	out(0x20, 0x20);
	ck_assert_int_eq(take(), 0x33);
	out(0x20, 0x20);
	out(0x20, 0xc7);		/* set priority: 0 is the highest again */
	pulse(6);
	pulse(0);
	ck_assert_int_eq(take(), 0x30);
	out(0x20, 0x40);		/* no operation */
	ck_assert_uint_eq(isr(0x20), 0x01);
}
END_TEST

START_TEST(special_mask_mode)
{
	pulse(2 + 1);
	ck_assert_int_eq(take(), 0x33);
	pulse(6);
	ck_assert_int_eq(waiting(), -1);
	out(0x20, 0x68);
	out(0x21, 0x08);		/* masking what is in service lets lower ones in */
	ck_assert_int_eq(take(), 0x36);
	pulse(7);
	ck_assert_int_eq(waiting(), -1);
	out(0x20, 0x20);		/* ends 6: the masked one is left alone */
	ck_assert_uint_eq(isr(0x20), 0x08);
	ck_assert_int_eq(take(), 0x37);
	out(0x20, 0x20);
	out(0x20, 0x48);
	pulse(6);
	ck_assert_int_eq(waiting(), -1);
	out(0x20, 0x63);
	ck_assert_int_eq(take(), 0x36);
}
END_TEST

START_TEST(poll)
{
	out(0x20, 0x0c);
	ck_assert_uint_eq(in(0x20), 0);
	pulse(4);
	out(0x20, 0x0c);
	ck_assert_uint_eq(in(0x20), 0x84);
	ck_assert_uint_eq(isr(0x20), 0x10);
	ck_assert_int_eq(waiting(), -1);
	pulse(14);
	out(0xa0, 0x0c);
	ck_assert_uint_eq(in(0xa1), 0x86);
	ck_assert_uint_eq(isr(0xa0), 0x40);
	ck_assert_uint_eq(irr(0x20), 0);
}
END_TEST

START_TEST(level_inputs)
{
	out(0x4d0, 0xff);
	out(0x4d1, 0xff);
	ck_assert_uint_eq(in(0x4d0), 0xf8);
	ck_assert_uint_eq(in(0x4d1), 0xde);
	line(5, true);
	ck_assert_int_eq(take(), 0x35);
	ck_assert_int_eq(waiting(), -1);
	out(0x20, 0x20);
	ck_assert_int_eq(take(), 0x35);	/* still high */
	line(5, false);
	out(0x20, 0x20);
	ck_assert_int_eq(waiting(), -1);
	line(10, true);
	ck_assert_int_eq(take(), 0x3a);
	line(10, false);
	/* An edge input that stays high does not interrupt twice. */
	out(0x4d0, 0x00);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	line(5, true);
	ck_assert_int_eq(take(), 0x35);
	out(0x20, 0x20);
	ck_assert_int_eq(waiting(), -1);
	/* A line that is high while the chip is initialised: only a level input sees it. */
	line(10, true);
	init(1, 1);
	ck_assert_int_eq(take(), 0x3a);
	ck_assert_int_eq(waiting(), -1);
	/* Switching the trigger mode follows the line. */
	out(0xa0, 0x20);
	out(0x20, 0x20);
	pulse(7);
	out(0x4d0, 0x80);
	line(10, false);
	ck_assert_int_eq(waiting(), -1);
}
END_TEST

START_TEST(spurious)
{
	out(0x4d0, 0xf8);
	out(0x4d1, 0xde);
	line(5, true);
	ck_assert_int_eq(waiting(), 0x35);
	line(5, false);			/* gone between INTR and INTA */
	ck_assert_int_eq(vm->hooks.extint_accept(vm), 0x37);
	ck_assert_uint_eq(isr(0x20), 0);
	/* A real input 7 is in service. */
	line(7, true);
	ck_assert_int_eq(take(), 0x37);
	ck_assert_uint_eq(isr(0x20), 0x80);
}
END_TEST

START_TEST(wide_accesses)
{
	fake_io_write(v, IO_PORT, 0x20, 2, 0x5a0b);	/* OCW3, then the mask */
	ck_assert_uint_eq(in(0x21), 0x5a);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0x20, 2), 0x5a00);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0x21, 4), 0xffffff5a);
	fake_io_write(v, IO_PORT, 0x21, 4, 0x11111100);
	ck_assert_uint_eq(in(0x21), 0);
}
END_TEST

START_TEST(any_bytes_are_safe)
{
	static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };
	unsigned int i, x = 12345;

	for (i = 0; i < 200000; i++) {
		x = x * 1103515245u + 12345u;
		if (x & 0x10000)
			out(ports[(x >> 8) % 6], (uint8_t)(x >> 20));
		else
			line((x >> 8) % 18, x & 0x20000);
		if (x & 0x40000)
			(void)in(ports[(x >> 4) % 6]);
		if (waiting() >= 0 && (x & 0x80000))
			ck_assert_int_lt(vm->hooks.extint_accept(vm), 256);
	}
}
END_TEST

/* Where vm->pic_edges says that an edge changes nothing, it must not; elsewhere it mostly does. */
START_TEST(edges_without_effect)
{
	static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };
	const size_t lock_end = sizeof(void *) + sizeof(struct spinlock);
	unsigned int i, x = 4711, nr_without = 0;
	uint8_t before[512];

	for (i = 0; i < 100000; i++) {
		uint32_t irq = x >> 24 & 15;

		x = x * 1103515245u + 12345u;
		if ((x & 0x30000) == 0x30000)
			out(ports[(x >> 8) % 6], (uint8_t)(x >> 20));
		else if (x & 0x10000)
			line((x >> 8) % 16, x & 0x40000);
		else if (waiting() >= 0 && (x & 0x40000))
			ck_assert_int_lt(vm->hooks.extint_accept(vm), 256);
		if (vm->pic_edges >> irq & 1)
			continue;
		nr_without++;
		memcpy(before, vm->vpic, sizeof(before));
		pulse(irq);
		ck_assert(!memcmp(before + lock_end, (uint8_t *)vm->vpic + lock_end, sizeof(before) - lock_end));
	}
	ck_assert_uint_gt(nr_without, 1000);
	out(0x4d0, 0);
	line(4, false);
	init(1, 1);
	ck_assert(vm->pic_edges >> 4 & 1);
	out(0x21, 0xff);
	pulse(4);
	ck_assert(!(vm->pic_edges >> 4 & 1));
	line(4, true);
	ck_assert(vm->pic_edges >> 4 & 1);
}
END_TEST

START_TEST(create_errors)
{
	struct vm *other = fake_vm_create(0);

	fake_mem_empty = true;
	ck_assert_int_eq(vpic_create(other), -ENOMEM);
	fake_mem_empty = false;
	fake_vm_destroy(other);
}
END_TEST

static int nobody(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	(void)vcpu;
	(void)dev;
	(void)acc;
	return IO_DONE;
}

START_TEST(create_unwinds)
{
	struct vm *other = fake_vm_create(0);

	ck_assert_int_eq(io_region_add(other, &(struct io_region){ IO_PORT, 0x4d0, 1, nobody, NULL }), 0);
	ck_assert_int_eq(vpic_create(other), -EEXIST);
	ck_assert_ptr_null(other->vpic);
	ck_assert_uint_eq(fake_mem_pages, 1);	/* this fixture's own */
	ck_assert_uint_eq(fake_io_nr_regions(), 4);
	io_region_remove(other, IO_PORT, 0x4d0);
	fake_vm_destroy(other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vpic");
	TCase *c = tcase_create("vpic");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, silent_until_initialised);
	tcase_add_test(c, priorities_nest);
	tcase_add_test(c, mask);
	tcase_add_test(c, cascade);
	tcase_add_test(c, special_fully_nested);
	tcase_add_test(c, automatic_eoi);
	tcase_add_test(c, rotation);
	tcase_add_test(c, special_mask_mode);
	tcase_add_test(c, poll);
	tcase_add_test(c, level_inputs);
	tcase_add_test(c, spurious);
	tcase_add_test(c, wide_accesses);
	tcase_add_test(c, any_bytes_are_safe);
	tcase_add_test(c, edges_without_effect);
	tcase_add_test(c, create_errors);
	tcase_add_test(c, create_unwinds);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
