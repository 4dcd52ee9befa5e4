/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HPET (IA-PC HPET specification 1.0a): a 64-bit counter of 10 ns and three timers routed to I/O APIC
 * lines. No legacy replacement: guests use it as a clock, and take their ticks from the PIT or LAPIC.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/irq.h"
#include "core/layout.h"
#include "core/timer.h"
#include "core/vm.h"
#include "platform/hpet.h"
#include "platform/platform.h"

#define NR_TIMERS	3u
#define TICK_NS		10u

#define REG_CAP		0x000
#define REG_CONFIG	0x010
#define REG_STATUS	0x020
#define REG_COUNTER	0x0F0
#define REG_TIMER	0x100
#define TIMER_SPACING	0x20
#define TIMER_CONFIG	0x00
#define TIMER_COMPARE	0x08

#define CONFIG_ENABLE	0x1u

#define TN_LEVEL	0x0002u
#define TN_ENABLE	0x0004u
#define TN_PERIODIC	0x0008u
#define TN_PERIODIC_CAP	0x0010u
#define TN_64BIT_CAP	0x0020u
#define TN_SET_VALUE	0x0040u
#define TN_32BIT	0x0100u
#define TN_ROUTE_SHIFT	9
#define TN_ROUTE(c)	((c) >> TN_ROUTE_SHIFT & 31)
#define TN_WRITABLE	(TN_LEVEL | TN_ENABLE | TN_PERIODIC | TN_SET_VALUE | TN_32BIT | 31u << TN_ROUTE_SHIFT)
#define ROUTES		((0xFull << LAYOUT_GSI_HPET_FIRST) & 0xFFFFFF)

#define CAPABILITIES	((uint64_t)TICK_NS * 1000000 << 32 | (uint64_t)HPET_EVENT_TIMER_BLOCK_ID)

struct hpet_timer {
	struct hpet *hpet;
	unsigned int index;
	uint64_t config;		/* writable bits */
	uint64_t compare, period;
	bool irq_high;
	struct timer *timer;
};

struct hpet {
	struct vm *vm;
	struct bus_range range;
	bool enabled;
	uint32_t status;
	uint64_t base_count;		/* counter when stopped, or at base_ns */
	uint64_t base_ns;
	struct hpet_timer timer[NR_TIMERS];
};

static uint64_t counter(const struct hpet *h)
{
	return h->enabled ? h->base_count + (clock_ns() - h->base_ns) / TICK_NS : h->base_count;
}

static bool is_periodic(const struct hpet_timer *t)
{
	return t->index == 0 && (t->config & TN_PERIODIC);
}

/* Ticks until the comparator matches; in 32-bit mode only the low halves are compared. */
static uint64_t ticks_left(const struct hpet_timer *t, uint64_t now)
{
	uint64_t left = t->compare - now;

	return t->config & TN_32BIT ? (uint32_t)left : left;
}

static void rearm(struct hpet_timer *t)
{
	struct hpet *h = t->hpet;
	uint64_t left, max = UINT64_C(1) << 56;

	if (!h->enabled || !(t->config & TN_ENABLE)) {
		timer_disarm(t->timer);
		return;
	}
	left = ticks_left(t, counter(h));
	/* A 64-bit match may be centuries off: then there is no timer to run. */
	if (left > max)
		timer_disarm(t->timer);
	else
		timer_arm(t->timer, clock_ns() + left * TICK_NS,
			  is_periodic(t) && t->period && t->period < max ? t->period * TICK_NS : 0);
}

static void set_level(struct hpet_timer *t, bool high)
{
	if (t->irq_high == high)
		return;
	t->irq_high = high;
	irq_line_set(t->hpet->vm, TN_ROUTE(t->config), high);
}

static void expired(void *arg, uint64_t nr_expired)
{
	struct hpet_timer *t = arg;
	struct hpet *h = t->hpet;
	unsigned int gsi = TN_ROUTE(t->config);

	if (is_periodic(t))
		t->compare += nr_expired * t->period;
	if (!(ROUTES >> gsi & 1))
		return;
	if (t->config & TN_LEVEL) {
		h->status |= 1u << t->index;
		set_level(t, true);
	} else {
		irq_line_pulse(h->vm, gsi);
	}
}

static uint64_t timer_read(const struct hpet_timer *t, unsigned int reg)
{
	switch (reg) {
	case TIMER_CONFIG:
		return t->config | TN_64BIT_CAP | (t->index == 0 ? TN_PERIODIC_CAP : 0) | ROUTES << 32;
	case TIMER_COMPARE:
		return t->config & TN_32BIT ? (uint32_t)t->compare : t->compare;
	default:
		return 0;
	}
}

static uint64_t read_reg(const struct hpet *h, uint64_t reg)
{
	switch (reg) {
	case REG_CAP:
		return CAPABILITIES;
	case REG_CONFIG:
		return h->enabled ? CONFIG_ENABLE : 0;
	case REG_STATUS:
		return h->status;
	case REG_COUNTER:
		return counter(h);
	default:
		if (reg < REG_TIMER || reg >= REG_TIMER + NR_TIMERS * TIMER_SPACING)
			return 0;
		return timer_read(&h->timer[(reg - REG_TIMER) / TIMER_SPACING], reg % TIMER_SPACING);
	}
}

