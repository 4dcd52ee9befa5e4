/* SPDX-License-Identifier: BSD-3-Clause */
/* 16550 (National Semiconductor PC16550D): registers, FIFOs, interrupts. */
#include "log/uart.h"

#include "lib/ring.h"
#include "lib/util.h"
#include "x86/insn.h"

/* Offset from the base port, and bits. */
#define UART_DATA	0
#define UART_IER	1
#define UART_IIR	2	/* reading */
#define UART_FCR	2	/* writing */
#define UART_LCR	3
#define UART_MCR	4
#define UART_LSR	5
#define UART_SCR	7
#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define FCR_ENABLE	0x07	/* on, both queues emptied, an interrupt for each byte received */
#define MCR_DTR_RTS	0x03
#define MCR_OUT2	0x08	/* lets the interrupt out on a PC */
#define IER_RX		0x01
#define IER_TX		0x02
#define IIR_NONE	0x01
#define LSR_DATA_READY	0x01
#define LSR_THR_EMPTY	0x20
#define LSR_IDLE	0x40	/* queue and shift register empty */
#define FIFO_DEPTH	16u
#define DIVISOR_115200	1
#define TYPED_SIZE	128u

/* A UART that stays busy longer than this many polls is taken for dead: far over 16 characters' time. */
#define MAX_POLLS	1000000u
/* Looks in one interrupt: a UART that always has another cause must not hold the CPU. */
#define MAX_ROUNDS	64u

static uint16_t base;		/* 0: none */
static bool interrupts;
static bool tx_armed;		/* the transmit interrupt is on */
static uint32_t fifo_left;	/* characters the transmit FIFO still takes without a look */
static uint8_t out_bytes[UART_OUT_SIZE], typed_bytes[TYPED_SIZE];
static struct ring out, typed;

static bool present(uint16_t port)
{
	outb(port + UART_SCR, 0x5a);
	return inb(port + UART_SCR) == 0x5a;
}

/* See the header. */
bool uart_open(uint16_t port)
{
	ring_init(&out, out_bytes, sizeof(out_bytes));
	ring_init(&typed, typed_bytes, sizeof(typed_bytes));
	interrupts = tx_armed = false;
	fifo_left = 0;
	base = port && present(port) ? port : 0;
	if (!base)
		return false;
	outb(base + UART_IER, 0);
	outb(base + UART_LCR, LCR_DLAB | LCR_8N1);
	outb(base + UART_DATA, DIVISOR_115200);
	outb(base + UART_IER, 0);
	outb(base + UART_LCR, LCR_8N1);
	outb(base + UART_FCR, FCR_ENABLE);
	outb(base + UART_MCR, MCR_DTR_RTS);
	return true;
}

/* See the header. */
bool uart_is_open(void)
{
	return base;
}

/* What is typed while the rings or we are full is lost, as a UART loses it. */
static void receive(void)
{
	unsigned int n;

	for (n = 0; n < TYPED_SIZE && (inb(base + UART_LSR) & LSR_DATA_READY); n++) {
		uint8_t byte = inb(base + UART_DATA);

		(void)ring_write(&typed, &byte, 1);
	}
}

/* The transmit FIFO is empty. */
static void fill(void)
{
	uint8_t bytes[FIFO_DEPTH];
	uint32_t n = ring_read(&out, bytes, FIFO_DEPTH), i;

	for (i = 0; i < n; i++)
		outb(base + UART_DATA, bytes[i]);
	fifo_left = 0;
}

static void arm_tx(bool on)
{
	if (tx_armed == on)
		return;
	tx_armed = on;
	outb(base + UART_IER, IER_RX | (on ? IER_TX : 0));
}

static void put_polled(uint8_t c)
{
	if (!fifo_left) {
		uint32_t polls = 0;
		uint8_t lsr;

		while (!((lsr = inb(base + UART_LSR)) & LSR_THR_EMPTY)) {
			/* The receive FIFO of 16 would overrun meanwhile. */
			if (lsr & LSR_DATA_READY)
				receive();
			if (++polls == MAX_POLLS) {
				base = 0;
				return;
			}
			cpu_pause();
		}
		fifo_left = FIFO_DEPTH;
	}
	outb(base + UART_DATA, c);
	fifo_left--;
}

static void drain(void)
{
	uint8_t c;

	while (base && ring_read(&out, &c, 1))
		put_polled(c);
}

/* See the header. */
void uart_use_interrupts(bool on)
{
	if (!base)
		return;
	interrupts = on;
	outb(base + UART_MCR, MCR_DTR_RTS | (on ? MCR_OUT2 : 0));
	if (!on)
		drain();
	/* With the transmitter idle this raises an interrupt at once: the caller sees whether it comes. */
	tx_armed = on;
	outb(base + UART_IER, on ? IER_RX | IER_TX : 0);
}

/* See the header. */
void uart_write(const char *s, size_t n, bool now)
{
	uint32_t taken;
	uint8_t oldest;

	if (!interrupts || now) {
		drain();
		for (; base && n; n--, s++)
			put_polled((uint8_t)*s);
		return;
	}
	for (; base && n; n -= taken, s += taken) {
		taken = ring_write(&out, s, (uint32_t)MIN(n, UART_OUT_SIZE));
		if (!taken && ring_read(&out, &oldest, 1))
			put_polled(oldest);
	}
}

/* See the header. */
void uart_start(void)
{
	if (!base || !interrupts || tx_armed || !ring_used(&out))
		return;
	/* A few characters, as an echo, need no interrupt. */
	if (inb(base + UART_LSR) & LSR_THR_EMPTY)
		fill();
	if (ring_used(&out))
		arm_tx(true);
}

/* See the header. */
int uart_get(void)
{
	uint8_t byte;

	if (!base)
		return -1;
	if (!interrupts)
		receive();
	return ring_read(&typed, &byte, 1) ? byte : -1;
}

/* See the header. */
bool uart_has_typed(void)
{
	return ring_used(&typed);
}

/* By state, not by cause: some UARTs (Bochs' for one) forget a transmit interrupt when they are asked for the cause of another. */
static void serve(void)
{
	uint8_t lsr = inb(base + UART_LSR);

	if (lsr & LSR_DATA_READY)
		receive();
	if (!tx_armed || !(lsr & LSR_THR_EMPTY))
		return;
	if (ring_used(&out))
		fill();
	else
		arm_tx(false);
}

/* See the header. The line is an edge to the I/O APIC: it must have been low before the next one can be seen. */
void uart_interrupt(void)
{
	unsigned int n;

	for (n = 0; base && n < MAX_ROUNDS && !(inb(base + UART_IIR) & IIR_NONE); n++)
		serve();
}

/* See the header. */
uint32_t uart_waiting(void)
{
	return base ? ring_used(&out) : 0;
}

/* See the header. */
void uart_flush(void)
{
	uint32_t polls;

	drain();
	for (polls = 0; base && polls < MAX_POLLS; polls++) {
		if (inb(base + UART_LSR) & LSR_IDLE)
			break;
		cpu_pause();
	}
}
