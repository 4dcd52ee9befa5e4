/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual 16550A: detection as drivers do it, interrupts, loopback, console and inter-VM ends. */
/* unit: hypervisor/emul/vuart.c hypervisor/lib/ring.c tests/fake/vm_vm.c tests/fake/vm_mem.c tests/fake/vm_virq.c tests/fake/vm_io.c */
#include <check.h>
#include <stdlib.h>

#include "vm_io.h"
#include "vm_mem.h"
#include "vm_virq.h"
#include "vm_vm.h"
#include "emul/vuart.h"
#include "lib/errno.h"

#define BASE	0x3f8u
#define IRQ	4u
#define PEER	0x2f8u
#define PEER_IRQ 3u

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = 2 };

static const struct scenario_vuart console = { .type = SCENARIO_VUART_CONSOLE, .irq = IRQ, .io_base = BASE };
static const struct scenario_vuart link_a = { .type = SCENARIO_VUART_INTER_VM, .irq = IRQ, .io_base = BASE };
static const struct scenario_vuart link_b = { .type = SCENARIO_VUART_INTER_VM, .irq = PEER_IRQ, .io_base = PEER };

static struct vm *vm, *other;
static struct vcpu *v;
static struct vuart *u;
static uint16_t base;

/* Next byte the guest wrote, or -1. */
static int console_get(struct vuart *from)
{
	char byte;

	return vuart_console_read(from, &byte, 1) ? (uint8_t)byte : -1;
}

static void out(unsigned int reg, uint8_t value)
{
	fake_out(v, (uint16_t)(base + reg), value);
	ck_assert_int_eq(fake_io_result, IO_DONE);
}

static uint8_t in(unsigned int reg)
{
	return fake_in(v, (uint16_t)(base + reg));
}

static void setup(void)
{
	fake_io_reset();
	fake_virq = (struct fake_virq){ 0 };
	vm = fake_vm_create(1);
	other = fake_vm_create(1);
	v = vm->vcpus[0];
	base = BASE;
	ck_assert_int_eq(vuart_create(vm, 0, &console), 0);
	u = vm->vuart[0];
}

static void teardown(void)
{
	vuart_destroy(vm, 0);
	vuart_destroy(other, 0);
	fake_vm_destroy(vm);
	fake_vm_destroy(other);
	ck_assert_uint_eq(fake_mem_pages, 0);
	ck_assert_uint_eq(fake_io_nr_regions(), 0);
}

static void setup_link(void)
{
	setup();
	vuart_destroy(vm, 0);
	ck_assert_int_eq(vuart_create(vm, 0, &link_a), 0);
	ck_assert_int_eq(vuart_create(other, 0, &link_b), 0);
	u = vm->vuart[0];
	vuart_connect(u, other->vuart[0]);
}

/* Which end the register accesses go to. */
static void at(bool a)
{
	v = a ? vm->vcpus[0] : other->vcpus[0];
	base = a ? BASE : PEER;
}

static void type(const char *s)
{
	for (; *s; s++)
		ck_assert(vuart_console_put(u, (uint8_t)*s));
}

/* The order in which Linux' 8250 driver finds out what a port is. */
START_TEST(autodetect)
{
	uint8_t status1, status2;

	out(IER, 0);
	ck_assert_uint_eq(in(IER) & 0x0f, 0);
	out(IER, 0x0f);
	ck_assert_uint_eq(in(IER), 0x0f);
	out(IER, 0xff);
	ck_assert_uint_eq(in(IER), 0x0f);
	out(IER, 0);
	/* Loopback reflects the modem outputs. */
	out(MCR, 0x1a);
	ck_assert_uint_eq(in(MSR) & 0xf0, 0x90);
	out(MCR, 0x15);
	ck_assert_uint_eq(in(MSR) & 0xf0, 0x60);
	out(MCR, 0);
	/* FIFO bits; no enhanced feature register; not a 16750. */
	out(LCR, 0xbf);
	out(FCR, 0);
	out(LCR, 0);
	out(FCR, 0x01);
	ck_assert_uint_eq(in(IIR) >> 6, 3);
	out(LCR, 0xbf);
	ck_assert_uint_ne(in(2), 0);
	out(LCR, 0);
	status1 = in(MCR);
	out(LCR, 0xe0);
	status2 = in(2);
	ck_assert_uint_eq((status1 ^ status2) & 0x10, 0);
	out(LCR, 0);
	out(FCR, 0x21);
	ck_assert_uint_eq(in(IIR) & 0x20, 0);
	out(LCR, 0x80);
	out(FCR, 0x21);
	ck_assert_uint_eq(in(IIR) & 0x20, 0);
	/* Scratch and divisor. */
	out(SCR, 0xa5);
	ck_assert_uint_eq(in(SCR), 0xa5);
	out(DATA, 0x0c);
	out(IER, 0x01);
	ck_assert_uint_eq(in(DATA), 0x0c);
	ck_assert_uint_eq(in(IER), 0x01);
	out(LCR, 0x03);
	ck_assert_uint_eq(in(LCR), 0x03);
	ck_assert_uint_eq(in(IER), 0);
	ck_assert_int_eq(console_get(u), -1);
	out(FCR, 0);
	ck_assert_uint_eq(in(IIR), 0x01);
}
END_TEST

