/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MC146818 clock and CMOS memory at ports 0x70/0x71. The time is the Service VM's, in UTC, plus what the
 * guest changed; it is computed when read, so there is never an update in progress. Alarm, update and
 * periodic interrupts come from two timers that run only while enabled.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/irq.h"
#include "core/layout.h"
#include "core/timer.h"
#include "core/vm.h"
#include "platform/platform.h"

#define RTC_PORT	0x70
#define CMOS_SIZE	128
#define NS		1000000000LL

enum {
	REG_SEC = 0, REG_SEC_ALARM, REG_MIN, REG_MIN_ALARM, REG_HOUR, REG_HOUR_ALARM,
	REG_WDAY, REG_MDAY, REG_MONTH, REG_YEAR, REG_A, REG_B, REG_C, REG_D,
	REG_CENTURY = 0x32,
};

#define A_DEFAULT	0x26	/* 32.768 kHz, periodic rate 1024 Hz */
#define B_SET		0x80
#define B_PIE		0x40
#define B_AIE		0x20
#define B_UIE		0x10
#define B_BINARY	0x04
#define B_24H		0x02
#define C_IRQ		0x80
#define C_PF		0x40
#define C_AF		0x20
#define C_UF		0x10
#define D_VALID		0x80
#define HOUR_PM		0x80
#define ALARM_ANY	0xC0	/* both top bits set: matches always */

struct rtc {
	struct vm *vm;
	struct bus_range range;
	uint8_t index;
	uint8_t cmos[CMOS_SIZE];	/* time registers hold what was last shown or written */
	/* Whole seconds, so that any date a guest can write fits; seconds begin when the host's do. */
	int64_t offset;			/* guest's clock minus the host's */
	int64_t frozen;			/* the guest's time while B_SET stops the clock */
	bool irq_high;
	struct timer *second, *periodic;
};

static int64_t guest_time(const struct rtc *r)
{
	return r->cmos[REG_B] & B_SET ? r->frozen : time(NULL) + r->offset;
}

static uint8_t encode(const struct rtc *r, unsigned int value)
{
	return r->cmos[REG_B] & B_BINARY ? value : (value / 10) << 4 | value % 10;
}

static unsigned int decode(const struct rtc *r, uint8_t value)
{
	return r->cmos[REG_B] & B_BINARY ? value : (value >> 4) * 10 + (value & 15);
}

static uint8_t encode_hour(const struct rtc *r, unsigned int hour)
{
	if (r->cmos[REG_B] & B_24H)
		return encode(r, hour);
	return encode(r, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? HOUR_PM : 0);
}

static unsigned int decode_hour(const struct rtc *r, uint8_t value)
{
	if (r->cmos[REG_B] & B_24H)
		return decode(r, value);
	return decode(r, value & ~HOUR_PM) % 12 + (value & HOUR_PM ? 12 : 0);
}

/* Fill the time registers from the clock. */
static void show_time(struct rtc *r)
{
	time_t now = guest_time(r);
	struct tm tm;
	int year;

	if (!gmtime_r(&now, &tm))
		return;
	/* Month 0 of year 0 is a year before that. */
	year = tm.tm_year < -1900 ? 0 : tm.tm_year + 1900;
	r->cmos[REG_SEC] = encode(r, tm.tm_sec);
	r->cmos[REG_MIN] = encode(r, tm.tm_min);
	r->cmos[REG_HOUR] = encode_hour(r, tm.tm_hour);
	r->cmos[REG_WDAY] = encode(r, tm.tm_wday + 1);
	r->cmos[REG_MDAY] = encode(r, tm.tm_mday);
	r->cmos[REG_MONTH] = encode(r, tm.tm_mon + 1);
	r->cmos[REG_YEAR] = encode(r, year % 100);
	r->cmos[REG_CENTURY] = encode(r, year / 100 % 100);
}

/* Set the clock from the time registers; nonsense a guest writes is normalised by timegm(). */
static void take_time(struct rtc *r)
{
	struct tm tm = {
		.tm_sec = decode(r, r->cmos[REG_SEC]),
		.tm_min = decode(r, r->cmos[REG_MIN]),
		.tm_hour = decode_hour(r, r->cmos[REG_HOUR]),
		.tm_mday = decode(r, r->cmos[REG_MDAY]),
		.tm_mon = (int)decode(r, r->cmos[REG_MONTH]) - 1,
		.tm_year = decode(r, r->cmos[REG_CENTURY]) * 100 + decode(r, r->cmos[REG_YEAR]) - 1900,
	};

	r->frozen = timegm(&tm);
	r->offset = r->frozen - time(NULL);
}

static void raise_flags(struct rtc *r, uint8_t flags)
{
	r->cmos[REG_C] |= flags;
	if (!(r->cmos[REG_B] & r->cmos[REG_C] & (C_PF | C_AF | C_UF)))
		return;
	r->cmos[REG_C] |= C_IRQ;
	if (!r->irq_high) {
		r->irq_high = true;
		irq_line_set(r->vm, LAYOUT_GSI_RTC, true);
	}
}

static void clear_flags(struct rtc *r)
{
	r->cmos[REG_C] = 0;
	if (r->irq_high) {
		r->irq_high = false;
		irq_line_set(r->vm, LAYOUT_GSI_RTC, false);
	}
}

