/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual MC146818: formats, setting the time, update in progress, alarm, the machine's clock. */
/* unit: hypervisor/emul/vrtc.c hypervisor/emul/rtc_time.c tests/fake/vm_vm.c tests/fake/vm_time.c tests/fake/vm_mem.c tests/fake/vm_io.c */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "vm_io.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "vm_vm.h"
#include "emul/rtc_time.h"
#include "emul/vrtc.h"
#include "x86/insn.h"

#define SECOND	1000000000ul	/* fake TSC ticks */
#define START	1700000000ul	/* 2023-11-14 22:13:20 UTC, a Tuesday */

static struct vm *vm;
static struct vcpu *v;

static uint8_t rd(uint8_t reg)
{
	fake_out(v, 0x70, reg);
	return fake_in(v, 0x71);
}

static void wr(uint8_t reg, uint8_t value)
{
	fake_out(v, 0x70, reg);
	fake_out(v, 0x71, value);
}

static void setup(void)
{
	fake_io_reset();
	fake_time_reset();
	fake_tsc = 77;
	vm = fake_vm_create(1);
	v = vm->vcpus[0];
	ck_assert_int_eq(vrtc_create(vm, START), 0);
}

static void teardown(void)
{
	vrtc_destroy(vm);
	vrtc_destroy(vm);
	fake_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
	ck_assert_uint_eq(fake_io_nr_regions(), 0);
}

/* "YYYY-MM-DD hh:mm:ss d" as the registers read raw, in hexadecimal. */
static const char *raw(void)
{
	static char s[64];

	snprintf(s, sizeof(s), "%02x%02x-%02x-%02x %02x:%02x:%02x %x", rd(RTC_CENTURY), rd(RTC_YEAR), rd(RTC_MONTH),
		 rd(RTC_DAY), rd(RTC_HOURS), rd(RTC_MINUTES), rd(RTC_SECONDS), rd(RTC_WEEKDAY));
	return s;
}

START_TEST(formats)
{
	ck_assert_uint_eq(rd(RTC_B), RTC_B_24H);
	ck_assert_uint_eq(rd(RTC_D), 0x80);
	ck_assert_str_eq(raw(), "2023-11-14 22:13:20 3");
	wr(RTC_B, RTC_B_24H | RTC_B_BINARY);
	ck_assert_str_eq(raw(), "2017-0b-0e 16:0d:14 3");
	wr(RTC_B, 0);
	ck_assert_str_eq(raw(), "2023-11-14 90:13:20 3");	/* 10 in the afternoon */
	wr(RTC_B, RTC_B_BINARY);
	ck_assert_str_eq(raw(), "2017-0b-0e 8a:0d:14 3");
	fake_time_pass(2 * 3600 * SECOND);
	ck_assert_str_eq(raw(), "2017-0b-0f 0c:0d:14 4");	/* a quarter past midnight is 12 */
	wr(RTC_B, 0);
	fake_time_pass(12 * 3600 * SECOND);
	ck_assert_str_eq(raw(), "2023-11-15 92:13:20 4");	/* and past noon is 12 again */
}
END_TEST

START_TEST(time_passes)
{
	fake_time_pass(SECOND - 1);
	ck_assert_str_eq(raw(), "2023-11-14 22:13:20 3");
	fake_time_pass(1);
	ck_assert_str_eq(raw(), "2023-11-14 22:13:21 3");
	fake_time_pass(47ul * 86400 * SECOND);
	ck_assert_str_eq(raw(), "2023-12-31 22:13:21 1");
	fake_time_pass(2ul * 3600 * SECOND);
	ck_assert_str_eq(raw(), "2024-01-01 00:13:21 2");
}
END_TEST

START_TEST(setting_stops_the_clock)
{
	wr(RTC_B, 0x82);
	ck_assert_str_eq(raw(), "2023-11-14 22:13:20 3");
	fake_time_pass(5 * SECOND);
	ck_assert_str_eq(raw(), "2023-11-14 22:13:20 3");
	wr(RTC_CENTURY, 0x20);
	wr(RTC_YEAR, 0x24);
	wr(RTC_MONTH, 0x02);
	wr(RTC_DAY, 0x29);
	wr(RTC_HOURS, 0x23);
	wr(RTC_MINUTES, 0x59);
	wr(RTC_SECONDS, 0x58);
	ck_assert_str_eq(raw(), "2024-02-29 23:59:58 3");
	wr(RTC_B, 0x02);
	ck_assert_str_eq(raw(), "2024-02-29 23:59:58 5");
	fake_time_pass(2 * SECOND);
	ck_assert_str_eq(raw(), "2024-03-01 00:00:00 6");
	/* On the run, one field. */
	wr(RTC_MINUTES, 0x30);
	ck_assert_str_eq(raw(), "2024-03-01 00:30:00 6");
	/* In 12-hour binary format. */
	wr(RTC_B, 0x04);
	wr(RTC_B, 0x84);
	wr(RTC_HOURS, 0x80 | 12);
	wr(RTC_MINUTES, 5);
	wr(RTC_B, 0x04);
	wr(RTC_B, 0x02);
	ck_assert_str_eq(raw(), "2024-03-01 12:05:00 6");
}
END_TEST