START_TEST(thre_interrupt)
{
	out(MCR, 0x08);
	ck_assert(!fake_virq.line[IRQ]);
	out(IER, 0x02);			/* empty: interrupts at once */
	ck_assert(fake_virq.line[IRQ]);
	ck_assert_uint_eq(in(IIR), 0x02);
	ck_assert(!fake_virq.line[IRQ]);	/* reading it as the cause clears it */
	ck_assert_uint_eq(in(IIR), 0x01);
	out(DATA, 'x');			/* sent at once, empty again */
	ck_assert_uint_eq(fake_virq.rises[IRQ], 2);
	ck_assert_uint_eq(in(LSR), 0x60);
	ck_assert_uint_eq(in(IIR), 0x02);
	/* The test for parts that lose it when it is enabled again. */
	out(IER, 0);
	out(IER, 0x02);
	ck_assert_uint_eq(in(IIR), 0x02);
	out(IER, 0x02);			/* no change: nothing new */
	ck_assert_uint_eq(in(IIR), 0x01);
	ck_assert_int_eq(console_get(u), 'x');
	ck_assert_int_eq(console_get(u), -1);
}
END_TEST

START_TEST(no_interrupt_without_out2)
{
	out(IER, 0x02);
	ck_assert(!fake_virq.line[IRQ]);
	out(MCR, 0x08);
	ck_assert(fake_virq.line[IRQ]);
	out(MCR, 0x18);			/* loopback takes OUT2 off the pin */
	ck_assert(!fake_virq.line[IRQ]);
}
END_TEST

START_TEST(receive)
{
	out(MCR, 0x0b);
	out(FCR, 0x01);
	out(IER, 0x01);
	type("ab");
	ck_assert(fake_virq.line[IRQ]);
	ck_assert_uint_eq(in(IIR), 0xc4);
	ck_assert_uint_eq(in(LSR), 0x61);
	ck_assert_uint_eq(in(DATA), 'a');
	ck_assert(fake_virq.line[IRQ]);
	ck_assert_uint_eq(in(DATA), 'b');
	ck_assert(!fake_virq.line[IRQ]);
	ck_assert_uint_eq(in(LSR), 0x60);
	ck_assert_uint_eq(in(DATA), 0);
	/* Trigger at 8: fewer bytes come as a timeout. */
	out(FCR, 0x81);
	type("1234567");
	ck_assert_uint_eq(in(IIR), 0xcc);
	type("8");
	ck_assert_uint_eq(in(IIR), 0xc4);
	out(FCR, 0x83);
	ck_assert_uint_eq(in(IIR), 0xc1);
	ck_assert(!fake_virq.line[IRQ]);
	type("z");
	out(FCR, 0x00);			/* changing the mode empties it */
	ck_assert_uint_eq(in(LSR), 0x60);
}
END_TEST

