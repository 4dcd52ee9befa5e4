/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual 16550A (National PC16550D data sheet). */
#include "emul/vuart.h"

#include "io/region.h"
#include "lib/errno.h"
#include "lib/ring.h"
#include "lib/spinlock.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vm/virq.h"
#include "vm/vm.h"

#define NR_PORTS	8u
#define TX_SIZE		0x10000u
#define RX_SIZE		0x1000u
/* Structure, receive ring, transmit ring in one allocation. */
#define VUART_PAGES	(1 + RX_SIZE / PAGE_SIZE + TX_SIZE / PAGE_SIZE)

enum reg { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };

#define IER_RX		0x01u
#define IER_THRE	0x02u
#define IER_LINE	0x04u
#define IER_MODEM	0x08u
#define IIR_NONE	0x01u
#define IIR_MODEM	0x00u
#define IIR_THRE	0x02u
#define IIR_RX		0x04u
#define IIR_LINE	0x06u
#define IIR_TIMEOUT	0x0cu
#define IIR_FIFO	0xc0u
#define FCR_ENABLE	0x01u
#define FCR_CLEAR_RX	0x02u
#define FCR_TRIGGER	0xc0u
#define LCR_DLAB	0x80u
#define MCR_DTR		0x01u
#define MCR_RTS		0x02u
#define MCR_OUT1	0x04u
#define MCR_OUT2	0x08u
#define MCR_LOOP	0x10u
#define LSR_READY	0x01u
#define LSR_OVERRUN	0x02u
#define LSR_ERRORS	0x1eu
#define LSR_THRE	0x20u
#define LSR_TEMT	0x40u
#define MSR_DELTAS	0x0fu
#define MSR_CTS		0x10u
#define MSR_DSR		0x20u
#define MSR_RI		0x40u
#define MSR_DCD		0x80u

#define FIFO_DEPTH	16u	/* what loopback shows; the ring behind it holds more */

void (*vuart_output_hook)(void);

struct vuart {
	struct vm *vm;			/* (o) */
	const struct scenario_vuart *cfg; /* (o) */
	struct spinlock own_lock;
	struct spinlock *lock;		/* (o) own_lock; inter-VM: link_lock, one for both ends */
	struct vuart *peer;		/* [link_lock] */
	struct ring tx, rx;		/* [lock] */
	uint64_t dropped;		/* [lock] */
	uint16_t divisor;		/* [lock] and all below */
	uint8_t ier, fcr, lcr, mcr, scr;
	uint8_t errors;			/* LSR bits that reading clears */
	uint8_t msr;
	bool thre_pending;		/* "transmitter empty" not yet told by IIR */
	bool irq;			/* line as driven */
};

/* Connections change and bytes cross under one lock: two locks would need an order between VMs. */
static struct spinlock link_lock = SPINLOCK_INIT;

/* ---- state the registers show ---- */

static uint8_t trigger_level(const struct vuart *u)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return u->fcr & FCR_ENABLE ? levels[u->fcr >> 6] : 1;
}

