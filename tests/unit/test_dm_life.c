/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a VM in acrn-dm, whole program against a fake HSM: boot, requests, reset, end, failures. */
/* unit: devicemodel/core/affinity.c devicemodel/devices.c devicemodel/boot/acpi.c devicemodel/boot/aml.c devicemodel/boot/load.c devicemodel/boot/bzimage.c devicemodel/boot/dsdt.c devicemodel/boot/e820.c devicemodel/boot/elf.c devicemodel/boot/file.c devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/event.c devicemodel/core/intr_monitor.c devicemodel/core/ioevent.c devicemodel/core/ioreq.c devicemodel/core/irq.c devicemodel/core/log.c devicemodel/core/mem.c devicemodel/core/control.c devicemodel/core/monitor.c devicemodel/core/monitor_cmd.c devicemodel/core/monitor_peer.c devicemodel/core/listener.c devicemodel/core/monitor_stats.c devicemodel/core/options.c devicemodel/core/reboot.c devicemodel/core/signal.c devicemodel/core/timer.c devicemodel/core/vm.c devicemodel/core/watchdog.c devicemodel/pci/bus.c devicemodel/pci/cfg.c devicemodel/pci/hostbridge.c devicemodel/pci/lpc.c devicemodel/pci/ivshmem.c devicemodel/pci/msix.c devicemodel/platform/debugexit.c devicemodel/platform/hpet.c devicemodel/platform/i8042.c devicemodel/platform/pit.c devicemodel/platform/pm.c devicemodel/platform/rtc.c devicemodel/platform/uart.c tests/fake/dm_hsm.c tests/fake/dm_chr.c tests/fake/dm_virtio.c tests/fake/dm_file.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
/* unit-libs: -ljansson */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define main dm_main
#include "main.c"
#undef main

#include "dm_chr.h"
#include "dm_file.h"
#include "dm_hsm.h"

#define OUT(port, val, bytes)	{ IOREQ_TYPE_PORTIO, IOREQ_WRITE, port, bytes, val }
#define IN(port, bytes)		{ IOREQ_TYPE_PORTIO, IOREQ_READ, port, bytes, 0 }
#define CFG_IN(slot, reg, bytes) { IOREQ_TYPE_PCICFG, IOREQ_READ, (slot) << 15 | (reg), bytes, 0 }
#define POWEROFF		OUT(0x404, 0x2000 | 5 << 10, 2)

#define ARGS_MAX_NR 24

/* Run acrn-dm with these arguments (split at blanks) and a made kernel; returns its exit code. */
static int run(const char *args)
{
	static char text[512];
	char *argv[ARGS_MAX_NR] = { "acrn-dm" };
	uint8_t kernel[8192];
	int argc = 1;

	fake_bzimage(kernel, sizeof(kernel));
	snprintf(text, sizeof(text), "-k %s %s", fake_file(0, kernel, sizeof(kernel)), args);
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return dm_main(argc, argv);
}

static void play(const struct fake_step *step, int nr_steps)
{
	fake_hsm_clear();
	fake_hsm.step = step;
	fake_hsm.nr_steps = nr_steps;
}

/* Whatever happened, nothing may be left. */
static void assert_nothing_left(void)
{
	ck_assert(!fake_hsm.is_open);
	ck_assert(!fake_hsm.created);
	ck_assert(!fake_hsm.running);
	ck_assert(!fake_hsm.client);
	ck_assert_int_eq(fake_hsm.nr_creates, fake_hsm.nr_destroys);
	ck_assert_int_eq(fake_chr.nr_open, 0);
}

