/* SPDX-License-Identifier: BSD-3-Clause */
/* PIT, HPET, RTC, PM and i8042 on a clock that the test moves. */
/* unit: devicemodel/core/affinity.c devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/log.c devicemodel/core/irq.c devicemodel/core/mem.c tests/fake/dm_vm.c tests/fake/dm_hsm.c devicemodel/platform/pit.c devicemodel/platform/hpet.c devicemodel/platform/rtc.c devicemodel/platform/pm.c devicemodel/platform/i8042.c devicemodel/core/vm.c devicemodel/core/event.c tests/fake/dm_timer.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/layout.h"
#include "dm_hsm.h"
#include "dm_timer.h"
#include "dm_vm.h"
#include "platform/platform.h"
#include "public/irq.h"

#define MS 1000000ull

static struct vm vm;
static void *pit, *hpet, *rtc, *pm, *i8042;

static void setup(void)
{
	fake_hsm_clear();
	fake_clock_ns = 5000 * MS;
	fake_vm_open(&vm, 0, 1);
	ck_assert_int_eq(pit_ops.init(&vm, &pit), 0);
	ck_assert_int_eq(hpet_ops.init(&vm, &hpet), 0);
	ck_assert_int_eq(rtc_ops.init(&vm, &rtc), 0);
	ck_assert_int_eq(pm_ops.init(&vm, &pm), 0);
	ck_assert_int_eq(i8042_ops.init(&vm, &i8042), 0);
}

static void teardown(void)
{
	i8042_ops.fini(i8042);
	pm_ops.fini(pm);
	rtc_ops.fini(rtc);
	hpet_ops.fini(hpet);
	pit_ops.fini(pit);
	ck_assert_uint_eq(vm.bus.table[BUS_PIO].nr_ranges, 0);
	fake_vm_close(&vm);
}

static uint8_t in(uint16_t port)
{
	return fake_in(&vm, port, 1);
}

static void out(uint16_t port, uint8_t value)
{
	fake_out(&vm, port, 1, value);
}

static void pit_load(unsigned int channel, unsigned int mode, uint16_t count)
{
	out(0x43, channel << 6 | 0x30 | mode << 1);
	out(0x40 + channel, count);
	out(0x40 + channel, count >> 8);
}

static uint16_t pit_read(unsigned int channel)
{
	uint16_t low;

	out(0x43, channel << 6);
	low = in(0x40 + channel);
	return low | in(0x40 + channel) << 8;
}

/* pit_calibrate_tsc() of Linux: gate on, mode 0, poll OUT of channel 2 in port 0x61. */
START_TEST(linux_calibrates_by_channel_2)
{
	out(0x61, (in(0x61) & ~2) | 1);
	pit_load(2, 0, 11932);			/* 10 ms and 0.15 us */
	fake_clock_advance(9 * MS);
	ck_assert_uint_eq(in(0x61) & 0x20, 0);
	fake_clock_advance(MS);
	ck_assert_uint_eq(in(0x61) & 0x20, 0);
	fake_clock_advance(200);
	ck_assert_uint_eq(in(0x61) & 0x20, 0x20);
}
END_TEST

/* quick_pit_calibrate(): mode 0, LSB then MSB, counting down from 0xFFFF without latching. */
START_TEST(channel_2_counts_down)
{
	out(0x61, 1);
	pit_load(2, 0, 0xFFFF);
	fake_clock_advance(256 * 1000000000ull / 1193182 + 1);
	ck_assert_uint_eq(in(0x42), 0xFF);
	ck_assert_uint_eq(in(0x42), 0xFE);
}
END_TEST

