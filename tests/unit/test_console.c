/* SPDX-License-Identifier: BSD-3-Clause */
/* The console's UART, by polling and by interrupts, against a model of a 16550. */
/* unit: hypervisor/log/console.c hypervisor/log/uart.c hypervisor/lib/ring.c hypervisor/lib/printf.c tests/fake/hv_string.c */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "log/console.h"
#include "log/panic.h"
#include "log/screen.h"
#include "log/uart.h"
#include "x86/insn.h"

#define COM1	0x3f8
#define DEPTH	16u

/* The model: queues, the interrupt line, and whether anybody serves it. */
static struct {
	uint8_t tx[DEPTH], rx[DEPTH], ier, mcr, scr;
	unsigned int nr_tx, nr_rx, nr_irqs, nr_overruns, nr_polls;
	bool thr_event, absent, deaf, dead, forgets;
	char wire[65536];
	size_t sent;
} m;

static bool in_panic;

bool panic_active(void) { return in_panic; }
bool screen_open(const struct screen *s) { return s; }
void screen_put(char c) { (void)c; }

static uint8_t iir(void)
{
	if ((m.ier & 1) && m.nr_rx)
		return 0x04;
	if ((m.ier & 2) && m.thr_event)
		return 0x02;
	return 0x01;
}

/* As much time as `n` characters take on the line. */
static void line_time(unsigned int n)
{
	for (; n && m.nr_tx && !m.dead; n--) {
		m.wire[m.sent++] = (char)m.tx[0];
		memmove(m.tx, m.tx + 1, --m.nr_tx);
		if (!m.nr_tx)
			m.thr_event = true;
	}
}

/* Edges only: the line must have fallen since. */
static void interrupts(void)
{
	if (m.deaf || !(m.mcr & 8) || (iir() & 1))
		return;
	m.nr_irqs++;
	(void)console_interrupt();
	ck_assert_msg(iir() & 1, "the line stays high: no further edge");
}

static void type(const char *s)
{
	for (; *s; s++) {
		if (m.nr_rx == DEPTH)
			m.nr_overruns++;
		else
			m.rx[m.nr_rx++] = (uint8_t)*s;
		interrupts();
	}
}

static bool port_read(uint16_t port, uint8_t size __unused, uint32_t *v)
{
	*v = 0xff;
	if (port < COM1 || port > COM1 + 7 || m.absent)
		return true;
	switch (port - COM1) {
	case 0:
		*v = m.rx[0];
		if (m.nr_rx)
			memmove(m.rx, m.rx + 1, --m.nr_rx);
		break;
	case 2:
		*v = iir();
		if (*v == 0x02 || m.forgets)
			m.thr_event = false;
		break;
	case 5:
		m.nr_polls++;
		line_time(1);
		*v = (m.nr_rx ? 1u : 0) | (m.nr_tx ? 0 : 0x60u);
		break;
	case 7:
		*v = m.scr;
		break;
	default:
		*v = 0;
	}
	return true;
}

static bool port_written(uint16_t port, uint8_t size __unused, uint32_t v)
{
	static bool dlab;

	switch (port - COM1) {
	case 0:
		if (dlab)
			break;
		ck_assert_msg(m.nr_tx < DEPTH, "the transmit FIFO overruns");
		m.tx[m.nr_tx++] = (uint8_t)v;
		m.thr_event = false;
		break;
	case 1:
		if (!dlab && !(m.ier & 2) && (v & 2) && !m.nr_tx)
			m.thr_event = true;
		if (!dlab)
			m.ier = (uint8_t)v;
		break;
	case 3:
		dlab = v & 0x80;
		break;
	case 4:
		m.mcr = (uint8_t)v;
		break;
	case 7:
		m.scr = (uint8_t)v;
		break;
	default:
		break;
	}
	return true;
}

static void setup(void)
{
	memset(&m, 0, sizeof(m));
	in_panic = false;
	fake_cpu.port_read = port_read;
	fake_cpu.port_written = port_written;
	fake_cpu.on_sti = interrupts;
	console_init(COM1);
}

static void write_text(const char *s)
{
	console_write(s, strlen(s));
}

static void time_passes(unsigned int n)
{
	while (n--) {
		line_time(1);
		interrupts();
	}
}

START_TEST(polled)
{
	write_text("before the interrupts\n");
	console_flush();
	ck_assert_str_eq(m.wire, "before the interrupts\r\n");
	ck_assert_uint_eq(m.nr_irqs, 0);
	type("ab");
	ck_assert_int_eq(console_getc(), 'a');
	ck_assert_int_eq(console_getc(), 'b');
	ck_assert_int_eq(console_getc(), -1);
	ck_assert(console_has_room());
}
END_TEST