START_TEST(boots_answers_and_powers_off)
{
	static const struct fake_step steps[] = {
		OUT(0x3F8, 'h', 1), OUT(0x3F8, 'i', 1), IN(0x3FD, 1), CFG_IN(0, 0, 4), CFG_IN(31, 0, 4),
		CFG_IN(3, 0, 4), CFG_IN(9, 0, 4), IN(0x1234, 4),
		{ IOREQ_TYPE_MMIO, IOREQ_READ, 0xE0018000, 4, 0 },
		{ IOREQ_TYPE_MMIO, IOREQ_READ, 0xFED00000, 8, 0 }, POWEROFF,
	};

	play(steps, sizeof(steps) / sizeof(steps[0]));
	ck_assert_int_eq(run("-B console=ttyS0 -m 64M -s 3,virtio-blk,x.img -l com1,stdio vm1"), 0);
	ck_assert_int_eq(fake_hsm.next_step, fake_hsm.nr_steps);
	ck_assert_int_eq(fake_chr.nr_out, 2);
	ck_assert(memcmp(fake_chr.out, "hi", 2) == 0);
	ck_assert_uint_eq(fake_hsm.result[2], 0x60);
	ck_assert_uint_eq(fake_hsm.result[3], 0x12378086);
	ck_assert_uint_eq(fake_hsm.result[4], 0x70008086);
	ck_assert_uint_eq(fake_hsm.result[5], 0x10421AF4);
	ck_assert_uint_eq(fake_hsm.result[6], 0xFFFFFFFF);
	ck_assert_uint_eq(fake_hsm.result[7], 0xFFFFFFFF);
	ck_assert_uint_eq(fake_hsm.result[8], 0x10421AF4);
	ck_assert_uint_eq(fake_hsm.result[9], 0x0098968080862201ull);
	ck_assert_int_eq(fake_hsm.nr_maps, 1);
	ck_assert_uint_eq(fake_hsm.map[0].size, 64 << 20);
	ck_assert_uint_eq(fake_hsm.regs.vcpu_regs.rip, 0x1000000);
	ck_assert_uint_eq(fake_hsm.regs.vcpu_regs.gprs.rsi, (64 << 20) - 4096);
	ck_assert_uint_eq(fake_hsm.regs.vcpu_regs.cr0 & 0x80000001, 1);
	assert_nothing_left();
}
END_TEST

START_TEST(high_memory_is_a_second_region)
{
	static const struct fake_step steps[] = { POWEROFF };

	play(steps, 1);
	ck_assert_int_eq(run("-m 3G vm1"), 0);
	ck_assert_int_eq(fake_hsm.nr_maps, 2);
	ck_assert_uint_eq(fake_hsm.map[0].size, 2ull << 30);
	ck_assert_uint_eq(fake_hsm.map[1].gpa, 4ull << 30);
	ck_assert_uint_eq(fake_hsm.map[1].size, 1ull << 30);
	assert_nothing_left();
}
END_TEST

START_TEST(reset_boots_again)
{
	static const struct fake_step steps[] = { OUT(0xCF9, 6, 1), OUT(0x64, 0xFE, 1), POWEROFF };

	play(steps, 3);
	ck_assert_int_eq(run("vm1"), 0);
	ck_assert_int_eq(fake_hsm.nr_starts, 3);
	ck_assert_int_eq(fake_hsm.nr_resets, 2);
	ck_assert_int_eq(fake_hsm.nr_clears, 2);
	ck_assert_int_eq(fake_hsm.nr_creates, 1);
	assert_nothing_left();
}
END_TEST

START_TEST(reset_can_be_the_end)
{
	static const struct fake_step steps[] = { OUT(0xCF9, 6, 1) };

	play(steps, 1);
	ck_assert_int_eq(run("--exit_on_reset vm1"), 4);
	ck_assert_int_eq(fake_hsm.nr_starts, 1);
	assert_nothing_left();
}
END_TEST

static void send_sigterm(void)
{
	kill(getpid(), SIGTERM);
}

START_TEST(sigterm_stops_in_order)
{
	play(NULL, 0);
	fake_hsm.when_idle = send_sigterm;
	ck_assert_int_eq(run("vm1"), 0);
	ck_assert_int_eq(fake_hsm.nr_starts, 1);
	assert_nothing_left();
}
END_TEST

START_TEST(triple_fault_is_a_crash)
{
	play(NULL, 0);
	fake_hsm.state = (struct hc_q_vm_state){ .state = Q_VM_STOPPED, .reason = Q_STOP_TRIPLE_FAULT };
	ck_assert_int_eq(run("vm1"), 3);
	assert_nothing_left();
}
END_TEST