START_TEST(gate_stops_mode_0)
{
	out(0x61, 1);
	pit_load(2, 0, 11932);
	fake_clock_advance(5 * MS);
	out(0x61, 0);
	fake_clock_advance(100 * MS);
	ck_assert_uint_eq(in(0x61) & 0x20, 0);
	out(0x61, 1);
	fake_clock_advance(4 * MS);
	ck_assert_uint_eq(in(0x61) & 0x20, 0);
	fake_clock_advance(MS + MS / 100);
	ck_assert_uint_eq(in(0x61) & 0x20, 0x20);
}
END_TEST

START_TEST(channel_0_ticks)
{
	pit_load(0, 2, 11932);			/* 10 ms, periodic */
	fake_clock_advance(1005 * MS);
	ck_assert_int_eq(fake_hsm_count_irq(LAYOUT_GSI_TIMER, IRQLINE_RAISING_PULSE), 100);
	pit_load(0, 0, 1193);			/* one shot, 1 ms */
	fake_clock_advance(50 * MS);
	ck_assert_int_eq(fake_hsm_count_irq(LAYOUT_GSI_TIMER, IRQLINE_RAISING_PULSE), 101);
	out(0x43, 0x30);			/* Linux's shutdown: mode 0, count 0 */
	fake_clock_advance(1000 * MS);
	ck_assert_int_eq(fake_hsm_count_irq(LAYOUT_GSI_TIMER, IRQLINE_RAISING_PULSE), 101);
}
END_TEST

START_TEST(square_wave_and_read_back)
{
	pit_load(0, 3, 1000);
	fake_clock_advance(100 * 1000000000ull / 1193182 + 1);
	ck_assert_uint_eq(pit_read(0), 800);
	out(0x43, 0xC2);			/* read back status and count of channel 0 */
	ck_assert_uint_eq(in(0x40), 0x80 | 0x30 | 3 << 1);
	ck_assert_uint_eq(in(0x40), 800 & 0xFF);
	ck_assert_uint_eq(in(0x40), 800 >> 8);
	out(0x43, 0x10);			/* channel 0, low byte only, mode 0 */
	out(0x40, 0x80);
	ck_assert_uint_eq(in(0x40), 0x80);
	ck_assert_uint_eq(in(0x43), 0xFF);
}
END_TEST

START_TEST(every_control_byte_is_harmless)
{
	for (unsigned int control = 0; control < 256; control++) {
		out(0x43, control);
		for (unsigned int channel = 0; channel < 3; channel++) {
			out(0x40 + channel, 0);
			in(0x40 + channel);
			out(0x40 + channel, 1);
			in(0x40 + channel);
		}
		out(0x61, control);
		in(0x61);
		fake_clock_advance(MS);
	}
	pit_ops.reset(pit);
	ck_assert_uint_eq(in(0x61) & 3, 0);
}
END_TEST

static uint64_t hpet_read(unsigned int reg, unsigned int size)
{
	return bus_read(&vm.bus, BUS_MMIO, LAYOUT_HPET_BASE + reg, size);
}

static void hpet_write(unsigned int reg, unsigned int size, uint64_t value)
{
	bus_write(&vm.bus, BUS_MMIO, LAYOUT_HPET_BASE + reg, size, value);
}

START_TEST(hpet_counts)
{
	ck_assert_uint_eq(hpet_read(4, 4), 10000000);	/* femtoseconds a tick */
	ck_assert_uint_eq(hpet_read(0, 4) >> 16, 0x8086);
	fake_clock_advance(MS);
	ck_assert_uint_eq(hpet_read(0xF0, 4), 0);
	hpet_write(0xF0, 8, 0xFFFFFFFF);
	hpet_write(0x10, 4, 1);
	fake_clock_advance(MS);
	ck_assert_uint_eq(hpet_read(0xF0, 8), 0xFFFFFFFF + MS / 10);
	ck_assert_uint_eq(hpet_read(0xF4, 4), 1);
	hpet_write(0x10, 4, 0);
	fake_clock_advance(MS);
	ck_assert_uint_eq(hpet_read(0xF0, 8), 0xFFFFFFFF + MS / 10);
}
END_TEST

