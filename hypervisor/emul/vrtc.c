/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual MC146818A (Motorola data sheet) with the PC's CMOS memory behind it. */
#include "emul/vrtc.h"

#include "cpu/tsc.h"
#include "emul/rtc_time.h"
#include "io/region.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vm/vm.h"
#include "x86/insn.h"

#define PORT_INDEX	0x70u
#define PORT_DATA	0x71u
#define CMOS_SIZE	128u

#define A_UIP		0x80u	/* update in progress */
#define A_DIVIDER	0x70u
#define A_DIVIDER_RUNS	0x20u	/* 32.768 kHz crystal */
#define A_RATE		0x0fu
#define B_SET		0x80u	/* updates stopped: time can be set */
#define C_PERIODIC	0x40u
#define C_ALARM		0x20u
#define C_UPDATE	0x10u
#define C_IRQ		0x80u
#define D_VALID		0x80u

/* UIP comes up this long before the second ends and falls with it: 244 us of warning and the update itself. */
#define UIP_US		2228u

struct vrtc {
	struct spinlock lock;
	uint64_t base_time;	/* [lock] seconds since 1970 at base_tsc */
	uint64_t base_tsc;	/* [lock] */
	uint64_t flags_tsc;	/* [lock] TSC up to which register C's flags are right */
	uint8_t index;		/* [lock] */
	uint8_t flags;		/* [lock] register C without its IRQ bit */
	uint8_t cmos[CMOS_SIZE]; /* [lock] time registers are right only while B_SET */
};

static uint64_t ticks_per_second(void)
{
	return tsc_khz() * 1000;
}

static uint64_t time_at(const struct vrtc *r, uint64_t tsc)
{
	return r->base_time + (tsc - r->base_tsc) / ticks_per_second();
}

static void latch_time(struct vrtc *r, uint64_t tsc)
{
	rtc_encode(r->cmos, time_at(r, tsc));
}

/* The clock goes on from what the registers say; the second starts now. */
static void take_time(struct vrtc *r, uint64_t tsc)
{
	r->base_time = rtc_decode(r->cmos);
	r->base_tsc = tsc;
	r->flags_tsc = tsc;
}

static bool is_time_register(uint8_t reg)
{
	return reg <= RTC_YEAR && reg != RTC_ALARM_SECONDS && reg != RTC_ALARM_MINUTES && reg != RTC_ALARM_HOURS;
}

/* ---- flags of register C, worked out when somebody looks ---- */

/* Ticks of the periodic rate; 0: off. Rates 1 and 2 are those of 8 and 9 (data sheet table 5, 32.768 kHz). */
static uint64_t period_ticks(const struct vrtc *r)
{
	unsigned int rate = r->cmos[RTC_A] & A_RATE;

	if (!rate)
		return 0;
	if (rate < 3)
		rate += 7;
	return (ticks_per_second() << (rate - 1)) / 32768;
}

static void update_flags(struct vrtc *r, uint64_t now)
{
	uint64_t from = time_at(r, r->flags_tsc), to = time_at(r, now), period = period_ticks(r);

	if (period && (now - r->base_tsc) / period != (r->flags_tsc - r->base_tsc) / period)
		r->flags |= C_PERIODIC;
	if (from != to && !(r->cmos[RTC_B] & B_SET)) {
		r->flags |= C_UPDATE;
		if (!(r->flags & C_ALARM) && rtc_alarm_between(r->cmos, from, to))
			r->flags |= C_ALARM;
	}
	r->flags_tsc = now;
}

/* ---- registers ---- */

static uint8_t read_a(const struct vrtc *r, uint64_t now)
{
	uint64_t in_second = (now - r->base_tsc) % ticks_per_second();
	bool updating = in_second >= ticks_per_second() - tsc_from_us(UIP_US);

	return r->cmos[RTC_A] | (updating && !(r->cmos[RTC_B] & B_SET) ? A_UIP : 0);
}

static uint8_t read_c(struct vrtc *r, uint64_t now)
{
	uint8_t value;

	update_flags(r, now);
	value = r->flags | (r->flags & r->cmos[RTC_B] ? C_IRQ : 0);
	r->flags = 0;
	return value;
}

static uint8_t read_cmos(struct vrtc *r)
{
	uint64_t now = tsc_now();

	switch (r->index) {
	case RTC_A:
		return read_a(r, now);
	case RTC_C:
		return read_c(r, now);
	case RTC_D:
		return D_VALID;
	default:
		if ((is_time_register(r->index) || r->index == RTC_CENTURY) && !(r->cmos[RTC_B] & B_SET))
			latch_time(r, now);
		return r->cmos[r->index];
	}
}