START_TEST(update_in_progress)
{
	ck_assert_uint_eq(rd(RTC_A), 0x26);
	fake_time_pass(SECOND - 2228000 - 1);
	ck_assert_uint_eq(rd(RTC_A), 0x26);
	fake_time_pass(1);
	ck_assert_uint_eq(rd(RTC_A), 0xa6);
	ck_assert_uint_eq(rd(RTC_SECONDS), 0x20);
	fake_time_pass(2228000 - 1);
	ck_assert_uint_eq(rd(RTC_A), 0xa6);
	fake_time_pass(1);
	ck_assert_uint_eq(rd(RTC_A), 0x26);
	ck_assert_uint_eq(rd(RTC_SECONDS), 0x21);
	wr(RTC_A, 0xff);
	ck_assert_uint_eq(rd(RTC_A), 0x7f);
	wr(RTC_B, 0x82);
	fake_time_pass(SECOND - 1);
	ck_assert_uint_eq(rd(RTC_A), 0x7f);
}
END_TEST

START_TEST(flags)
{
	(void)rd(RTC_C);
	ck_assert_uint_eq(rd(RTC_C), 0);
	wr(RTC_A, 0x20);
	fake_time_pass(SECOND / 2);
	ck_assert_uint_eq(rd(RTC_C), 0);
	fake_time_pass(SECOND / 2);
	ck_assert_uint_eq(rd(RTC_C), 0x10);
	ck_assert_uint_eq(rd(RTC_C), 0);
	wr(RTC_A, 0x26);			/* 1024 Hz: 976562.5 ns */
	fake_time_pass(976600);
	ck_assert_uint_eq(rd(RTC_C), 0x40);
	wr(RTC_B, 0x52);
	fake_time_pass(SECOND);
	ck_assert_uint_eq(rd(RTC_C), 0xd0);
	/* Alarm at 22:13:30, then at any minute's second 30. */
	wr(RTC_A, 0x20);
	wr(RTC_B, 0x22);
	wr(RTC_ALARM_SECONDS, 0x30);
	wr(RTC_ALARM_MINUTES, 0x13);
	wr(RTC_ALARM_HOURS, 0x22);
	ck_assert_uint_eq(rd(RTC_ALARM_MINUTES), 0x13);
	fake_time_pass(7 * SECOND);
	ck_assert_uint_eq(rd(RTC_C), 0x10);
	fake_time_pass(SECOND);
	ck_assert_uint_eq(rd(RTC_C), 0xb0);
	fake_time_pass(86399 * SECOND);
	ck_assert_uint_eq(rd(RTC_C), 0x10);
	fake_time_pass(SECOND);
	ck_assert_uint_eq(rd(RTC_C), 0xb0);
	wr(RTC_ALARM_MINUTES, 0xff);
	wr(RTC_ALARM_HOURS, 0xc0);
	fake_time_pass(60 * SECOND);
	ck_assert_uint_eq(rd(RTC_C), 0xb0);
	fake_time_pass(59 * SECOND);
	ck_assert_uint_eq(rd(RTC_C), 0x10);
	wr(RTC_ALARM_SECONDS, 0x77);		/* never */
	fake_time_pass(1000ul * 86400 * SECOND);
	ck_assert_uint_eq(rd(RTC_C), 0x10);
}
END_TEST

START_TEST(cmos_memory)
{
	wr(0x0e, 0x5a);
	wr(0x7f, 0xa5);
	wr(RTC_C, 0xff);
	wr(RTC_D, 0);
	ck_assert_uint_eq(rd(0x0e), 0x5a);
	ck_assert_uint_eq(rd(0x7f), 0xa5);
	ck_assert_uint_eq(rd(RTC_D), 0x80);
	ck_assert_uint_eq(rd(0x80 | 0x0e), 0x5a);	/* bit 7 only masks NMIs */
	ck_assert_uint_eq(fake_in(v, 0x70), 0xff);
	fake_io_write(v, IO_PORT, 0x70, 2, 0x330f);	/* index and data at once */
	ck_assert_uint_eq(rd(0x0f), 0x33);
	ck_assert_uint_eq(fake_io_read(v, IO_PORT, 0x71, 2), 0xff33);
}
END_TEST

/* Whatever a guest writes must give a time, and a time that can be read back. */
START_TEST(nonsense_is_brought_into_range)
{
	unsigned int i, j, x = 1;

	for (i = 0; i < 20000; i++) {
		uint8_t regs[0x80];
		uint64_t t;

		for (j = 0; j < sizeof(regs); j++)
			regs[j] = (uint8_t)((x = x * 1103515245u + 12345u) >> 16);
		t = rtc_decode(regs);
		rtc_encode(regs, t);
		ck_assert_uint_eq(rtc_decode(regs), t);
	}
	wr(RTC_B, 0x82);
	wr(RTC_MONTH, 0x02);
	wr(RTC_DAY, 0x31);
	wr(RTC_HOURS, 0x99);
	wr(RTC_B, 0x02);
	ck_assert_str_eq(raw(), "2023-02-28 23:13:20 3");
}
END_TEST

