/* SPDX-License-Identifier: BSD-3-Clause */
/* Calendar of an MC146818 clock. */
#include "emul/rtc_time.h"

#include "lib/util.h"

#define DAY_SECONDS	86400u
#define ALARM_ANY	0xc0u	/* a field of 11xxxxxx matches anything */
#define LAST_DAY	2932896u	/* 9999-12-31 */

/* Days since 1970-01-01. Years are counted from March, so that the leap day is a year's last. */
static uint64_t days_of(uint32_t year, uint32_t month, uint32_t day)
{
	uint32_t y = month <= 2 ? year - 1 : year;
	uint32_t months = month <= 2 ? month + 9 : month - 3;
	uint32_t in_year = (153 * months + 2) / 5 + day - 1;	/* 153 days to five months from March on */

	/* 719468 days from 0000-03-01 to 1970-01-01. */
	return (uint64_t)y * 365 + y / 4 - y / 100 + y / 400 + in_year - 719468;
}

static uint8_t to_format(const uint8_t *regs, uint32_t value)
{
	return (uint8_t)(regs[RTC_B] & RTC_B_BINARY ? value : value / 10 << 4 | value % 10);
}

static uint32_t from_format(const uint8_t *regs, uint8_t value)
{
	return regs[RTC_B] & RTC_B_BINARY ? value : (value >> 4) * 10u + (value & 0xfu);
}

static uint8_t encode_hours(const uint8_t *regs, uint32_t hours)
{
	uint32_t twelve = hours % 12 ? hours % 12 : 12;

	if (regs[RTC_B] & RTC_B_24H)
		return to_format(regs, hours);
	return to_format(regs, twelve) | (hours >= 12 ? 0x80 : 0);
}

static uint32_t decode_hours(const uint8_t *regs)
{
	uint8_t raw = regs[RTC_HOURS];

	if (regs[RTC_B] & RTC_B_24H)
		return MIN(from_format(regs, raw), 23u);
	return from_format(regs, raw & 0x7f) % 12 + (raw & 0x80 ? 12 : 0);
}

void rtc_encode(uint8_t *regs, uint64_t unix_time)
{
	uint64_t days = MIN(unix_time / DAY_SECONDS, LAST_DAY);
	uint32_t second = (uint32_t)(unix_time % DAY_SECONDS);
	uint32_t year = 1970 + (uint32_t)(days / 366), month = 1;

	while (days_of(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && days_of(year, month + 1, 1) <= days)
		month++;
	regs[RTC_SECONDS] = to_format(regs, second % 60);
	regs[RTC_MINUTES] = to_format(regs, second / 60 % 60);
	regs[RTC_HOURS] = encode_hours(regs, second / 3600);
	regs[RTC_WEEKDAY] = to_format(regs, (uint32_t)((days + 4) % 7 + 1));	/* 1970-01-01 was a Thursday */
	regs[RTC_DAY] = to_format(regs, (uint32_t)(days - days_of(year, month, 1)) + 1);
	regs[RTC_MONTH] = to_format(regs, month);
	regs[RTC_YEAR] = to_format(regs, year % 100);
	regs[RTC_CENTURY] = (uint8_t)(year / 1000 << 4 | year / 100 % 10);	/* always two digits */
}

static uint32_t clamp(uint32_t value, uint32_t low, uint32_t high)
{
	return value < low ? low : MIN(value, high);
}

uint64_t rtc_decode(const uint8_t *regs)
{
	uint32_t century = (regs[RTC_CENTURY] >> 4) * 10u + (regs[RTC_CENTURY] & 0xfu);
	uint32_t year = MIN(from_format(regs, regs[RTC_YEAR]), 99u), month, day;
	uint64_t next, first;

	year += (century >= 19 && century <= 99 ? century : 20) * 100;
	if (year < 1970)
		return 0;
	month = clamp(from_format(regs, regs[RTC_MONTH]), 1, 12);
	first = days_of(year, month, 1);
	next = month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
	day = clamp(from_format(regs, regs[RTC_DAY]), 1, (uint32_t)(next - first));
	return (first + day - 1) * DAY_SECONDS + decode_hours(regs) * 3600ul +
	       MIN(from_format(regs, regs[RTC_MINUTES]), 59u) * 60ul + MIN(from_format(regs, regs[RTC_SECONDS]), 59u);
}

static bool matches(uint8_t alarm, uint8_t now)
{
	return alarm >= ALARM_ANY || alarm == now;
}

bool rtc_alarm_between(const uint8_t *regs, uint64_t from, uint64_t to)
{
	uint64_t t = to - from > DAY_SECONDS ? to - DAY_SECONDS : from;

	/* Whole hours and minutes that cannot match are skipped. */
	for (t++; t <= to;) {
		uint32_t second = (uint32_t)(t % DAY_SECONDS);

		if (!matches(regs[RTC_ALARM_HOURS], encode_hours(regs, second / 3600)))
			t += 3600 - second % 3600;
		else if (!matches(regs[RTC_ALARM_MINUTES], to_format(regs, second / 60 % 60)))
			t += 60 - second % 60;
		else if (!matches(regs[RTC_ALARM_SECONDS], to_format(regs, second % 60)))
			t++;
		else
			return true;
	}
	return false;
}