START_TEST(hpet_timers_fire)
{
	hpet_write(0x10, 4, 1);
	hpet_write(0x120, 4, 4 | 21 << 9);		/* timer 1: on, edge, GSI 21 */
	hpet_write(0x128, 4, 100000);			/* 1 ms */
	hpet_write(0x12C, 4, 0);
	fake_clock_advance(10 * MS);
	ck_assert_int_eq(fake_hsm_count_irq(21, IRQLINE_RAISING_PULSE), 1);
	hpet_write(0x100, 4, 0x14E | 20 << 9);		/* timer 0: periodic, level, 32 bits, set value */
	hpet_write(0x108, 4, hpet_read(0xF0, 4) + 100000);
	hpet_write(0x108, 4, 200000);			/* then every 2 ms */
	fake_clock_advance(MS);
	ck_assert_int_eq(fake_hsm_count_irq(20, IRQLINE_SET_HIGH), 1);
	ck_assert_uint_eq(hpet_read(0x20, 4), 1);
	hpet_write(0x20, 4, 1);
	ck_assert_int_eq(fake_hsm_count_irq(20, IRQLINE_SET_LOW), 1);
	fake_clock_advance(2 * MS);
	ck_assert_int_eq(fake_hsm_count_irq(20, IRQLINE_SET_HIGH), 2);
	hpet_ops.reset(hpet);
	fake_clock_advance(100 * MS);
	ck_assert_int_eq(fake_hsm_count_irq(20, IRQLINE_SET_HIGH), 2);
}
END_TEST

START_TEST(hpet_takes_any_write)
{
	static const uint64_t values[] = { 0, 1, UINT64_MAX, 0x14F, 1ull << 63 };

	for (unsigned int i = 0; i < 5; i++)
		for (unsigned int reg = 0; reg < 0x400; reg += 4) {
			hpet_write(reg, 4, values[i]);
			if (reg % 8 == 0)
				hpet_write(reg, 8, values[i]);
			hpet_write(reg, 1, values[i]);
			hpet_read(reg, 4);
			fake_clock_advance(1000);
		}
	hpet_ops.reset(hpet);
	ck_assert_uint_eq(hpet_read(0x10, 4), 0);
}
END_TEST

static uint8_t cmos(uint8_t reg)
{
	out(0x70, reg);
	return in(0x71);
}

static void set_cmos(uint8_t reg, uint8_t value)
{
	out(0x70, reg);
	out(0x71, value);
}

static unsigned int bcd(uint8_t v)
{
	return (v >> 4) * 10 + (v & 15);
}

START_TEST(rtc_tells_the_time)
{
	time_t now = time(NULL), shown;
	struct tm tm = { 0 };

	ck_assert_uint_eq(cmos(10) & 0x80, 0);
	ck_assert_uint_eq(cmos(11), 0x02);
	ck_assert_uint_eq(cmos(13), 0x80);
	tm.tm_sec = bcd(cmos(0));
	tm.tm_min = bcd(cmos(2));
	tm.tm_hour = bcd(cmos(4));
	tm.tm_mday = bcd(cmos(7));
	tm.tm_mon = bcd(cmos(8)) - 1;
	tm.tm_year = bcd(cmos(0x32)) * 100 + bcd(cmos(9)) - 1900;
	shown = timegm(&tm);
	ck_assert_int_le(labs((long)(shown - now)), 61);	/* the minute may turn while reading */
	gmtime_r(&shown, &tm);
	ck_assert_uint_eq(cmos(6), tm.tm_wday + 1);
}
END_TEST

