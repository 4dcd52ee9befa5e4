/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 16550A UART (National Semiconductor PC16550D data sheet). The line is infinitely fast: a byte written
 * is handed to the backend at once, and THR is reported full only while the backend has no room.
 */
#include "platform/uart.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "backends/chr.h"
#include "core/irq.h"
#include "core/log.h"
#include "core/vm.h"
#include "platform/platform.h"

#define FIFO_SIZE	16u

enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR, NR_REGS };

#define IER_RX		0x01
#define IER_THR		0x02
#define IER_LINE	0x04
#define IER_MODEM	0x08
#define IIR_NONE	0x01
#define IIR_MODEM	0x00
#define IIR_THR		0x02
#define IIR_RX		0x04
#define IIR_LINE	0x06
#define IIR_RX_TIMEOUT	0x0C
#define IIR_FIFO_ON	0xC0
#define FCR_ENABLE	0x01
#define FCR_RX_RESET	0x02
#define LCR_DLAB	0x80
#define MCR_DTR		0x01
#define MCR_RTS		0x02
#define MCR_OUT1	0x04
#define MCR_OUT2	0x08
#define MCR_LOOP	0x10
#define LSR_DATA	0x01
#define LSR_OVERRUN	0x02
#define LSR_THR_EMPTY	0x20
#define LSR_IDLE	0x40
#define MSR_CTS		0x10
#define MSR_DSR		0x20
#define MSR_RI		0x40
#define MSR_DCD		0x80

const struct uart_wiring uart_wiring[UART_NR_PORTS] = {
	{ "lpc.com1", 0x3F8, 4 },
	{ "lpc.com2", 0x2F8, 3 },
	{ "lpc.com3", 0x3E8, 6 },
	{ "lpc.com4", 0x2E8, 7 },
};

struct uart {
	struct vm *vm;
	const struct uart_wiring *wiring;
	struct bus_range range;
	struct chr *chr;
	uint8_t ier, fcr, lcr, mcr, scr, lsr_errors;
	uint8_t msr_delta, msr_lines;
	uint8_t dll, dlm;
	bool thr_pending;		/* the "THR empty" interrupt has not been seen yet */
	bool thr_held;			/* thr holds a byte the backend had no room for */
	uint8_t thr;
	bool irq_high;
	uint8_t fifo[FIFO_SIZE];
	unsigned int head, count;
};

static unsigned int fifo_capacity(const struct uart *u)
{
	return u->fcr & FCR_ENABLE ? FIFO_SIZE : 1;
}

static unsigned int rx_trigger(const struct uart *u)
{
	static const uint8_t level[4] = { 1, 4, 8, 14 };

	return u->fcr & FCR_ENABLE ? level[u->fcr >> 6] : 1;
}

