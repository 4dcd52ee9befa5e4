/* SPDX-License-Identifier: BSD-3-Clause */
/* The 16550: what Linux's probe looks at, interrupts, FIFOs, loopback, and a backend without room. */
/* unit: devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/log.c devicemodel/core/irq.c devicemodel/core/mem.c tests/fake/dm_vm.c tests/fake/dm_hsm.c devicemodel/platform/uart.c tests/fake/dm_chr.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "dm_chr.h"
#include "dm_hsm.h"
#include "dm_vm.h"
#include "platform/platform.h"
#include "public/irq.h"

#define COM1	0x3F8
#define IRQ	4

static struct vm vm;
static void *state;

static void setup(void)
{
	fake_hsm_clear();
	memset(&fake_chr, 0, sizeof(fake_chr));
	fake_vm_open(&vm, 0, 1);
	config_set(&vm.config, "lpc.com1", "stdio");
	ck_assert_int_eq(uart_ops.init(&vm, &state), 0);
}

static void teardown(void)
{
	uart_ops.fini(state);
	ck_assert_int_eq(fake_chr.nr_open, 0);
	fake_vm_close(&vm);
}

static uint8_t in(unsigned int reg)
{
	return fake_in(&vm, COM1 + reg, 1);
}

static void out(unsigned int reg, uint8_t value)
{
	fake_out(&vm, COM1 + reg, 1, value);
}

/* The line's level, by the last record. */
static bool irq_high(void)
{
	return fake_hsm.nr_irqs && fake_hsm.irq[fake_hsm.nr_irqs - 1].op == IRQLINE_SET_HIGH;
}

START_TEST(only_configured_ports_exist)
{
	ck_assert_uint_eq(fake_in(&vm, 0x2FD, 1), 0xFF);
	ck_assert_uint_eq(in(5), 0x60);
	ck_assert_str_eq(fake_chr.spec, "stdio");
}
END_TEST

/* drivers/tty/serial/8250: scratch, IER's upper bits, modem loopback, FIFO type. */
START_TEST(linux_finds_a_16550a)
{
	out(1, 0xFF);
	ck_assert_uint_eq(in(1), 0x0F);
	out(1, 0);
	out(7, 0x5A);
	ck_assert_uint_eq(in(7), 0x5A);
	out(4, 0x1A);
	ck_assert_uint_eq(in(6) & 0xF0, 0x90);
	out(4, 0);
	ck_assert_uint_eq(in(6) & 0xF0, 0xB0);
	out(2, 1);
	ck_assert_uint_eq(in(2) >> 6, 3);
	out(2, 0);
	ck_assert_uint_eq(in(2), 0x01);
	out(3, 0x80);
	out(0, 0x34);
	out(1, 0x12);
	ck_assert_uint_eq(fake_in(&vm, COM1, 2), 0x1234);
	out(3, 0x03);
	ck_assert_uint_eq(fake_chr.nr_out, 0);
}
END_TEST

START_TEST(transmit_and_its_interrupt)
{
	out(0, 'a');
	ck_assert(!irq_high());
	out(1, 2);				/* enabling with THR empty raises at once */
	ck_assert(irq_high());
	ck_assert_uint_eq(in(2), 0x02);		/* reading clears it */
	ck_assert(!irq_high());
	ck_assert_uint_eq(in(2), 0x01);
	out(0, 'b');
	ck_assert(irq_high());
	out(1, 0);
	ck_assert(!irq_high());
	ck_assert_uint_eq(fake_chr.nr_out, 2);
	ck_assert(memcmp(fake_chr.out, "ab", 2) == 0);
}
END_TEST

