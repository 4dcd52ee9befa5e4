/* SPDX-License-Identifier: BSD-3-Clause */
/* Console sinks: a 16550 UART, Bochs' debug port, the screen. */
#include "log/console.h"

#include "lib/printf.h"
#include "lib/spinlock.h"
#include "lib/util.h"
#include "log/panic.h"
#include "log/screen.h"
#include "log/uart.h"
#include "x86/insn.h"

#define BOCHS_PORT	0xe9	/* reads back its own number where it exists */
/* Bytes that wait for the UART. Long: who can wait brings no more; so long that VMs' lines and the log's hardly change places. */
#define QUEUE_LONG	8192u
#define QUEUE_SHORT	(QUEUE_LONG - 64)	/* time to bring a little more */
#define INTERRUPT_POLLS	100000u	/* an idle transmitter raises its interrupt within microseconds */

static struct spinlock lock = SPINLOCK_INIT;
static bool bochs_port;
static bool screen_on;		/* off again once a VM owns the screen */
static bool room_wanted;	/* [lock] console_has_room() said no */
static uint32_t nr_interrupts;	/* [lock] */

/* `n` bytes that hold no "\n" but as the last one. */
static void put_line(const char *s, size_t n)
{
	bool in_panic = panic_active(), ends = n && s[n - 1] == '\n';
	size_t i;

	for (i = 0; bochs_port && i < n; i++)
		outb(BOCHS_PORT, (uint8_t)s[i]);
	uart_write(s, n - ends, in_panic);
	if (ends)
		uart_write("\r\n", 2, in_panic);
	for (i = 0; (screen_on || unlikely(in_panic)) && i < n; i++)
		screen_put(s[i]);
}

static void put(const char *s, size_t n)
{
	size_t start = 0, i;

	for (i = 0; i < n; i++) {
		if (s[i] != '\n')
			continue;
		put_line(s + start, i + 1 - start);
		start = i + 1;
	}
	put_line(s + start, n - start);
}

/* See the header. */
void console_screen(const struct screen *s)
{
	screen_on = s && !uart_is_open() && screen_open(s);
}

/* Finds the sinks that exist (see the header). Boot CPU. */
void console_init(uint16_t uart_port)
{
	bochs_port = inb(BOCHS_PORT) == BOCHS_PORT;
	(void)uart_open(uart_port);
}

/* Writes `n` bytes, "\n" ends a line. Any context but NMI; in a panic any. */
void console_write(const char *s, size_t n)
{
	/* A dying CPU may have been stopped while it held the lock: the last words matter more. */
	bool locked = !panic_active();

	if (locked)
		spin_lock(&lock);
	put(s, n);
	if (locked) {
		uart_start();
		spin_unlock(&lock);
	}
}

/* Formats (at most 511 characters) and writes. Context as console_write(). */
void console_printf(const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_write(text, MIN((size_t)n, sizeof(text) - 1));
}

/* See the header. */
void console_flush(void)
{
	bool locked = !panic_active();

	if (locked)
		spin_lock(&lock);
	uart_flush();
	if (locked)
		spin_unlock(&lock);
}

/* See the header. */
bool console_has_room(void)
{
	bool room;

	spin_lock(&lock);
	room = uart_waiting() < QUEUE_LONG;
	room_wanted = !room;
	spin_unlock(&lock);
	return room;
}

/* See the header. */
int console_getc(void)
{
	int c;

	spin_lock(&lock);
	c = uart_get();
	spin_unlock(&lock);
	return c;
}

/* See the header. */
bool console_has_uart(void)
{
	return uart_is_open();
}

/* See the header. */
bool console_interrupt(void)
{
	bool wake;

	spin_lock(&lock);
	nr_interrupts++;
	uart_interrupt();
	wake = uart_has_typed() || (room_wanted && uart_waiting() < QUEUE_SHORT);
	spin_unlock(&lock);
	return wake;
}

/* See the header. */
bool console_use_interrupts(void)
{
	unsigned int i;

	uart_use_interrupts(true);
	for (i = 0; i < INTERRUPT_POLLS && !READ_ONCE(nr_interrupts); i++)
		cpu_sti_nop_cli();
	if (!nr_interrupts)
		uart_use_interrupts(false);
	return nr_interrupts;
}

/* See the header. */
bool console_is_bochs(void)
{
	return bochs_port;
}
