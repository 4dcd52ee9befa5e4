/* SPDX-License-Identifier: BSD-3-Clause */
/* Register file of an MC146818 clock to and from seconds since 1970 (data sheet; century register: as ACPI's FADT names it on PCs). */
#pragma once

#include "lib/types.h"

#define RTC_SECONDS	0x00u
#define RTC_ALARM_SECONDS 0x01u
#define RTC_MINUTES	0x02u
#define RTC_ALARM_MINUTES 0x03u
#define RTC_HOURS	0x04u
#define RTC_ALARM_HOURS	0x05u
#define RTC_WEEKDAY	0x06u	/* 1 = Sunday */
#define RTC_DAY		0x07u
#define RTC_MONTH	0x08u
#define RTC_YEAR	0x09u	/* 0..99 */
#define RTC_A		0x0au
#define RTC_B		0x0bu
#define RTC_C		0x0cu
#define RTC_D		0x0du
#define RTC_CENTURY	0x32u
#define RTC_B_24H	0x02u	/* else hours are 1..12 with bit 7 = afternoon */
#define RTC_B_BINARY	0x04u	/* else two decimal digits */

/* Fills the time, date and century registers in the format of regs[RTC_B]; years 1970..9999. Pure. */
void rtc_encode(uint8_t *regs, uint64_t unix_time);

/*
 * Reads them back. Fields out of range are brought into it (a guest may write
 * anything); a century that is not 19..99 is 20. Before 1970 is 1970. Pure.
 */
uint64_t rtc_decode(const uint8_t *regs);

/* Did the alarm registers match in one of the seconds from + 1 .. to? Of a long time only the last day is looked at. Pure. */
bool rtc_alarm_between(const uint8_t *regs, uint64_t from, uint64_t to);