/* The identification register's low bits: the most urgent interrupt. */
static uint8_t identify(const struct uart *u)
{
	if ((u->ier & IER_LINE) && u->lsr_errors)
		return IIR_LINE;
	if ((u->ier & IER_RX) && u->count)
		return u->count >= rx_trigger(u) ? IIR_RX : IIR_RX_TIMEOUT;
	if ((u->ier & IER_THR) && u->thr_pending)
		return IIR_THR;
	if ((u->ier & IER_MODEM) && u->msr_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_irq(struct uart *u)
{
	bool high = identify(u) != IIR_NONE;

	if (high == u->irq_high)
		return;
	u->irq_high = high;
	irq_line_set(u->vm, u->wiring->gsi, high);
}

static void rx_push(struct uart *u, uint8_t byte)
{
	if (u->count == fifo_capacity(u)) {
		u->lsr_errors |= LSR_OVERRUN;
		return;
	}
	u->fifo[(u->head + u->count++) % FIFO_SIZE] = byte;
}

static size_t input(void *arg, const uint8_t *buf, size_t len)
{
	struct uart *u = arg;
	size_t room = fifo_capacity(u) - u->count;

	/* In loopback the line is cut. */
	if (u->mcr & MCR_LOOP)
		return len;
	if (len > room)
		len = room;
	for (size_t i = 0; i < len; i++)
		rx_push(u, buf[i]);
	update_irq(u);
	return len;
}

static uint8_t rx_pop(struct uart *u)
{
	uint8_t byte;

	if (!u->count)
		return 0;
	byte = u->fifo[u->head];
	u->head = (u->head + 1) % FIFO_SIZE;
	if (--u->count == 0 && u->chr)
		chr_resume(u->chr);
	return byte;
}

static void writable(void *arg)
{
	struct uart *u = arg;

	if (!u->thr_held || chr_write(u->chr, &u->thr, 1) == 0)
		return;
	u->thr_held = false;
	u->thr_pending = true;
	update_irq(u);
}

static void transmit(struct uart *u, uint8_t byte)
{
	if (u->mcr & MCR_LOOP) {
		rx_push(u, byte);
	} else if (u->thr_held || (u->chr && chr_write(u->chr, &byte, 1) == 0)) {
		u->thr = byte;
		u->thr_held = true;
		u->thr_pending = false;
		return;
	}
	u->thr_pending = true;
}

/* Modem lines as the guest sees them: a peer that is always there, or the loopback wiring. */
static void update_modem(struct uart *u)
{
	uint8_t lines = MSR_CTS | MSR_DSR | MSR_DCD, changed;

	if (u->mcr & MCR_LOOP)
		lines = (u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
			(u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0);
	changed = (lines ^ u->msr_lines) >> 4;
	/* RI reports its trailing edge only */
	if (lines & MSR_RI)
		changed &= ~(MSR_RI >> 4);
	u->msr_delta |= changed;
	u->msr_lines = lines;
}

static void clear_rx(struct uart *u)
{
	u->count = 0;
	u->head = 0;
	if (u->chr)
		chr_resume(u->chr);
}

static void write_fcr(struct uart *u, uint8_t value)
{
	bool toggled = (u->fcr ^ value) & FCR_ENABLE;

	u->fcr = value & FCR_ENABLE ? value & 0xC9 : 0;
	if (toggled || (value & FCR_RX_RESET))
		clear_rx(u);
}

static uint8_t read_reg(struct uart *u, unsigned int reg)
{
	uint8_t value;

	switch (reg) {
	case REG_DATA:
		return u->lcr & LCR_DLAB ? u->dll : rx_pop(u);
	case REG_IER:
		return u->lcr & LCR_DLAB ? u->dlm : u->ier;
	case REG_IIR_FCR:
		value = identify(u);
		if (value == IIR_THR)
			u->thr_pending = false;
		return value | (u->fcr & FCR_ENABLE ? IIR_FIFO_ON : 0);
	case REG_LCR:
		return u->lcr;
	case REG_MCR:
		return u->mcr;
	case REG_LSR:
		value = u->lsr_errors | (u->count ? LSR_DATA : 0) |
			(u->thr_held ? 0 : LSR_THR_EMPTY | LSR_IDLE);
		u->lsr_errors = 0;
		return value;
	case REG_MSR:
		value = u->msr_lines | u->msr_delta;
		u->msr_delta = 0;
		return value;
	default:
		return u->scr;
	}
}

static void write_reg(struct uart *u, unsigned int reg, uint8_t value)
{
	switch (reg) {
	case REG_DATA:
		if (u->lcr & LCR_DLAB)
			u->dll = value;
		else
			transmit(u, value);
		break;
	case REG_IER:
		if (u->lcr & LCR_DLAB) {
			u->dlm = value;
			break;
		}
		/* Turning the interrupt on with an empty THR raises it at once. */
		if ((value & IER_THR) && !(u->ier & IER_THR) && !u->thr_held)
			u->thr_pending = true;
		u->ier = value & 0x0F;
		break;
	case REG_IIR_FCR:
		write_fcr(u, value);
		break;
	case REG_LCR:
		u->lcr = value;
		break;
	case REG_MCR:
		u->mcr = value & 0x1F;
		update_modem(u);
		break;
	case REG_SCR:
		u->scr = value;
		break;
	default:
		break;		/* LSR and MSR are read-only */
	}
}

/* Wider accesses fall apart into bytes, as on the ISA bus. */
static uint64_t uart_read(void *dev, uint64_t offset, unsigned int size)
{
	struct uart *u = dev;
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)read_reg(u, offset + i) << (8 * i);
	update_irq(u);
	return value;
}

static void uart_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct uart *u = dev;

	for (unsigned int i = 0; i < size; i++)
		write_reg(u, offset + i, value >> (8 * i));
	update_irq(u);
}

static const struct bus_ops uart_bus_ops = { .read = uart_read, .write = uart_write };

static void reset_one(struct uart *u)
{
	u->ier = u->fcr = u->lcr = u->mcr = u->scr = u->lsr_errors = 0;
	u->dll = 12;			/* 9600 baud; nothing depends on it */
	u->dlm = 0;
	u->thr_pending = u->thr_held = false;
	u->msr_lines = MSR_CTS | MSR_DSR | MSR_DCD;
	u->msr_delta = 0;
	update_irq(u);
	clear_rx(u);
}

static int open_one(struct uart *u, const struct uart_wiring *wiring, const char *spec)
{
	int err;

	u->wiring = wiring;
	u->range = (struct bus_range){
		.name = wiring->key + strlen("lpc."),
		.space = BUS_PIO,
		.base = wiring->port,
		.size = NR_REGS,
		.ops = &uart_bus_ops,
		.dev = u,
	};
	reset_one(u);
	err = bus_register(&u->vm->bus, &u->range);
	if (err)
		return err;
	err = chr_open(u->vm, spec, (struct chr_reader){ input, writable, u }, &u->chr);
	if (err) {
		log_error("%s: cannot open '%s'", u->range.name, spec);
		bus_unregister(&u->vm->bus, &u->range);
		u->wiring = NULL;
	}
	return err;
}

static void uart_fini(void *state)
{
	struct uart *uarts = state;

	for (unsigned int i = 0; i < UART_NR_PORTS; i++) {
		if (!uarts[i].wiring)
			continue;
		bus_unregister(&uarts[i].vm->bus, &uarts[i].range);
		chr_close(uarts[i].chr);
	}
	free(uarts);
}

static int uart_init(struct vm *vm, void **state)
{
	struct uart *uarts = calloc(UART_NR_PORTS, sizeof(*uarts));

	if (!uarts)
		return -ENOMEM;
	for (unsigned int i = 0; i < UART_NR_PORTS; i++) {
		const char *spec = config_get(&vm->config, uart_wiring[i].key);
		int err;

		uarts[i].vm = vm;
		if (!spec)
			continue;
		err = open_one(&uarts[i], &uart_wiring[i], spec);
		if (err) {
			uart_fini(uarts);
			return err;
		}
	}
	*state = uarts;
	return 0;
}

static void uart_reset(void *state)
{
	struct uart *uarts = state;

	for (unsigned int i = 0; i < UART_NR_PORTS; i++)
		if (uarts[i].wiring)
			reset_one(&uarts[i]);
}

const struct platform_ops uart_ops = {
	.name = "uart", .init = uart_init, .fini = uart_fini, .reset = uart_reset,
};