START_TEST(cause_order)
{
	out(MCR, 0x10);
	out(DATA, 1);
	out(DATA, 2);			/* overrun without FIFO */
	out(IER, 0x0f);
	out(MCR, 0x1b);			/* modem inputs change too */
	ck_assert_uint_eq(in(IIR), 0x06);
	ck_assert_uint_eq(in(LSR), 0x63);
	ck_assert_uint_eq(in(LSR), 0x61);
	ck_assert_uint_eq(in(IIR), 0x04);
	ck_assert_uint_eq(in(DATA), 1);
	ck_assert_uint_eq(in(IIR), 0x02);
	ck_assert_uint_eq(in(IIR), 0x00);
	ck_assert_uint_eq(in(MSR), 0xbb);	/* they fell and came back */
	ck_assert_uint_eq(in(IIR), 0x01);
}
END_TEST

START_TEST(loopback_fifo)
{
	unsigned int i;

	out(FCR, 0x01);
	out(MCR, 0x10);
	ck_assert(!vuart_console_put(u, 'q'));	/* the receiver is off the line */
	for (i = 0; i < 20; i++)
		out(DATA, (uint8_t)i);
	ck_assert_uint_eq(in(LSR), 0x63);
	for (i = 0; i < 16; i++)
		ck_assert_uint_eq(in(DATA), i);
	ck_assert_uint_eq(in(LSR), 0x60);
	ck_assert_int_eq(console_get(u), -1);
	/* RI counts when it falls. */
	out(MCR, 0x14);
	(void)in(MSR);
	out(MCR, 0x10);
	ck_assert_uint_eq(in(MSR), 0x04);
	out(MCR, 0x14);
	ck_assert_uint_eq(in(MSR), 0x40);
}
END_TEST

START_TEST(output_ring_keeps_the_newest)
{
	unsigned int i;

	for (i = 0; i < 0x10000 + 5; i++)
		out(DATA, (uint8_t)(i / 256));
	ck_assert_uint_eq(vuart_dropped(u), 5);
	ck_assert_int_eq(console_get(u), 0);
	for (i = 1; i < 0x10000 - 5; i++)
		(void)console_get(u);
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(console_get(u), 0x10000 / 256 % 256);
	ck_assert_int_eq(console_get(u), -1);
}
END_TEST

START_TEST(input_ring_fills)
{
	unsigned int n = 0;

	while (vuart_console_put(u, (uint8_t)n))
		n++;
	ck_assert_uint_eq(n, 4096);
	(void)in(DATA);
	ck_assert(vuart_console_put(u, 1));
}
END_TEST

START_TEST(wide_accesses)
{
	fake_io_write(v, IO_PORT, BASE + LCR, 2, 0x0803);
	ck_assert_uint_eq(in(LCR), 0x03);
	ck_assert_uint_eq(in(MCR), 0x08);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, BASE + MSR, 4), 0xffff00b0);
	fake_io_write(v, IO_PORT, BASE + SCR, 4, 0x11223344);
	ck_assert_uint_eq(in(SCR), 0x44);
}
END_TEST

START_TEST(reset)
{
	out(MCR, 0x0b);
	out(IER, 0x0f);
	out(FCR, 0xc1);
	out(SCR, 1);
	out(DATA, 'k');
	type("in");
	ck_assert(fake_virq.line[IRQ]);
	vuart_reset(vm, 0);
	ck_assert(!fake_virq.line[IRQ]);
	ck_assert_uint_eq(in(IER) | in(LCR) | in(MCR) | in(SCR), 0);
	ck_assert_uint_eq(in(IIR), 0x01);
	ck_assert_uint_eq(in(LSR), 0x60);
	ck_assert_uint_eq(in(MSR), 0xb0);
	ck_assert_int_eq(console_get(u), 'k');
}
END_TEST

START_TEST(create_errors)
{
	static const struct scenario_vuart none = { .type = SCENARIO_VUART_NONE };

	ck_assert_int_eq(vuart_create(vm, SCENARIO_MAX_VUARTS, &link_b), -EINVAL);
	ck_assert_int_eq(vuart_create(vm, 1, &none), -EINVAL);
	ck_assert_int_eq(vuart_create(vm, 1, &console), -EEXIST);
	fake_mem_empty = true;
	ck_assert_int_eq(vuart_create(vm, 1, &link_b), -ENOMEM);
	fake_mem_empty = false;
	ck_assert_ptr_null(vm->vuart[1]);
	/* A console is nobody's peer. */
	ck_assert_int_eq(vuart_create(vm, 1, &link_b), 0);
	vuart_connect(u, vm->vuart[1]);
	vuart_connect(vm->vuart[1], vm->vuart[1]);
	ck_assert_int_eq(console_get(vm->vuart[1]), -1);
	ck_assert(!vuart_console_put(vm->vuart[1], 1));
	vuart_destroy(vm, 1);
}
END_TEST