static bool alarm_matches(const struct rtc *r, unsigned int alarm, unsigned int now)
{
	return r->cmos[alarm] >= ALARM_ANY || r->cmos[alarm] == r->cmos[now];
}

/* A second of the guest's clock began. */
static void second_began(void *arg, uint64_t nr_expired)
{
	struct rtc *r = arg;
	uint8_t flags = C_UF;

	(void)nr_expired;
	if (r->cmos[REG_B] & B_SET)
		return;
	show_time(r);
	if (alarm_matches(r, REG_SEC_ALARM, REG_SEC) && alarm_matches(r, REG_MIN_ALARM, REG_MIN) &&
	    alarm_matches(r, REG_HOUR_ALARM, REG_HOUR))
		flags |= C_AF;
	raise_flags(r, flags);
}

static void period_ended(void *arg, uint64_t nr_expired)
{
	(void)nr_expired;
	raise_flags(arg, C_PF);
}

/* Run the timers that register B asks for. */
static void rearm(struct rtc *r)
{
	uint64_t now = clock_ns();
	unsigned int rate = r->cmos[REG_A] & 15;

	if (r->cmos[REG_B] & (B_AIE | B_UIE)) {
		struct timespec ts;

		clock_gettime(CLOCK_REALTIME, &ts);
		timer_arm(r->second, now + (NS - ts.tv_nsec), NS);
	} else {
		timer_disarm(r->second);
	}
	if ((r->cmos[REG_B] & B_PIE) && rate) {
		/* rates 1 and 2 mean the same as 8 and 9 (data sheet, table 5) */
		uint64_t period = NS * (1u << ((rate < 3 ? rate + 7 : rate) - 1)) / 32768;

		timer_arm(r->periodic, now + period, period);
	} else {
		timer_disarm(r->periodic);
	}
}

static bool is_time(unsigned int reg)
{
	return reg == REG_SEC || reg == REG_MIN || reg == REG_HOUR || reg == REG_CENTURY ||
	       (reg >= REG_WDAY && reg <= REG_YEAR);
}

static uint8_t read_reg(struct rtc *r, unsigned int reg)
{
	uint8_t value;

	if (is_time(reg) && !(r->cmos[REG_B] & B_SET))
		show_time(r);
	value = r->cmos[reg];
	if (reg == REG_C)
		clear_flags(r);
	return value;
}

static void write_b(struct rtc *r, uint8_t value)
{
	bool was_set = r->cmos[REG_B] & B_SET;

	if (!was_set && (value & B_SET)) {
		show_time(r);
		r->frozen = guest_time(r);
	}
	/* The SET bit forbids update interrupts (data sheet, register B). */
	r->cmos[REG_B] = value & B_SET ? value & ~B_UIE : value;
	if (was_set && !(value & B_SET))
		take_time(r);
	rearm(r);
	raise_flags(r, 0);
}

static void write_reg(struct rtc *r, unsigned int reg, uint8_t value)
{
	if (reg == REG_B) {
		write_b(r, value);
	} else if (reg == REG_A) {
		r->cmos[REG_A] = value & 0x7F;
		rearm(r);
	} else if (reg != REG_C && reg != REG_D) {
		bool running = !(r->cmos[REG_B] & B_SET);

		if (is_time(reg) && running)
			show_time(r);
		r->cmos[reg] = value;
		if (is_time(reg) && running)
			take_time(r);
	}
}

static uint64_t rtc_read(void *dev, uint64_t offset, unsigned int size)
{
	struct rtc *r = dev;

	(void)size;
	return offset ? read_reg(r, r->index) : 0xFF;
}

static void rtc_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct rtc *r = dev;

	/* Bit 7 of the index masks NMIs on a PC; there are none to mask. */
	if (offset == 0)
		r->index = value & (CMOS_SIZE - 1);
	if (offset == 1 || size == 2)
		write_reg(r, r->index, offset ? value : value >> 8);
}

static const struct bus_ops rtc_bus_ops = { .read = rtc_read, .write = rtc_write };

/* The clock and the CMOS bytes live on a battery: only interrupts are reset. */
static void rtc_reset(void *state)
{
	struct rtc *r = state;

	if (r->cmos[REG_B] & B_SET)
		take_time(r);
	r->cmos[REG_B] &= ~(B_SET | B_PIE | B_AIE | B_UIE);
	clear_flags(r);
	rearm(r);
}

static void rtc_fini(void *state)
{
	struct rtc *r = state;

	bus_unregister(&r->vm->bus, &r->range);
	timer_close(r->second);
	timer_close(r->periodic);
	free(r);
}

static int rtc_init(struct vm *vm, void **state)
{
	struct rtc *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->vm = vm;
	r->cmos[REG_A] = A_DEFAULT;
	r->cmos[REG_B] = B_24H;
	r->cmos[REG_D] = D_VALID;
	r->range = (struct bus_range){ "RTC", BUS_PIO, RTC_PORT, 2, &rtc_bus_ops, r };
	err = timer_open(vm, (struct timer_handler){ second_began, r }, &r->second);
	if (!err)
		err = timer_open(vm, (struct timer_handler){ period_ended, r }, &r->periodic);
	if (!err)
		err = bus_register(&vm->bus, &r->range);
	if (err) {
		rtc_fini(r);
		return err;
	}
	*state = r;
	return 0;
}

const struct platform_ops rtc_ops = {
	.name = "rtc", .init = rtc_init, .fini = rtc_fini, .reset = rtc_reset,
};