START_TEST(calendar_agrees_with_the_c_library)
{
	uint64_t t;

	for (t = 0; t < 253402300799ul; t += 86400ul * 131 + 12345) {
		uint8_t regs[0x80] = { [RTC_B] = RTC_B_24H | RTC_B_BINARY };
		time_t when = (time_t)t;
		struct tm tm;

		gmtime_r(&when, &tm);
		rtc_encode(regs, t);
		ck_assert_int_eq(regs[RTC_SECONDS], tm.tm_sec);
		ck_assert_int_eq(regs[RTC_MINUTES], tm.tm_min);
		ck_assert_int_eq(regs[RTC_HOURS], tm.tm_hour);
		ck_assert_int_eq(regs[RTC_DAY], tm.tm_mday);
		ck_assert_int_eq(regs[RTC_MONTH], tm.tm_mon + 1);
		ck_assert_int_eq(regs[RTC_YEAR], tm.tm_year % 100);
		ck_assert_int_eq(regs[RTC_WEEKDAY], tm.tm_wday + 1);
		ck_assert_uint_eq(rtc_decode(regs), t);
	}
}
END_TEST

static uint8_t host_index;
static unsigned int host_reads;

/* A clock that is updating at first, and whose second changes under the first reading. */
static bool host_in(uint16_t port, uint8_t size, uint32_t *value)
{
	static const uint8_t regs[0x80] = {
		[RTC_MINUTES] = 0x13, [RTC_HOURS] = 0x22, [RTC_DAY] = 0x14, [RTC_MONTH] = 0x11, [RTC_YEAR] = 0x23,
		[RTC_B] = 0x02, [RTC_CENTURY] = 0x20,
	};

	ck_assert_uint_eq(size, 1);
	ck_assert_uint_eq(port, 0x71);
	fake_tsc += 1000;
	host_reads++;
	*value = regs[host_index];
	if (host_index == RTC_A)
		*value = host_reads < 5 ? 0xa6 : 0x26;
	if (host_index == RTC_SECONDS)
		*value = host_reads < 15 ? 0x19 : 0x20;
	return true;
}

static bool broken_in(uint16_t port, uint8_t size, uint32_t *value)
{
	(void)port;
	(void)size;
	fake_tsc += 1000;
	*value = 0xff;
	return true;
}

static bool host_out(uint16_t port, uint8_t size, uint32_t value)
{
	(void)size;
	ck_assert_uint_eq(port, 0x70);
	host_index = (uint8_t)value;
	return true;
}

START_TEST(host_time)
{
	fake_cpu_reset();
	fake_cpu.port_read = host_in;
	fake_cpu.port_written = host_out;
	ck_assert_uint_eq(vrtc_host_time(), START);
	fake_cpu.port_read = broken_in;		/* read only once */
	fake_time_pass(90 * SECOND);
	ck_assert_uint_eq(vrtc_host_time(), START + 90);
}
END_TEST

START_TEST(host_without_a_clock)
{
	fake_cpu_reset();
	fake_cpu.port_read = broken_in;
	fake_cpu.port_written = host_out;
	ck_assert_uint_gt(vrtc_host_time(), 0);
	ck_assert_uint_lt(fake_tsc, SECOND / 10);
}
END_TEST

/* Without a page, or where somebody else has the ports (here the VM's own clock), nothing stays of it. */
START_TEST(create_errors)
{
	unsigned int nr_pages = fake_mem_pages;
	struct vrtc *first = vm->vrtc;

	ck_assert_int_eq(vrtc_create(vm, START), -EEXIST);
	ck_assert_uint_eq(fake_mem_pages, nr_pages);
	ck_assert_ptr_eq(vm->vrtc, first);
	fake_mem_empty = true;
	ck_assert_int_eq(vrtc_create(vm, START), -ENOMEM);
	fake_mem_empty = false;
	ck_assert_uint_eq(rd(RTC_A), 0x26);	/* the first one works on */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vrtc");
	TCase *c = tcase_create("vrtc");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, formats);
	tcase_add_test(c, time_passes);
	tcase_add_test(c, setting_stops_the_clock);
	tcase_add_test(c, update_in_progress);
	tcase_add_test(c, flags);
	tcase_add_test(c, cmos_memory);
	tcase_add_test(c, nonsense_is_brought_into_range);
	tcase_add_test(c, calendar_agrees_with_the_c_library);
	tcase_add_test(c, host_time);
	tcase_add_test(c, host_without_a_clock);
	tcase_add_test(c, create_errors);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
