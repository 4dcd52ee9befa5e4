/* SPDX-License-Identifier: BSD-3-Clause */
/* 16550 at COM1, polled, 115200 baud. */
#include "lib/console.h"

#include "lib/printf.h"
#include "x86/cr.h"
#include "x86/insn.h"

#define COM1		0x3f8
#define UART_THR	(COM1 + 0)
#define UART_DLL	(COM1 + 0)
#define UART_DLM	(COM1 + 1)
#define UART_IER	(COM1 + 1)
#define UART_FCR	(COM1 + 2)
#define UART_LCR	(COM1 + 3)
#define UART_MCR	(COM1 + 4)
#define UART_LSR	(COM1 + 5)
#define LCR_DLAB	0x80
#define LCR_8N1		0x03
#define LSR_THRE	0x20
#define LSR_TEMT	0x40
#define SPIN_LIMIT	1000000u

static bool locked;

void console_init(void)
{
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_DLAB | LCR_8N1);
	outb(UART_DLL, 1);
	outb(UART_DLM, 0);
	outb(UART_LCR, LCR_8N1);
	outb(UART_FCR, 0x07);
	outb(UART_MCR, 0x0b);	/* with OUT2: interrupts pass, if a test enables one */
}

static void wait_for(uint8_t bits)
{
	unsigned int i;

	for (i = 0; i < SPIN_LIMIT && (inb(UART_LSR) & bits) != bits; i++)
		cpu_pause();
}

static void put(char c)
{
	wait_for(LSR_THRE);
	outb(UART_THR, (uint8_t)c);
}

void console_flush(void)
{
	wait_for(LSR_THRE | LSR_TEMT);
}

void printf(const char *fmt, ...)
{
	bool was_on = read_rflags() & RFLAGS_IF;
	char text[256], *p;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cpu_cli();
	while (__atomic_exchange_n(&locked, true, __ATOMIC_ACQUIRE))
		cpu_pause();
	for (p = text; *p; p++) {
		if (*p == '\n')
			put('\r');
		put(*p);
	}
	__atomic_store_n(&locked, false, __ATOMIC_RELEASE);
	if (was_on)
		cpu_sti();
}