/* The most urgent enabled cause, data sheet table 5. Fewer bytes than the trigger count as timed out at once. */
static uint8_t cause(const struct vuart *u)
{
	uint32_t waiting = ring_used(&u->rx);

	if ((u->ier & IER_LINE) && u->errors)
		return IIR_LINE;
	if ((u->ier & IER_RX) && waiting)
		return waiting >= trigger_level(u) ? IIR_RX : IIR_TIMEOUT;
	if ((u->ier & IER_THRE) && u->thre_pending)
		return IIR_THRE;
	if ((u->ier & IER_MODEM) && (u->msr & MSR_DELTAS))
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_irq(struct vuart *u)
{
	bool open = (u->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
	bool level = open && cause(u) != IIR_NONE;

	if (level == u->irq)
		return;
	u->irq = level;
	(void)virq_line(u->vm, u->cfg->irq, level);
}

/* Modem inputs: looped back, from the peer's outputs, or always there (console). */
static uint8_t modem_inputs(const struct vuart *u)
{
	uint8_t out, in = 0;

	if (u->mcr & MCR_LOOP)
		return (u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
		       (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0);
	if (u->cfg->type == SCENARIO_VUART_CONSOLE)
		return MSR_CTS | MSR_DSR | MSR_DCD;
	out = u->peer && !(u->peer->mcr & MCR_LOOP) ? u->peer->mcr : 0;
	if (out & MCR_RTS)
		in |= MSR_CTS;
	if (out & MCR_DTR)
		in |= MSR_DSR | MSR_DCD;
	return in;
}

/* Deltas say which inputs changed since MSR was read; RI counts only when it falls. */
static void update_modem(struct vuart *u)
{
	uint8_t now = modem_inputs(u), changed = (now ^ u->msr) & (uint8_t)~MSR_DELTAS;

	if (changed & MSR_RI & now)
		changed &= (uint8_t)~MSR_RI;
	u->msr = now | (u->msr & MSR_DELTAS) | changed >> 4;
	update_irq(u);
}

/* ---- bytes ---- */

/* Oldest out, newest in: a guest that nobody listens to is never held up. */
static void push_tx(struct vuart *u, uint8_t byte)
{
	bool was_empty;
	uint8_t oldest;

	if (!ring_free(&u->tx))
		u->dropped += ring_read(&u->tx, &oldest, 1);
	was_empty = !ring_used(&u->tx);
	(void)ring_write(&u->tx, &byte, 1);
	if (was_empty && vuart_output_hook)
		vuart_output_hook();
}

/* What u has sent goes over to its peer as far as there is room. */
static void pump(struct vuart *u)
{
	struct vuart *to = u->peer;
	uint8_t byte;

	if (!to || (to->mcr & MCR_LOOP))
		return;
	while (ring_free(&to->rx) && ring_read(&u->tx, &byte, 1))
		(void)ring_write(&to->rx, &byte, 1);
	update_irq(to);
}

static void loop_back(struct vuart *u, uint8_t byte)
{
	uint32_t depth = u->fcr & FCR_ENABLE ? FIFO_DEPTH : 1;

	if (ring_used(&u->rx) < depth)
		(void)ring_write(&u->rx, &byte, 1);
	else
		u->errors |= LSR_OVERRUN;
}

static void send(struct vuart *u, uint8_t byte)
{
	if (u->mcr & MCR_LOOP) {
		loop_back(u, byte);
	} else if (u->cfg->type == SCENARIO_VUART_CONSOLE) {
		push_tx(u, byte);
	} else if (u->peer) {
		push_tx(u, byte);
		pump(u);
	}
	u->thre_pending = true;
}

static uint8_t receive(struct vuart *u)
{
	uint8_t byte = 0;

	(void)ring_read(&u->rx, &byte, 1);
	if (u->peer)
		pump(u->peer);
	return byte;
}

static void clear_rx(struct vuart *u)
{
	u->rx.tail = u->rx.head;
	u->errors = 0;
}

/* ---- registers ---- */

static uint8_t read_iir(struct vuart *u)
{
	uint8_t iir = cause(u);

	if (iir == IIR_THRE)
		u->thre_pending = false;
	return iir | (u->fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static uint8_t read_lsr(struct vuart *u)
{
	uint8_t lsr = LSR_THRE | LSR_TEMT | u->errors | (ring_used(&u->rx) ? LSR_READY : 0);

	u->errors = 0;
	return lsr;
}

static uint8_t read_register(struct vuart *u, uint32_t reg)
{
	uint8_t value;

	switch (reg) {
	case REG_DATA:
		return u->lcr & LCR_DLAB ? (uint8_t)u->divisor : receive(u);
	case REG_IER:
		return u->lcr & LCR_DLAB ? u->divisor >> 8 : u->ier;
	case REG_IIR_FCR:
		return read_iir(u);
	case REG_LCR:
		return u->lcr;
	case REG_MCR:
		return u->mcr;
	case REG_LSR:
		return read_lsr(u);
	case REG_MSR:
		value = u->msr;
		u->msr &= (uint8_t)~MSR_DELTAS;
		return value;
	default:
		return u->scr;
	}
}

/* Enabling the transmitter interrupt while it is empty, which it always is, raises it: drivers start sending so. */
static void write_ier(struct vuart *u, uint8_t value)
{
	if ((value & IER_THRE) && !(u->ier & IER_THRE))
		u->thre_pending = true;
	u->ier = value & (IER_RX | IER_THRE | IER_LINE | IER_MODEM);
}

static void write_fcr(struct vuart *u, uint8_t value)
{
	if (((value ^ u->fcr) & FCR_ENABLE) || ((value & FCR_ENABLE) && (value & FCR_CLEAR_RX))) {
		clear_rx(u);
		if (u->peer)
			pump(u->peer);
	}
	/* The other bits can be written only with the enable bit. */
	u->fcr = value & FCR_ENABLE ? value & (FCR_ENABLE | FCR_TRIGGER) : 0;
}

static void write_mcr(struct vuart *u, uint8_t value)
{
	u->mcr = value & (MCR_DTR | MCR_RTS | MCR_OUT1 | MCR_OUT2 | MCR_LOOP);
	update_modem(u);
	if (!u->peer)
		return;
	update_modem(u->peer);
	pump(u->peer);
}

static void write_divisor(struct vuart *u, uint32_t reg, uint8_t value)
{
	u->divisor = reg ? (u->divisor & 0xff) | (uint16_t)(value << 8) : (u->divisor & 0xff00) | value;
}

static void write_register(struct vuart *u, uint32_t reg, uint8_t value)
{
	switch (reg) {
	case REG_DATA:
	case REG_IER:
		if (u->lcr & LCR_DLAB)
			write_divisor(u, reg, value);
		else if (reg == REG_DATA)
			send(u, value);
		else
			write_ier(u, value);
		break;
	case REG_IIR_FCR:
		write_fcr(u, value);
		break;
	case REG_LCR:
		u->lcr = value;
		break;
	case REG_MCR:
		write_mcr(u, value);
		break;
	case REG_SCR:
		u->scr = value;
		break;
	default:	/* LSR and MSR are for reading */
		break;
	}
}

/* Wider accesses are the bytes one after the other, as on the ISA bus. */
static int ports(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct vuart *u = dev;
	bool changed = acc->write;
	uint64_t value = 0;
	uint32_t i, reg;

	(void)vcpu;
	spin_lock(u->lock);
	for (i = 0; i < acc->size; i++) {
		reg = (uint32_t)(acc->addr - u->cfg->io_base) + i;
		/* LSR without an error changes nothing, and is read for each byte that a guest sends. */
		changed |= reg != REG_LSR || u->errors;
		if (acc->write && reg < NR_PORTS)
			write_register(u, reg, (uint8_t)(acc->value >> (8 * i)));
		else if (!acc->write)
			value |= (uint64_t)(reg < NR_PORTS ? read_register(u, reg) : 0xffu) << (8 * i);
	}
	if (changed)
		update_irq(u);
	spin_unlock(u->lock);
	if (!acc->write)
		acc->value = value;
	return IO_DONE;
}

/* ---- console side ---- */

uint32_t vuart_console_read(struct vuart *u, char *buf, uint32_t size)
{
	uint32_t n;

	if (u->cfg->type != SCENARIO_VUART_CONSOLE)
		return 0;
	spin_lock(u->lock);
	n = ring_read(&u->tx, buf, size);
	spin_unlock(u->lock);
	return n;
}

bool vuart_console_put(struct vuart *u, uint8_t byte)
{
	bool taken = false;

	if (u->cfg->type != SCENARIO_VUART_CONSOLE)
		return false;
	spin_lock(u->lock);
	if (!(u->mcr & MCR_LOOP))
		taken = ring_write(&u->rx, &byte, 1);
	update_irq(u);
	spin_unlock(u->lock);
	return taken;
}

uint64_t vuart_dropped(const struct vuart *u)
{
	return READ_ONCE(u->dropped);
}

/* ---- life ---- */

static void disconnect(struct vuart *u)
{
	struct vuart *peer = u->peer;

	if (!peer)
		return;
	u->peer = NULL;
	peer->peer = NULL;
	update_modem(peer);
}

void vuart_disconnect(struct vuart *u)
{
	spin_lock(u->lock);
	disconnect(u);
	spin_unlock(u->lock);
}

void vuart_connect(struct vuart *a, struct vuart *b)
{
	if (a == b || a->cfg->type != SCENARIO_VUART_INTER_VM || b->cfg->type != SCENARIO_VUART_INTER_VM)
		return;
	spin_lock(&link_lock);
	if (a->peer != b) {
		disconnect(a);
		disconnect(b);
		a->peer = b;
		b->peer = a;
		update_modem(a);
		update_modem(b);
	}
	spin_unlock(&link_lock);
}

/* The deltas of the reset itself are nobody's news. */
static void reset_registers(struct vuart *u)
{
	u->divisor = 0;
	u->ier = u->fcr = u->lcr = u->mcr = u->scr = 0;
	u->thre_pending = false;
	clear_rx(u);
	u->msr = modem_inputs(u);
	update_irq(u);
}

void vuart_reset(struct vm *vm, uint32_t index)
{
	struct vuart *u = vm->vuart[index];

	spin_lock(u->lock);
	reset_registers(u);
	if (u->peer) {
		update_modem(u->peer);
		pump(u->peer);
	}
	spin_unlock(u->lock);
}

int vuart_create(struct vm *vm, uint32_t index, const struct scenario_vuart *cfg)
{
	struct vuart *u;
	uint8_t *mem;
	int err;

	if (index >= SCENARIO_MAX_VUARTS || (cfg->type != SCENARIO_VUART_CONSOLE && cfg->type != SCENARIO_VUART_INTER_VM))
		return ERR(-EINVAL);
	mem = frame_get(VUART_PAGES);
	if (!mem)
		return ERR(-ENOMEM);
	u = (struct vuart *)(void *)mem;
	u->vm = vm;
	u->cfg = cfg;
	u->lock = cfg->type == SCENARIO_VUART_INTER_VM ? &link_lock : &u->own_lock;
	ring_init(&u->rx, mem + PAGE_SIZE, RX_SIZE);
	ring_init(&u->tx, mem + PAGE_SIZE + RX_SIZE, TX_SIZE);
	reset_registers(u);
	err = io_region_add(vm, &(struct io_region){ IO_PORT, cfg->io_base, NR_PORTS, ports, u });
	if (err) {
		frame_put(mem, VUART_PAGES);
		return err;
	}
	vm->vuart[index] = u;
	return 0;
}

void vuart_destroy(struct vm *vm, uint32_t index)
{
	struct vuart *u = vm->vuart[index];

	if (!u)
		return;
	io_region_remove(vm, IO_PORT, u->cfg->io_base);
	vm->vuart[index] = NULL;
	vuart_disconnect(u);
	frame_put(u, VUART_PAGES);
}