START_TEST(crash_reason_need_not_end)
{
	play(NULL, 0);
	fake_hsm.state = (struct hc_q_vm_state){ .state = Q_VM_STOPPED, .reason = 99 };
	memset(fake_hsm.state.why, 'x', sizeof(fake_hsm.state.why));
	ck_assert_int_eq(run("vm1"), 3);
	assert_nothing_left();
}
END_TEST

START_TEST(hypervisor_handled_reset_and_poweroff)
{
	play(NULL, 0);
	fake_hsm.state = (struct hc_q_vm_state){ .state = Q_VM_STOPPED, .reason = Q_STOP_POWEROFF };
	ck_assert_int_eq(run("vm1"), 0);
	assert_nothing_left();
}
END_TEST

START_TEST(debug_exit_gives_the_code)
{
	static const struct fake_step steps[] = { OUT(0xF4, 0x10, 4) };

	play(steps, 1);
	ck_assert_int_eq(run("--debugexit vm1"), 0x21);
	assert_nothing_left();
}
END_TEST

/* Each call of the HSM that fails during bring-up. */
static int *const failures[] = {
	&fake_hsm.open_err, &fake_hsm.create_err, &fake_hsm.map_err, &fake_hsm.client_err,
	&fake_hsm.regs_err, &fake_hsm.start_err, &fake_hsm.wait_err,
};

START_TEST(every_failure_unwinds)
{
	play(NULL, 0);
	*failures[_i] = -EINVAL;
	ck_assert_int_eq(run("-l com1,stdio vm1"), 1);
	assert_nothing_left();
}
END_TEST

START_TEST(failed_reset_unwinds)
{
	static const struct fake_step steps[] = { OUT(0xCF9, 6, 1) };

	play(steps, 1);
	fake_hsm.reset_err = -EIO;
	ck_assert_int_eq(run("vm1"), 1);
	assert_nothing_left();
}
END_TEST

/* The command line is right, but what it names is not there. */
static const char *const bad_devices[] = {
	"-s 3,nonsense vm1", "-s 3,virtio-blk,missing.img vm1", "-l com1,bad vm1", "-r /nonexistent vm1",
	"-m 3M vm1", "-m 17M vm1", "-m 300G vm1", "-m 18M vm1",
};

START_TEST(bad_devices_unwind)
{
	play(NULL, 0);
	ck_assert_int_eq(run(bad_devices[_i]), 1);
	assert_nothing_left();
}
END_TEST

START_TEST(impossible_vcpu_count_is_refused)
{
	play(NULL, 0);
	fake_hsm.nr_vcpus = 17;
	ck_assert_int_eq(run("vm1"), 1);
	ck_assert(!fake_hsm.is_open);
}
END_TEST

START_TEST(bad_command_line_is_2)
{
	play(NULL, 0);
	ck_assert_int_eq(run("--nonsense vm1"), 2);
	ck_assert_int_eq(run("--ovmf x vm1"), 2);
	ck_assert_int_eq(run(""), 2);
	ck_assert_int_eq(fake_hsm.nr_creates, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dm_life");
	TCase *tc = tcase_create("life");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, boots_answers_and_powers_off);
	tcase_add_test(tc, high_memory_is_a_second_region);
	tcase_add_test(tc, reset_boots_again);
	tcase_add_test(tc, reset_can_be_the_end);
	tcase_add_test(tc, sigterm_stops_in_order);
	tcase_add_test(tc, triple_fault_is_a_crash);
	tcase_add_test(tc, crash_reason_need_not_end);
	tcase_add_test(tc, hypervisor_handled_reset_and_poweroff);
	tcase_add_test(tc, debug_exit_gives_the_code);
	tcase_add_loop_test(tc, every_failure_unwinds, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tc, failed_reset_unwinds);
	tcase_add_loop_test(tc, bad_devices_unwind, 0, sizeof(bad_devices) / sizeof(bad_devices[0]));
	tcase_add_test(tc, impossible_vcpu_count_is_refused);
	tcase_add_test(tc, bad_command_line_is_2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