static void write_timer_config(struct hpet_timer *t, uint64_t value)
{
	if (t->irq_high)
		set_level(t, false);
	t->config = value & TN_WRITABLE;
	t->hpet->status &= ~(1u << t->index);
	rearm(t);
}

/* Periodic mode: a write sets the period, and with SET_VALUE the comparator too (section 2.3.9.2.2). */
static void write_compare(struct hpet_timer *t, uint64_t value)
{
	if (is_periodic(t)) {
		if (t->config & TN_SET_VALUE)
			t->compare = value;
		else
			t->period = t->config & TN_32BIT ? (uint32_t)value : value;
		if (!t->period)
			t->period = value;
		t->config &= ~(uint64_t)TN_SET_VALUE;
	} else {
		t->compare = value;
	}
	rearm(t);
}

static void set_enabled(struct hpet *h, bool on)
{
	if (on == h->enabled)
		return;
	h->base_count = counter(h);
	h->base_ns = clock_ns();
	h->enabled = on;
	for (unsigned int i = 0; i < NR_TIMERS; i++)
		rearm(&h->timer[i]);
}

static void clear_status(struct hpet *h, uint32_t bits)
{
	h->status &= ~bits;
	for (unsigned int i = 0; i < NR_TIMERS; i++)
		if (bits >> i & 1)
			set_level(&h->timer[i], false);
}

static void write_reg(struct hpet *h, uint64_t reg, uint64_t value)
{
	struct hpet_timer *t;

	switch (reg) {
	case REG_CONFIG:
		set_enabled(h, value & CONFIG_ENABLE);
		break;
	case REG_STATUS:
		clear_status(h, value);
		break;
	case REG_COUNTER:
		if (!h->enabled)
			h->base_count = value;
		break;
	default:
		if (reg < REG_TIMER || reg >= REG_TIMER + NR_TIMERS * TIMER_SPACING)
			break;
		t = &h->timer[(reg - REG_TIMER) / TIMER_SPACING];
		if (reg % TIMER_SPACING == TIMER_CONFIG)
			write_timer_config(t, value);
		else if (reg % TIMER_SPACING == TIMER_COMPARE)
			write_compare(t, value);
		break;
	}
}

static uint64_t hpet_read(void *dev, uint64_t offset, unsigned int size)
{
	(void)size;
	return read_reg(dev, offset & ~7ull) >> (8 * (offset & 7));
}

/* A 32-bit write changes its half of the register. */
static void hpet_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct hpet *h = dev;
	uint64_t reg = offset & ~7ull, old;

	if (size == 4) {
		/* status clears by ones, so the other half must not be written back */
		old = reg == REG_STATUS ? 0 : read_reg(h, reg);
		value = offset & 4 ? (uint32_t)old | value << 32 : (old & ~0xFFFFFFFFull) | value;
	} else if (size != 8) {
		return;
	}
	write_reg(h, reg, value);
}

static const struct bus_ops hpet_bus_ops = { .read = hpet_read, .write = hpet_write };

static void hpet_reset(void *state)
{
	struct hpet *h = state;

	h->enabled = false;
	h->status = 0;
	h->base_count = 0;
	for (unsigned int i = 0; i < NR_TIMERS; i++) {
		struct hpet_timer *t = &h->timer[i];

		set_level(t, false);
		t->config = 0;
		t->compare = UINT64_MAX;
		t->period = 0;
		timer_disarm(t->timer);
	}
}

static void hpet_fini(void *state)
{
	struct hpet *h = state;

	bus_unregister(&h->vm->bus, &h->range);
	for (unsigned int i = 0; i < NR_TIMERS; i++)
		timer_close(h->timer[i].timer);
	free(h);
}

static int hpet_init(struct vm *vm, void **state)
{
	struct hpet *h = calloc(1, sizeof(*h));
	int err = 0;

	if (!h)
		return -ENOMEM;
	h->vm = vm;
	h->range = (struct bus_range){
		"HPET", BUS_MMIO, LAYOUT_HPET_BASE, LAYOUT_HPET_SIZE, &hpet_bus_ops, h,
	};
	for (unsigned int i = 0; i < NR_TIMERS && !err; i++) {
		h->timer[i].hpet = h;
		h->timer[i].index = i;
		err = timer_open(vm, (struct timer_handler){ expired, &h->timer[i] }, &h->timer[i].timer);
	}
	if (!err)
		err = bus_register(&vm->bus, &h->range);
	if (err) {
		hpet_fini(h);
		return err;
	}
	hpet_reset(h);
	*state = h;
	return 0;
}

const struct platform_ops hpet_ops = {
	.name = "hpet", .init = hpet_init, .fini = hpet_fini, .reset = hpet_reset,
};