START_TEST(full_backend_holds_thr)
{
	out(1, 2);
	in(2);
	fake_chr.full = true;
	out(0, 'x');
	ck_assert_uint_eq(in(5) & 0x60, 0);
	ck_assert(!irq_high());
	fake_chr_drain();
	ck_assert(irq_high());
	ck_assert_uint_eq(in(5) & 0x60, 0x60);
	ck_assert_uint_eq(fake_chr.nr_out, 1);
	ck_assert_uint_eq(fake_chr.out[0], 'x');
}
END_TEST

START_TEST(receive_with_fifo)
{
	out(2, 0xC1);				/* trigger at 14 */
	out(1, 1);
	fake_chr_input("hello");
	ck_assert(irq_high());
	ck_assert_uint_eq(in(2) & 0x0F, 0x0C);	/* fewer than the trigger: time-out */
	ck_assert(in(5) & 1);
	for (const char *p = "hello"; *p; p++)
		ck_assert_uint_eq(in(0), (uint8_t)*p);
	ck_assert(!irq_high());
	ck_assert_uint_eq(in(5) & 1, 0);
	fake_chr_input("0123456789abcdefWXYZ");	/* 16 fit, 4 wait */
	ck_assert_uint_eq(fake_chr.nr_held, 4);
	ck_assert_uint_eq(in(2) & 0x0F, 0x04);
	for (const char *p = "0123456789abcdefWXYZ"; *p; p++)
		ck_assert_uint_eq(in(0), (uint8_t)*p);
	ck_assert_uint_eq(in(5), 0x60);		/* nothing left, nothing overrun */
}
END_TEST

START_TEST(receive_without_fifo)
{
	fake_chr_input("ab");
	ck_assert_uint_eq(fake_chr.nr_held, 1);
	ck_assert_uint_eq(in(0), 'a');
	ck_assert_uint_eq(in(0), 'b');
	ck_assert_uint_eq(in(0), 0);
}
END_TEST

START_TEST(loopback)
{
	out(4, 0x10);
	out(0, 'q');
	ck_assert_uint_eq(fake_chr.nr_out, 0);
	out(0, 'r');				/* no FIFO: overrun */
	ck_assert_uint_eq(in(5), 0x63);
	ck_assert_uint_eq(in(5), 0x61);
	ck_assert_uint_eq(in(0), 'q');
}
END_TEST

START_TEST(modem_changes_interrupt)
{
	out(1, 8);
	ck_assert(!irq_high());
	out(4, 0x10);				/* loopback drops CTS, DSR and DCD */
	ck_assert(irq_high());
	ck_assert_uint_eq(in(2) & 0x0F, 0x00);
	ck_assert_uint_eq(in(6), 0x0B);
	ck_assert(!irq_high());
}
END_TEST

START_TEST(reset_clears)
{
	out(2, 1);
	out(1, 3);
	fake_chr_input("zz");
	uart_ops.reset(state);
	ck_assert(!irq_high());
	ck_assert_uint_eq(in(1), 0);
	ck_assert_uint_eq(in(5), 0x60);
}
END_TEST

START_TEST(odd_accesses)
{
	for (unsigned int reg = 0; reg < 8; reg++)
		for (unsigned int size = 1; size <= 4; size *= 2) {
			fake_out(&vm, COM1 + reg, size, 0xFFFFFFFF);
			fake_in(&vm, COM1 + reg, size);
		}
	ck_assert_uint_eq(fake_in(&vm, COM1 + 6, 4), 0xFFFFFFFF);	/* crosses the end: nobody's */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dm_uart");
	TCase *tc = tcase_create("uart");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, only_configured_ports_exist);
	tcase_add_test(tc, linux_finds_a_16550a);
	tcase_add_test(tc, transmit_and_its_interrupt);
	tcase_add_test(tc, full_backend_holds_thr);
	tcase_add_test(tc, receive_with_fifo);
	tcase_add_test(tc, receive_without_fifo);
	tcase_add_test(tc, loopback);
	tcase_add_test(tc, modem_changes_interrupt);
	tcase_add_test(tc, reset_clears);
	tcase_add_test(tc, odd_accesses);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
