/* SPDX-License-Identifier: BSD-3-Clause */
/* Console sinks: a 16550 UART (polled, FIFO) and Bochs' debug port. */
#include "log/console.h"

#include "lib/printf.h"
#include "lib/spinlock.h"
#include "lib/util.h"
#include "log/panic.h"
#include "log/screen.h"
#include "x86/insn.h"

/* 16550 registers (offset from the base port) and bits. */
#define UART_DATA	0
#define UART_IER	1
#define UART_FCR	2
#define UART_LCR	3
#define UART_MCR	4
#define UART_LSR	5
#define UART_SCR	7
#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define FCR_ENABLE	0x07	/* on, both queues emptied */
#define MCR_DTR_RTS	0x03
#define MCR_OUT2	0x08	/* lets the interrupt out on a PC */
#define IER_RX		0x01
#define LSR_DATA_READY	0x01
#define LSR_THR_EMPTY	0x20
#define LSR_IDLE	0x40	/* queue and shift register empty */
#define FIFO_DEPTH	16u
#define DIVISOR_115200	1

#define TYPED_MAX	128u	/* power of two */
#define BOCHS_PORT	0xe9	/* reads back its own number where it exists */

/* A UART that stays busy longer than this many polls is taken for dead: far over 16 characters' time. */
#define MAX_POLLS	1000000u

static struct spinlock lock = SPINLOCK_INIT;
static uint16_t uart;		/* 0: none */
static bool bochs_port;
static bool screen_on;		/* off again once a VM owns the screen */
static uint8_t typed[TYPED_MAX];	/* [lock] */
static uint32_t typed_in, typed_out;	/* [lock] bytes ever put into and taken out of it */
static uint32_t fifo_left;	/* [lock] characters the transmit FIFO still takes without a look */

static bool uart_present(uint16_t port)
{
	outb(port + UART_SCR, 0x5a);
	return inb(port + UART_SCR) == 0x5a;
}

static void uart_init(uint16_t port)
{
	outb(port + UART_IER, 0);
	outb(port + UART_LCR, LCR_DLAB | LCR_8N1);
	outb(port + UART_DATA, DIVISOR_115200);
	outb(port + UART_IER, 0);
	outb(port + UART_LCR, LCR_8N1);
	outb(port + UART_FCR, FCR_ENABLE);
	outb(port + UART_MCR, MCR_DTR_RTS);
	fifo_left = 0;
}

/* Typed while we print: the UART's own queue of 16 would overrun. [lock] */
static void keep_typed(uint8_t lsr)
{
	if ((lsr & LSR_DATA_READY) && typed_in - typed_out < TYPED_MAX)
		typed[typed_in++ % TYPED_MAX] = inb(uart + UART_DATA);
}

static void uart_put(char c)
{
	if (!fifo_left) {
		uint32_t polls = 0;
		uint8_t lsr;

		while (!((lsr = inb(uart + UART_LSR)) & LSR_THR_EMPTY)) {
			keep_typed(lsr);
			if (++polls == MAX_POLLS) {
				uart = 0;
				return;
			}
			cpu_pause();
		}
		fifo_left = FIFO_DEPTH;
	}
	outb(uart + UART_DATA, (uint8_t)c);
	fifo_left--;
}

static void put(char c)
{
	if (bochs_port)
		outb(BOCHS_PORT, (uint8_t)c);
	if (uart && c == '\n')
		uart_put('\r');
	if (uart)
		uart_put(c);
	if (screen_on || unlikely(panic_active()))
		screen_put(c);
}

/* See the header. */
void console_screen(const struct screen *s)
{
	screen_on = s && !uart && screen_open(s);
}

/* Finds the sinks that exist (see the header). Boot CPU. */
void console_init(uint16_t uart_port)
{
	bochs_port = inb(BOCHS_PORT) == BOCHS_PORT;
	uart = 0;
	if (uart_port && uart_present(uart_port)) {
		uart_init(uart_port);
		uart = uart_port;
	}
}

/* Writes `n` bytes, "\n" ends a line. Any context but NMI; in a panic any. */
void console_write(const char *s, size_t n)
{
	/* A dying CPU may have been stopped while it held the lock: the last words matter more. */
	bool locked = !panic_active();

	if (locked)
		spin_lock(&lock);
	for (size_t i = 0; i < n; i++)
		put(s[i]);
	if (locked)
		spin_unlock(&lock);
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
	for (uint32_t polls = 0; uart && polls < MAX_POLLS; polls++) {
		if (inb(uart + UART_LSR) & LSR_IDLE)
			break;
		cpu_pause();
	}
}

/* See the header. One CPU at a time. */
int console_getc(void)
{
	int c = -1;

	if (!uart)
		return -1;
	spin_lock(&lock);
	if (typed_in != typed_out)
		c = typed[typed_out++ % TYPED_MAX];
	else if (inb(uart + UART_LSR) & LSR_DATA_READY)
		c = inb(uart + UART_DATA);
	spin_unlock(&lock);
	return c;
}

/* See the header. */
bool console_rx_interrupt(void)
{
	if (!uart)
		return false;
	outb(uart + UART_MCR, MCR_DTR_RTS | MCR_OUT2);
	outb(uart + UART_IER, IER_RX);
	return true;
}

/* See the header. */
bool console_is_bochs(void)
{
	return bochs_port;
}
