/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a VM by the command socket of acrn-dm: every command for it, events, exit codes. */
/* unit: devicemodel/core/affinity.c devicemodel/devices.c devicemodel/boot/acpi.c devicemodel/boot/aml.c devicemodel/boot/load.c devicemodel/boot/bzimage.c devicemodel/boot/dsdt.c devicemodel/boot/e820.c devicemodel/boot/elf.c devicemodel/boot/file.c devicemodel/core/bus.c devicemodel/core/config.c devicemodel/core/event.c devicemodel/core/intr_monitor.c devicemodel/core/ioevent.c devicemodel/core/ioreq.c devicemodel/core/irq.c devicemodel/core/log.c devicemodel/core/mem.c devicemodel/core/control.c devicemodel/core/monitor.c devicemodel/core/monitor_cmd.c devicemodel/core/monitor_peer.c devicemodel/core/listener.c devicemodel/core/monitor_stats.c devicemodel/core/options.c devicemodel/core/reboot.c devicemodel/core/signal.c devicemodel/core/timer.c devicemodel/core/vm.c devicemodel/core/watchdog.c devicemodel/pci/bus.c devicemodel/pci/cfg.c devicemodel/pci/hostbridge.c devicemodel/pci/lpc.c devicemodel/pci/ivshmem.c devicemodel/pci/msix.c devicemodel/platform/debugexit.c devicemodel/platform/hpet.c devicemodel/platform/i8042.c devicemodel/platform/pit.c devicemodel/platform/pm.c devicemodel/platform/rtc.c devicemodel/platform/uart.c tests/fake/monitor_client.c tests/fake/dm_hsm.c tests/fake/dm_chr.c tests/fake/dm_virtio.c tests/fake/dm_file.c */
/* unit-flags: -Idevicemodel -D_GNU_SOURCE */
/* unit-libs: -ljansson */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test_dm_monitor_setup.h"