static void write_b(struct vrtc *r, uint8_t value, uint64_t now)
{
	uint8_t old = r->cmos[RTC_B];

	update_flags(r, now);
	/* Stopped with the old format; the guest may change the format while it sets the time. */
	if (!(old & B_SET) && (value & B_SET))
		latch_time(r, now);
	r->cmos[RTC_B] = value;
	if ((old & B_SET) && !(value & B_SET))
		take_time(r, now);
}

static void write_cmos(struct vrtc *r, uint8_t value)
{
	uint64_t now = tsc_now();

	switch (r->index) {
	case RTC_A:
		r->cmos[RTC_A] = value & (A_DIVIDER | A_RATE);
		break;
	case RTC_B:
		write_b(r, value, now);
		break;
	case RTC_C:
	case RTC_D:
		break;
	default:
		if (!is_time_register(r->index) && r->index != RTC_CENTURY) {
			update_flags(r, now);
			r->cmos[r->index] = value;
		} else if (r->cmos[RTC_B] & B_SET) {
			r->cmos[r->index] = value;
		} else {	/* set on the run: one field changes, the others are what they are now */
			latch_time(r, now);
			r->cmos[r->index] = value;
			take_time(r, now);
		}
		break;
	}
}

/* Only bytes: the index port cannot be read, its bit 7 (NMI mask) has no meaning here. */
static int ports(struct vcpu *vcpu, void *dev, struct io_access *acc)
{
	struct vrtc *r = dev;
	uint8_t value = 0xff;

	(void)vcpu;
	spin_lock(&r->lock);
	if (acc->write && acc->addr == PORT_INDEX)
		r->index = acc->value & (CMOS_SIZE - 1);
	if (acc->addr == PORT_DATA || acc->size > 1) {
		if (!acc->write)
			value = acc->addr == PORT_DATA ? read_cmos(r) : 0xff;
		else
			write_cmos(r, (uint8_t)(acc->addr == PORT_DATA ? acc->value : acc->value >> 8));
	}
	spin_unlock(&r->lock);
	if (!acc->write)
		acc->value = acc->size == 1 ? value : (0xffffff00u | value) & (acc->size == 2 ? 0xffffu : 0xffffffffu);
	return IO_DONE;
}

/* ---- life ---- */

int vrtc_create(struct vm *vm, uint64_t unix_time)
{
	struct vrtc *r = frame_get(1);
	int err;

	if (!r)
		return ERR(-ENOMEM);
	r->base_time = unix_time;
	r->base_tsc = r->flags_tsc = tsc_now();
	r->cmos[RTC_A] = A_DIVIDER_RUNS | 6;	/* as PC firmware leaves it: 1024 Hz */
	r->cmos[RTC_B] = RTC_B_24H;
	err = io_region_add(vm, &(struct io_region){ IO_PORT, PORT_INDEX, 2, ports, r });
	if (err) {
		frame_put(r, 1);
		return err;
	}
	vm->vrtc = r;
	return 0;
}

void vrtc_destroy(struct vm *vm)
{
	if (!vm->vrtc)
		return;
	io_region_remove(vm, IO_PORT, PORT_INDEX);
	frame_put(vm->vrtc, 1);
	vm->vrtc = NULL;
}

/* ---- the machine's own clock ---- */

static uint8_t host_read(uint8_t reg)
{
	outb(PORT_INDEX, reg);
	return inb(PORT_DATA);
}

/*
 * All registers outside of an update; the same seconds before and after make
 * them one moment's. Bounded by 10 ms: the chip may be broken or absent. To
 * wait for the next second to begin would be exact, and cost one at boot.
 */
static uint64_t host_read_time(void)
{
	uint64_t end = tsc_now() + tsc_from_us(10000);
	uint8_t regs[CMOS_SIZE] = { 0 };
	uint8_t i;

	do {
		while ((host_read(RTC_A) & A_UIP) && tsc_now() < end)
			continue;
		for (i = 0; i <= RTC_D; i++)
			regs[i] = host_read(i);
		regs[RTC_CENTURY] = host_read(RTC_CENTURY);
	} while (host_read(RTC_SECONDS) != regs[RTC_SECONDS] && tsc_now() < end);
	return rtc_decode(regs);
}

uint64_t vrtc_host_time(void)
{
	static uint64_t time, tsc;

	if (!tsc) {
		time = host_read_time();
		tsc = tsc_now();
	}
	return time + (tsc_now() - tsc) / ticks_per_second();
}