/* mc146818_set_time(): SET, the registers, SET off. */
START_TEST(rtc_can_be_set)
{
	set_cmos(11, 0x82);
	set_cmos(0, 0x56);
	set_cmos(2, 0x34);
	set_cmos(4, 0x12);
	set_cmos(7, 0x29);
	set_cmos(8, 0x02);
	set_cmos(9, 0x28);
	set_cmos(0x32, 0x20);
	ck_assert_uint_eq(cmos(0), 0x56);
	set_cmos(11, 0x02);
	ck_assert_uint_eq(cmos(4), 0x12);
	ck_assert_uint_eq(cmos(7), 0x29);
	ck_assert_uint_eq(cmos(9), 0x28);
	ck_assert_uint_eq(cmos(6), 3);			/* 29 February 2028 is a Tuesday */
	set_cmos(11, 0x00);				/* 12-hour clock */
	set_cmos(4, 0x81);
	set_cmos(11, 0x02);
	ck_assert_uint_eq(cmos(4), 0x13);
	rtc_ops.reset(rtc);
	ck_assert_uint_eq(cmos(9), 0x28);		/* on battery */
}
END_TEST

START_TEST(rtc_interrupts)
{
	set_cmos(11, 0x12);				/* update interrupts */
	fake_clock_advance(3000 * MS);
	ck_assert_int_eq(fake_hsm_count_irq(LAYOUT_GSI_RTC, IRQLINE_SET_HIGH), 1);
	ck_assert_uint_eq(cmos(12) & 0x90, 0x90);
	ck_assert_int_eq(fake_hsm_count_irq(LAYOUT_GSI_RTC, IRQLINE_SET_LOW), 1);
	ck_assert_uint_eq(cmos(12), 0);
	set_cmos(11, 0x42);				/* periodic, 1024 Hz */
	fake_clock_advance(MS);
	ck_assert_uint_eq(cmos(12) & 0xC0, 0xC0);
	set_cmos(11, 0x22);				/* alarm at any second */
	set_cmos(1, 0xFF);
	set_cmos(3, 0xFF);
	set_cmos(5, 0xFF);
	fake_clock_advance(1000 * MS);
	ck_assert_uint_eq(cmos(12) & 0xA0, 0xA0);
	set_cmos(11, 0x02);
	cmos(12);
	fake_clock_advance(5000 * MS);
	ck_assert_uint_eq(cmos(12), 0);
}
END_TEST

START_TEST(rtc_takes_any_write)
{
	for (unsigned int value = 0; value < 256; value += 5)
		for (unsigned int reg = 0; reg < 256; reg++) {
			set_cmos(reg, value);
			cmos(reg);
		}
	fake_clock_advance(3000 * MS);
	fake_out(&vm, 0x70, 2, 0x550F);
	ck_assert_uint_eq(cmos(0x0F), 0x55);
	rtc_ops.reset(rtc);
	ck_assert_uint_eq(cmos(11) & 0xF0, 0);
}
END_TEST

START_TEST(pm_timer_runs)
{
	uint32_t a = fake_in(&vm, 0x408, 4), b;

	fake_clock_advance(1000 * MS);
	b = fake_in(&vm, 0x408, 4);
	ck_assert_uint_eq(b - a, 3579545);
	ck_assert_uint_eq(fake_in(&vm, 0x409, 1), b >> 8 & 0xFF);
}
END_TEST

START_TEST(power_button_raises_the_sci)
{
	ck_assert(!vm.power_button.press(vm.power_button.arg, false));	/* the guest does not listen yet */
	ck_assert_uint_eq(fake_in(&vm, 0x400, 2), 0);
	ck_assert(!vm.power_button.press(vm.power_button.arg, true));
	ck_assert_int_eq(fake_hsm_count_irq(LAYOUT_GSI_SCI, IRQLINE_SET_HIGH), 0);
	fake_out(&vm, 0x402, 2, 0x0100);
	ck_assert_int_eq(fake_hsm_count_irq(LAYOUT_GSI_SCI, IRQLINE_SET_HIGH), 1);
	ck_assert_uint_eq(fake_in(&vm, 0x400, 4), 0x01000100);
	fake_out(&vm, 0x401, 1, 0x01);
	ck_assert_int_eq(fake_hsm_count_irq(LAYOUT_GSI_SCI, IRQLINE_SET_LOW), 1);
	ck_assert_uint_eq(fake_in(&vm, 0x400, 2), 0);
	ck_assert_uint_eq(fake_in(&vm, 0x402, 2), 0x0100);
	ck_assert(vm.power_button.press(vm.power_button.arg, false));
	ck_assert_uint_eq(fake_in(&vm, 0x400, 2), 0x0100);
	fake_out(&vm, 0x400, 4, 0xFFFFFFFF);
	ck_assert_uint_eq(fake_in(&vm, 0x402, 2), 0x0721);
}
END_TEST