START_TEST(pauses_and_resumes)
{
	begin("");
	say("resume", false);
	say("pause", true);
	ck_assert(!fake_hsm.running);
	say("pause", false);
	say("stop", false);
	say("resume", true);
	ck_assert(fake_hsm.running);
	ck_assert_int_eq(fake_hsm.nr_starts, 2);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(tells_of_pause_and_resume)
{
	struct monitor_client other;

	begin("");
	client_open(&other, path);
	json_decref(client_line(&other));
	json_decref(client_ask(&other, "{\"command\":\"pause\"}"));
	expect_event("paused");
	json_decref(client_ask(&other, "{\"command\":\"resume\"}"));
	expect_event("resumed");
	/* Who did not subscribe hears nothing but answers. */
	json_t *o = client_ask(&other, "{\"command\":\"query\"}");

	ck_assert_str_eq(text_of(o, "result.state"), "running");
	json_decref(o);
	client_close(&other);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(stop_presses_the_power_button)
{
	static const struct fake_step hear[] = { HEAR_BUTTON }, off[] = { POWEROFF };
	json_t *o;

	begin("");
	o = client_ask(&client, "{\"command\":\"stop\"}");
	ck_assert(!truth_of(o, "result.listening"));
	json_decref(o);
	guest_does(hear, 1);
	o = client_ask(&client, "{\"command\":\"stop\"}");
	ck_assert(truth_of(o, "result.listening"));
	json_decref(o);
	ck_assert_int_gt(fake_hsm_count_irq(9, IRQLINE_SET_HIGH), 0);
	guest_does(off, 1);
	expect_event("shutdown");
	finish("poweroff", 0);
}
END_TEST

/* acrn-dm up with a VM that has not begun, and subscribed to. */
static void begin_paused(void)
{
	json_t *o;

	start_dm(" --paused");
	client_open(&client, path);
	json_decref(client_line(&client));
	do {
		o = client_ask(&client, "{\"command\":\"subscribe\"}");
	} while (strcmp(text_of(o, "result.state"), "paused") != 0 && (json_decref(o), true));
	json_decref(o);
	ck_assert(fake_hsm.created && !fake_hsm.running && fake_hsm.nr_starts == 0);
}

START_TEST(starts_paused)
{
	static const struct fake_step off[] = { POWEROFF };

	begin_paused();
	say("pause", false);
	say("reboot", false);
	say("resume", true);
	ck_assert(fake_hsm.running && fake_hsm.nr_starts == 1);
	/* Begun late, it is paused for a reset all the same. */
	say("reset", true);
	expect_event("started");
	ck_assert(fake_hsm.running && fake_hsm.nr_starts == 2);
	guest_does(off, 1);
	expect_event("shutdown");
	finish("poweroff", 0);
}
END_TEST

START_TEST(paused_start_is_as_any_once_begun)
{
	begin_paused();
	say("resume", true);
	say("pause", true);
	say("stop", false);
	say("reset", true);
	expect_event("started");
	ck_assert(fake_hsm.running && fake_hsm.nr_starts == 2);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(paused_start_outlives_a_reset)
{
	begin_paused();
	say("reset", true);
	expect_event("reset");
	expect_event("started");
	expect_event("paused");
	ck_assert(fake_hsm.nr_resets == 1 && fake_hsm.nr_starts == 0);
	say("resume", true);
	ck_assert(fake_hsm.running);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

static void end_unbegun(const char *command)
{
	begin_paused();
	say(command, true);
	finish("destroyed", 0);
	ck_assert_int_eq(fake_hsm.nr_starts, 0);
}

START_TEST(paused_start_is_destroyed)
{
	end_unbegun("destroy");
}
END_TEST

START_TEST(paused_start_is_stopped)
{
	end_unbegun("stop");
}
END_TEST

START_TEST(paused_start_that_fails)
{
	json_t *o;

	begin_paused();
	fake_hsm.start_err = -EIO;
	o = client_ask(&client, "{\"command\":\"resume\"}");
	ck_assert_str_eq(text_of(o, "error.code"), "failed");
	json_decref(o);
	fake_hsm.start_err = 0;
	say("resume", true);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

/* Another connection, tied to the VM. */
static struct monitor_client tied;

static void tie(void)
{
	json_t *o;

	client_open(&tied, path);
	json_decref(client_line(&tied));
	o = client_ask(&tied, "{\"command\":\"tie\"}");
	ck_assert(truth_of(o, "ok"));
	json_decref(o);
}

START_TEST(ends_with_a_connection)
{
	struct monitor_client other;

	begin("");
	tie();
	/* Not with any. */
	client_open(&other, path);
	client_close(&other);
	say("reset", true);
	expect_event("started");
	say("pause", true);
	client_close(&tied);
	finish("destroyed", 0);
}
END_TEST

START_TEST(ends_with_a_connection_before_it_begins)
{
	begin_paused();
	tie();
	client_close(&tied);
	finish("destroyed", 0);
	ck_assert_int_eq(fake_hsm.nr_starts, 0);
}
END_TEST

/* One that is dropped because it does not read. */
START_TEST(ends_with_a_connection_that_is_dropped)
{
	static const char ask[] = "{\"command\":\"query\"}\n";

	begin("");
	tie();
	while (send(tied.fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) == sizeof(ask) - 1)
		;
	close(tied.fd);
	finish("destroyed", 0);
}
END_TEST

/* What is tied to it does not change how the VM ended. */
START_TEST(tie_leaves_the_reason)
{
	static const struct fake_step reset[] = { OUT(0xCF9, 6, 1) };

	begin(" --exit_on_reset");
	tie();
	guest_does(reset, 1);
	finish("reset", 4);
	client_close(&tied);
}
END_TEST

/* Asks for it; @listening is what the guest is expected to do. */
static void press(const char *command, bool listening)
{
	char line[64];
	json_t *o;

	snprintf(line, sizeof(line), "{\"command\":\"%s\"}", command);
	o = client_ask(&client, line);
	ck_assert(truth_of(o, "ok") && truth_of(o, "result.listening") == listening);
	json_decref(o);
}

static void expect_reset(const char *by)
{
	json_t *o = client_event(&client, "reset");

	ck_assert_str_eq(text_of(o, "by"), by);
	json_decref(o);
}

static const struct fake_step hear_step[] = { HEAR_BUTTON }, off_step[] = { POWEROFF };

/* The guest's answer to it is a reset, in place, once: the next power-off is one again. */
START_TEST(reboot_makes_a_reset_of_a_poweroff)
{
	json_t *o;

	begin("");
	guest_does(hear_step, 1);
	press("reboot", true);
	ck_assert_int_gt(fake_hsm_count_irq(9, IRQLINE_SET_HIGH), 0);
	guest_does(off_step, 1);
	expect_reset("monitor");
	o = client_event(&client, "started");
	ck_assert_int_eq(number_of(o, "resets"), 1);
	json_decref(o);
	ck_assert(fake_hsm.nr_resets == 1 && fake_hsm.nr_creates == 1 && fake_hsm.running);
	guest_does(hear_step, 1);
	press("stop", true);
	guest_does(off_step, 1);
	expect_event("shutdown");
	finish("poweroff", 0);
}
END_TEST

START_TEST(reboot_is_withdrawn)
{
	begin("");
	guest_does(hear_step, 1);
	press("reboot", true);
	press("stop", true);
	guest_does(off_step, 1);
	expect_event("shutdown");
	finish("poweroff", 0);
}
END_TEST

/* Who asked was told that nothing will come of it: then nothing does, also when the guest begins to listen. */
START_TEST(reboot_unheard_is_forgotten)
{
	begin("");
	press("reboot", false);
	guest_does(hear_step, 1);
	ck_assert_int_eq(fake_hsm_count_irq(9, IRQLINE_SET_HIGH), 0);
	guest_does(off_step, 1);
	expect_event("shutdown");
	finish("poweroff", 0);
}
END_TEST

/* It resets itself: that is what was wished for, and no wish is left. */
START_TEST(reboot_by_the_guest_itself)
{
	static const struct fake_step reset[] = { OUT(0xCF9, 6, 1) };

	begin("");
	guest_does(hear_step, 1);
	press("reboot", true);
	guest_does(reset, 1);
	expect_reset("guest");
	expect_event("started");
	guest_does(off_step, 1);
	expect_event("shutdown");
	finish("poweroff", 0);
}
END_TEST

START_TEST(reboot_as_the_end)
{
	begin(" --exit_on_reset");
	guest_does(hear_step, 1);
	press("reboot", true);
	guest_does(off_step, 1);
	expect_reset("monitor");
	finish("reset", 4);
}
END_TEST

START_TEST(reboot_then_destroy)
{
	begin("");
	guest_does(hear_step, 1);
	press("reboot", true);
	say("pause", true);
	say("reboot", false);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

/* The guest hears the button, and goes on; the wish is for @limit_s seconds. */
static void wish(int limit_s)
{
	char line[80];
	json_t *o;

	guest_does(hear_step, 1);
	snprintf(line, sizeof(line), "{\"command\":\"reboot\",\"arguments\":{\"limit_s\":%d}}", limit_s);
	o = client_ask(&client, line);
	ck_assert(truth_of(o, "ok") && truth_of(o, "result.listening"));
	json_decref(o);
}

static void expect_wish(const char *state, int nr_overdue)
{
	json_t *o = client_ask(&client, "{\"command\":\"query\"}");

	ck_assert_str_eq(text_of(o, "result.reboot"), state);
	json_decref(o);
	o = client_ask(&client, "{\"command\":\"statistics\"}");
	ck_assert_int_eq(number_of(o, "result.reboots_overdue"), nr_overdue);
	json_decref(o);
}

static void expect_overdue(int limit_s)
{
	json_t *o = client_event(&client, "reboot_overdue");

	ck_assert_int_eq(number_of(o, "limit_s"), limit_s);
	json_decref(o);
}

/* One that ignores it is told of, and left alone: it may only be slow. */
START_TEST(reboot_overdue_is_told)
{
	begin("");
	expect_wish("none", 0);
	wish(1);
	expect_wish("wished", 0);
	expect_overdue(1);
	expect_wish("overdue", 1);
	ck_assert(fake_hsm.running && fake_hsm.nr_resets == 0);
	/* Asked again, it has its time again. */
	wish(86400);
	expect_wish("wished", 1);
	wish(1);
	expect_overdue(1);
	expect_wish("overdue", 2);
	guest_does(off_step, 1);
	expect_reset("monitor");
	expect_event("started");
	expect_wish("none", 2);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

/* Also when it is overdue, what is wanted later counts. */
START_TEST(reboot_overdue_is_withdrawn)
{
	begin("");
	wish(1);
	expect_overdue(1);
	press("stop", true);
	expect_wish("none", 1);
	guest_does(off_step, 1);
	expect_event("shutdown");
	finish("poweroff", 0);
}
END_TEST

/* A guest that is paused cannot obey: its time begins again. */
START_TEST(reboot_waits_for_a_paused_guest)
{
	begin("");
	wish(1);
	say("pause", true);
	usleep(1200000);
	expect_wish("wished", 0);
	say("resume", true);
	expect_overdue(1);
	say("reset", true);
	expect_event("started");
	expect_wish("none", 1);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(reboot_limits)
{
	static const char *const wrong[] = { "0", "86401", "-1", "\"1\"", "1.5", "9223372036854775807" };
	char line[100];

	begin("");
	guest_does(hear_step, 1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		json_t *o;

		snprintf(line, sizeof(line), "{\"command\":\"reboot\",\"arguments\":{\"limit_s\":%s}}", wrong[i]);
		o = client_ask(&client, line);
		ck_assert_str_eq(text_of(o, "error.code"), "bad_argument");
		json_decref(o);
	}
	expect_wish("none", 0);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(reset_by_monitor)
{
	json_t *o;

	begin("");
	say("pause", true);
	say("reset", true);
	o = client_event(&client, "reset");
	ck_assert_str_eq(text_of(o, "by"), "monitor");
	json_decref(o);
	o = client_event(&client, "started");
	ck_assert_int_eq(number_of(o, "resets"), 1);
	json_decref(o);
	ck_assert_int_eq(fake_hsm.nr_resets, 1);
	ck_assert(fake_hsm.running);
	say("pause", true);
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(reset_by_guest)
{
	static const struct fake_step reset[] = { OUT(0xCF9, 6, 1) };
	json_t *o;

	begin("");
	guest_does(reset, 1);
	o = client_event(&client, "reset");
	ck_assert_str_eq(text_of(o, "by"), "guest");
	json_decref(o);
	expect_event("started");
	say("destroy", true);
	finish("destroyed", 0);
}
END_TEST

START_TEST(reset_as_the_end)
{
	static const struct fake_step reset[] = { OUT(0xCF9, 6, 1) };

	begin(" --exit_on_reset");
	guest_does(reset, 1);
	expect_event("reset");
	finish("reset", 4);
}
END_TEST

static void crash(uint32_t reason, const char *kind, const char *why)
{
	json_t *o;

	begin("");
	fake_hsm.state = (struct hc_q_vm_state){ .state = Q_VM_STOPPED, .reason = reason, .vcpu_id = 1, .rip = 0xffffffff81000000 };
	strcpy(fake_hsm.state.why, why);
	while (!fake_hsm.page || vm_stop_reason(&vm) == VM_RUN) {
		pthread_kill(dm, SIGUSR1);
		usleep(1000);
	}
	o = client_event(&client, "crash");
	ck_assert_str_eq(text_of(o, "kind"), kind);
	ck_assert_str_eq(text_of(o, "why"), why);
	ck_assert_int_eq(number_of(o, "vcpu"), 1);
	ck_assert_str_eq(text_of(o, "rip"), "0xffffffff81000000");
	json_decref(o);
	finish("crash", 3);
}

START_TEST(triple_fault_is_told)
{
	crash(Q_STOP_TRIPLE_FAULT, "triple_fault", "");
}
END_TEST

START_TEST(hypervisors_reason_is_told)
{
	crash(Q_STOP_CRASHED, "hypervisor", "code run where there is no memory");
}
END_TEST

START_TEST(failed_reset_is_a_failure)
{
	begin("");
	fake_hsm.reset_err = -EIO;
	say("reset", true);
	finish("failure", 1);
}
END_TEST

START_TEST(failed_start_leaves_no_socket)
{
	fake_hsm.create_err = -EINVAL;
	start_dm("");
	pthread_join(dm, NULL);
	ck_assert_int_eq(exit_code, 1);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		pauses_and_resumes, tells_of_pause_and_resume, stop_presses_the_power_button, reboot_makes_a_reset_of_a_poweroff,
		reboot_is_withdrawn, reboot_unheard_is_forgotten, reboot_by_the_guest_itself, reboot_as_the_end,
		reboot_then_destroy, reboot_overdue_is_told, reboot_overdue_is_withdrawn, reboot_waits_for_a_paused_guest, reboot_limits, reset_by_monitor, reset_by_guest, reset_as_the_end, triple_fault_is_told,
		hypervisors_reason_is_told, failed_reset_is_a_failure, failed_start_leaves_no_socket, starts_paused,
		paused_start_is_as_any_once_begun, paused_start_outlives_a_reset, paused_start_is_destroyed,
		paused_start_is_stopped, paused_start_that_fails, ends_with_a_connection, ends_with_a_connection_before_it_begins,
		ends_with_a_connection_that_is_dropped, tie_leaves_the_reason,
	};

	return run_tests("dm_monitor_life", tests, sizeof(tests) / sizeof(tests[0]));
}