START_TEST(bytes_cross)
{
	unsigned int i;

	at(false);
	out(MCR, 0x08);
	out(IER, 0x01);
	at(true);
	out(DATA, 'h');
	ck_assert(fake_virq.line[PEER_IRQ]);
	at(false);
	ck_assert_uint_eq(in(IIR), 0x04);
	ck_assert_uint_eq(in(DATA), 'h');
	ck_assert(!fake_virq.line[PEER_IRQ]);
	/* More than the receive ring: the rest waits on the sender's side, in order. */
	at(true);
	for (i = 0; i < 10000; i++)
		out(DATA, (uint8_t)(i % 251));
	at(false);
	for (i = 0; i < 10000; i++)
		ck_assert_uint_eq(in(DATA), i % 251);
	ck_assert_uint_eq(in(LSR), 0x60);
	ck_assert_uint_eq(vuart_dropped(u), 0);
	/* Emptying the receiver lets the next ones in. */
	at(true);
	for (i = 0; i < 5000; i++)
		out(DATA, 7);
	at(false);
	out(FCR, 0x01);
	ck_assert_uint_eq(in(LSR), 0x61);
}
END_TEST

START_TEST(modem_lines_cross)
{
	ck_assert_uint_eq(in(MSR), 0);
	at(false);
	out(MCR, 0x03);
	at(true);
	ck_assert_uint_eq(in(MSR), 0xbb);	/* CTS, DSR and DCD came up */
	ck_assert_uint_eq(in(MSR), 0xb0);
	out(MCR, 0x08);
	out(IER, 0x08);
	ck_assert(!fake_virq.line[IRQ]);
	at(false);
	out(MCR, 0x01);
	ck_assert(fake_virq.line[IRQ]);
	at(true);
	ck_assert_uint_eq(in(IIR), 0x00);
	ck_assert_uint_eq(in(MSR), 0xa1);
	ck_assert(!fake_virq.line[IRQ]);
}
END_TEST

START_TEST(peer_goes_and_comes_back)
{
	at(false);
	out(MCR, 0x03);
	at(true);
	(void)in(MSR);
	vuart_destroy(other, 0);
	ck_assert_uint_eq(in(MSR), 0x0b);
	out(DATA, 'x');				/* lost, as on a loose cable */
	ck_assert_int_eq(vuart_create(other, 0, &link_b), 0);
	vuart_connect(other->vuart[0], u);
	vuart_connect(other->vuart[0], u);
	out(DATA, 'y');
	at(false);
	ck_assert_uint_eq(in(DATA), 'y');
	ck_assert_uint_eq(in(LSR), 0x60);
	vuart_reset(other, 0);
	at(true);
	out(MCR, 0x12);				/* in loopback the outputs are off the line */
	at(false);
	ck_assert_uint_eq(in(MSR), 0);
	out(DATA, 'z');				/* waits until the peer listens again */
	at(true);
	ck_assert_uint_eq(in(LSR), 0x60);
	out(MCR, 0x02);
	ck_assert_uint_eq(in(DATA), 'z');
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vuart");
	TCase *c = tcase_create("console"), *l = tcase_create("link");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, autodetect);
	tcase_add_test(c, thre_interrupt);
	tcase_add_test(c, no_interrupt_without_out2);
	tcase_add_test(c, receive);
	tcase_add_test(c, cause_order);
	tcase_add_test(c, loopback_fifo);
	tcase_add_test(c, output_ring_keeps_the_newest);
	tcase_add_test(c, input_ring_fills);
	tcase_add_test(c, wide_accesses);
	tcase_add_test(c, reset);
	tcase_add_test(c, create_errors);
	tcase_add_checked_fixture(l, setup_link, teardown);
	tcase_add_test(l, bytes_cross);
	tcase_add_test(l, modem_lines_cross);
	tcase_add_test(l, peer_goes_and_comes_back);
	suite_add_tcase(s, c);
	suite_add_tcase(s, l);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