START_TEST(sleep_and_reset_registers)
{
	ck_assert_uint_eq(fake_in(&vm, 0x404, 2), 1);	/* always in ACPI mode */
	fake_out(&vm, 0x404, 2, 0x2000 | 3 << 10);	/* S3 is not there */
	ck_assert_int_eq(vm_stop_reason(&vm), VM_RUN);
	out(0xCF9, 2);
	ck_assert_int_eq(vm_stop_reason(&vm), VM_RUN);
	out(0xCF9, 6);
	ck_assert_int_eq(vm_stop_reason(&vm), VM_STOP_RESET);
	ck_assert(vm_take_reset(&vm));
	ck_assert(!vm_take_reset(&vm));
	out(0x405, 0x20 | 5 << 2);			/* byte-wise S5 */
	ck_assert_int_eq(vm_stop_reason(&vm), VM_STOP_POWEROFF);
	out(0xCF9, 6);
	ck_assert_int_eq(vm_stop_reason(&vm), VM_STOP_POWEROFF);
}
END_TEST

START_TEST(poweroff_beats_a_pending_reset)
{
	out(0xCF9, 6);
	vm_request_stop(&vm, VM_STOP_SIGNAL);
	ck_assert_int_eq(vm_stop_reason(&vm), VM_STOP_SIGNAL);
	ck_assert(!vm_take_reset(&vm));
}
END_TEST

START_TEST(keyboard_controller)
{
	ck_assert_uint_eq(in(0x64), 0x04);
	out(0x64, 0xAA);
	ck_assert_uint_eq(in(0x64), 0x05);
	ck_assert_uint_eq(in(0x60), 0x55);
	ck_assert_uint_eq(in(0x64), 0x04);
	out(0x64, 0x60);
	out(0x60, 0x47);
	out(0x64, 0x20);
	ck_assert_uint_eq(in(0x60), 0x47);
	out(0x64, 0xD1);
	out(0x60, 0xDF);
	ck_assert_int_eq(vm_stop_reason(&vm), VM_RUN);
	out(0x64, 0xFE);
	ck_assert_int_eq(vm_stop_reason(&vm), VM_STOP_RESET);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dm_clocks");
	TCase *tc = tcase_create("clocks");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, linux_calibrates_by_channel_2);
	tcase_add_test(tc, channel_2_counts_down);
	tcase_add_test(tc, gate_stops_mode_0);
	tcase_add_test(tc, channel_0_ticks);
	tcase_add_test(tc, square_wave_and_read_back);
	tcase_add_test(tc, every_control_byte_is_harmless);
	tcase_add_test(tc, hpet_counts);
	tcase_add_test(tc, hpet_timers_fire);
	tcase_add_test(tc, hpet_takes_any_write);
	tcase_add_test(tc, rtc_tells_the_time);
	tcase_add_test(tc, rtc_can_be_set);
	tcase_add_test(tc, rtc_interrupts);
	tcase_add_test(tc, rtc_takes_any_write);
	tcase_add_test(tc, pm_timer_runs);
	tcase_add_test(tc, power_button_raises_the_sci);
	tcase_add_test(tc, sleep_and_reset_registers);
	tcase_add_test(tc, poweroff_beats_a_pending_reset);
	tcase_add_test(tc, keyboard_controller);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