/* No writer waits for the line, and every byte arrives in order. */
START_TEST(by_interrupt)
{
	char text[1000];
	unsigned int polls, i;

	ck_assert(console_use_interrupts());
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	polls = m.nr_polls;
	console_write(text, sizeof(text));
	ck_assert_uint_le(m.nr_polls - polls, 1);
	ck_assert_uint_lt(m.sent, 2);
	time_passes(sizeof(text) + 1);
	ck_assert_uint_eq(m.sent, sizeof(text));
	ck_assert_mem_eq(m.wire, text, sizeof(text));
	ck_assert_uint_le(m.nr_irqs, 2 + sizeof(text) / DEPTH + 1);
	ck_assert_uint_eq(m.ier, 1);
	/* An echo needs no interrupt. */
	i = m.nr_irqs;
	write_text("x");
	time_passes(3);
	ck_assert_uint_eq(m.nr_irqs, i);
	ck_assert_int_eq(m.wire[sizeof(text)], 'x');
}
END_TEST

/* Typed while much is written: both go on, nothing is lost; also where IIR, read for one cause, forgets the other. */
START_TEST(both_ways)
{
	unsigned int i, n = 0;
	int c;

	m.forgets = _i;
	ck_assert(console_use_interrupts());
	for (i = 0; i < 40; i++) {
		write_text("a line of some length that fills the FIFO\n");
		type("k");
		time_passes(5);
	}
	while ((c = console_getc()) >= 0) {
		ck_assert_int_eq(c, 'k');
		n++;
	}
	ck_assert_uint_eq(n, 40);
	time_passes(40 * 50);
	ck_assert_uint_eq(m.sent, 40 * 43);
	ck_assert_uint_eq(m.nr_overruns, 0);
}
END_TEST

/* More than the memory keeps: the writer waits, and nothing is lost or out of order. */
START_TEST(full)
{
	static char text[40000];
	unsigned int i;

	ck_assert(console_use_interrupts());
	ck_assert(console_has_room());
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('!' + i % 90);
	console_write(text, sizeof(text));
	ck_assert(!console_has_room());
	ck_assert_uint_ge(m.sent, sizeof(text) - UART_OUT_SIZE - DEPTH);
	time_passes(sizeof(text));
	ck_assert_uint_eq(m.sent, sizeof(text));
	ck_assert_mem_eq(m.wire, text, sizeof(text));
	ck_assert(console_has_room());
}
END_TEST

/* Who found no room is told when little waits, once. */
START_TEST(room_again)
{
	static char text[UART_OUT_SIZE];
	unsigned int n = 0, told = 0;

	ck_assert(console_use_interrupts());
	memset(text, 'r', sizeof(text));
	console_write(text, sizeof(text));
	ck_assert(!console_has_room());
	m.deaf = true;
	for (; n < UART_OUT_SIZE / 2 + 200; n++) {
		line_time(1);
		if (!(iir() & 1) && console_interrupt()) {
			ck_assert_uint_ge(n, UART_OUT_SIZE / 2 + 64 - 2 * DEPTH);
			told++;
		}
	}
	ck_assert_uint_ge(told, 1);
	ck_assert_uint_le(told, 200 / DEPTH);
	ck_assert(console_has_room());
}
END_TEST

/* A panic sends what waits, then its own words, though no interrupt comes any more. */
START_TEST(panic_speaks)
{
	ck_assert(console_use_interrupts());
	m.deaf = true;
	write_text("what was said before is worth more than sixteen characters. ");
	in_panic = true;
	write_text("PANIC");
	line_time(DEPTH);
	ck_assert_str_eq(m.wire, "what was said before is worth more than sixteen characters. PANIC");
}
END_TEST

START_TEST(no_interrupt)
{
	m.deaf = true;
	ck_assert(!console_use_interrupts());
	write_text("all of this, at once\n");
	console_flush();
	ck_assert_str_eq(m.wire, "all of this, at once\r\n");
	ck_assert_uint_eq(m.ier, 0);
}
END_TEST

START_TEST(no_uart)
{
	m.absent = true;
	console_init(COM1);
	ck_assert(!console_has_uart());
	write_text("to nobody");
	console_flush();
	ck_assert_int_eq(console_getc(), -1);
	ck_assert_uint_eq(m.sent, 0);
}
END_TEST

/* A UART that stops sending is given up; the machine goes on. */
START_TEST(dead_uart)
{
	m.dead = true;
	write_text("seventeen characters");
	ck_assert(!console_has_uart());
	write_text("more");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("console");
	TCase *c = tcase_create("all");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, polled);
	tcase_add_test(c, by_interrupt);
	tcase_add_loop_test(c, both_ways, 0, 2);
	tcase_add_test(c, full);
	tcase_add_test(c, room_again);
	tcase_add_test(c, panic_speaks);
	tcase_add_test(c, no_interrupt);
	tcase_add_test(c, no_uart);
	tcase_add_test(c, dead_uart);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
