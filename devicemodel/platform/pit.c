/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 8254 interval timer (Intel 8254 data sheet) and the parts of port 0x61 that belong to it. Counters
 * are not stepped: they are computed from the clock when somebody looks. Channel 0 raises IRQ0 by a
 * timer, channel 2 has its gate and output in port 0x61. BCD counting is accepted and counts binary.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/irq.h"
#include "core/layout.h"
#include "core/timer.h"
#include "core/vm.h"
#include "platform/platform.h"

#define PIT_HZ		1193182u
#define PIT_PORT	0x40
#define NMI_PORT	0x61

#define ACCESS_LATCH	0
#define ACCESS_LOW	1
#define ACCESS_HIGH	2
#define ACCESS_BOTH	3

#define STATUS_OUT	0x80
#define STATUS_NULL	0x40

#define P61_GATE2	0x01
#define P61_SPEAKER	0x02
#define P61_REFRESH	0x10
#define P61_OUT2	0x20

struct channel {
	uint8_t mode;			/* 0..5 */
	uint8_t access;
	bool running;			/* a count was loaded since the mode was set */
	bool gate;
	uint32_t reload;		/* 1..65536 */
	uint64_t start_ns;		/* when it was loaded or triggered */
	uint64_t held_ticks;		/* ticks passed before start_ns (gate was low since then) */
	bool write_high, read_high;	/* next byte of a two-byte access */
	uint8_t low_byte;
	bool latched, status_latched;
	uint16_t latch;
	uint8_t status;
};

struct pit {
	struct vm *vm;
	struct channel ch[3];
	uint8_t port61;
	struct timer *timer;
	struct bus_range range, range61;
};

/* Whole ticks in @ns nanoseconds, and the first nanosecond by which @ticks have passed. */
static uint64_t ns_to_ticks(uint64_t ns)
{
	return (unsigned __int128)ns * PIT_HZ / 1000000000u;
}

static uint64_t ticks_to_ns(uint64_t ticks)
{
	return ((unsigned __int128)ticks * 1000000000u + PIT_HZ - 1) / PIT_HZ;
}

/* A low gate stops modes 0 and 4 where they are; modes 2 and 3 start again when it rises. */
static bool gate_pauses(const struct channel *c)
{
	return c->mode == 0 || c->mode == 4;
}

static uint64_t elapsed(const struct channel *c)
{
	uint64_t ticks = c->held_ticks;

	if (c->gate || c->mode == 1 || c->mode == 5)
		ticks += ns_to_ticks(clock_ns() - c->start_ns);
	return ticks;
}

static uint16_t current_count(const struct channel *c)
{
	uint64_t t = elapsed(c);

	if (!c->running)
		return c->reload;
	switch (c->mode) {
	case 2:
		return c->reload - t % c->reload;
	case 3:
		return c->reload - 2 * t % c->reload;
	default:
		return c->reload - t;
	}
}

static bool current_out(const struct channel *c)
{
	uint64_t t;

	if (!c->running)
		return c->mode != 0;
	t = elapsed(c);
	switch (c->mode) {
	case 0:
	case 1:
		return t >= c->reload;
	case 2:
		return t % c->reload != c->reload - 1;
	case 3:
		return t % c->reload < (c->reload + 1) / 2;
	default:
		return t != c->reload;
	}
}

static void rearm_irq0(struct pit *p)
{
	const struct channel *c = &p->ch[0];
	bool periodic = c->mode == 2 || c->mode == 3;

	/* Modes 1 and 5 wait for a gate that is wired high. */
	if (!c->running || c->mode == 1 || c->mode == 5)
		timer_disarm(p->timer);
	else
		timer_arm(p->timer, c->start_ns + ticks_to_ns(c->reload),
			  periodic ? ticks_to_ns(c->reload) : 0);
}

/* Late periods are not made up for: a guest that cares counts by its own clock. */
static void irq0(void *arg, uint64_t nr_expired)
{
	struct pit *p = arg;

	(void)nr_expired;
	irq_line_pulse(p->vm, LAYOUT_GSI_TIMER);
}

static void load_count(struct pit *p, struct channel *c, uint16_t count)
{
	c->reload = count ? count : 65536;
	c->held_ticks = 0;
	c->start_ns = clock_ns();
	c->running = true;
	if (c == &p->ch[0])
		rearm_irq0(p);
}

static void write_count(struct pit *p, struct channel *c, uint8_t value)
{
	switch (c->access) {
	case ACCESS_LOW:
		load_count(p, c, value);
		break;
	case ACCESS_HIGH:
		load_count(p, c, value << 8);
		break;
	default:
		if (c->write_high)
			load_count(p, c, value << 8 | c->low_byte);
		else
			c->low_byte = value;
		c->write_high = !c->write_high;
		break;
	}
}

static void latch_count(struct channel *c)
{
	if (c->latched)
		return;
	c->latch = current_count(c);
	c->latched = true;
}

static void latch_status(struct channel *c)
{
	if (c->status_latched)
		return;
	c->status = (current_out(c) ? STATUS_OUT : 0) | (c->running ? 0 : STATUS_NULL) |
		    c->access << 4 | c->mode << 1;
	c->status_latched = true;
}

static void write_control(struct pit *p, uint8_t value)
{
	unsigned int select = value >> 6;
	struct channel *c;

	if (select == 3) {
		/* read-back: bit 5 clear latches counts, bit 4 clear latches status, bits 1..3 select */
		for (unsigned int i = 0; i < 3; i++) {
			if (!(value & (2 << i)))
				continue;
			if (!(value & 0x20))
				latch_count(&p->ch[i]);
			if (!(value & 0x10))
				latch_status(&p->ch[i]);
		}
		return;
	}
	c = &p->ch[select];
	if ((value >> 4 & 3) == ACCESS_LATCH) {
		latch_count(c);
		return;
	}
	c->access = value >> 4 & 3;
	c->mode = value >> 1 & 7;
	if (c->mode > 5)
		c->mode -= 4;		/* 6 and 7 are 2 and 3 */
	c->running = c->write_high = c->read_high = c->latched = c->status_latched = false;
	if (select == 0)
		rearm_irq0(p);
}

static uint8_t read_count(struct channel *c)
{
	uint16_t count;
	bool high;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	count = c->latched ? c->latch : current_count(c);
	high = c->access == ACCESS_HIGH || (c->access == ACCESS_BOTH && c->read_high);
	if (c->access == ACCESS_BOTH)
		c->read_high = !c->read_high;
	if (c->access != ACCESS_BOTH || high)
		c->latched = false;
	return high ? count >> 8 : count;
}

static uint64_t pit_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pit *p = dev;

	(void)size;
	return offset < 3 ? read_count(&p->ch[offset]) : 0xFF;
}

static void pit_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pit *p = dev;

	(void)size;
	if (offset < 3)
		write_count(p, &p->ch[offset], value);
	else
		write_control(p, value);
}

static void set_gate2(struct channel *c, bool gate)
{
	uint64_t now = clock_ns();

	if (gate == c->gate)
		return;
	if (gate_pauses(c)) {
		if (!gate)
			c->held_ticks += ns_to_ticks(now - c->start_ns);
	} else if (gate) {
		c->held_ticks = 0;
	}
	if (gate)
		c->start_ns = now;
	c->gate = gate;
}

static uint64_t port61_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pit *p = dev;

	(void)offset, (void)size;
	/* Some software times itself by the refresh bit, a toggle every 15 us. */
	return p->port61 | (current_out(&p->ch[2]) ? P61_OUT2 : 0) |
	       (clock_ns() / 15085 & 1 ? P61_REFRESH : 0);
}

static void port61_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pit *p = dev;

	(void)offset, (void)size;
	p->port61 = value & (P61_GATE2 | P61_SPEAKER);
	set_gate2(&p->ch[2], value & P61_GATE2);
}

static const struct bus_ops pit_bus_ops = { .read = pit_read, .write = pit_write };
static const struct bus_ops port61_bus_ops = { .read = port61_read, .write = port61_write };

static void pit_reset(void *state)
{
	struct pit *p = state;

	for (unsigned int i = 0; i < 3; i++)
		p->ch[i] = (struct channel){ .access = ACCESS_BOTH, .gate = i != 2, .reload = 65536 };
	p->port61 = 0;
	timer_disarm(p->timer);
}

static void pit_fini(void *state)
{
	struct pit *p = state;

	bus_unregister(&p->vm->bus, &p->range);
	bus_unregister(&p->vm->bus, &p->range61);
	timer_close(p->timer);
	free(p);
}

static int pit_init(struct vm *vm, void **state)
{
	struct pit *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->vm = vm;
	p->range = (struct bus_range){ "PIT", BUS_PIO, PIT_PORT, 4, &pit_bus_ops, p };
	p->range61 = (struct bus_range){ "port 61h", BUS_PIO, NMI_PORT, 1, &port61_bus_ops, p };
	err = timer_open(vm, (struct timer_handler){ irq0, p }, &p->timer);
	if (!err)
		err = bus_register(&vm->bus, &p->range);
	if (!err)
		err = bus_register(&vm->bus, &p->range61);
	if (err) {
		pit_fini(p);
		return err;
	}
	pit_reset(p);
	*state = p;
	return 0;
}

const struct platform_ops pit_ops = {
	.name = "pit", .init = pit_init, .fini = pit_fini, .reset = pit_reset,
};
