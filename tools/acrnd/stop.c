/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each VM on its way down:
 *
 *	power button ---stop_timeout---> destroy ---KILL_S---> SIGKILL ---LAST_S---> given up
 *	      |                             |                     |
 *	      +-----------------------------+---------------------+--> connection ends: it is off
 *
 * VMs of one order go down together; the next lower order begins when all of them are off.
 */
#include "tools/acrnd/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>

#include "tools/common/journal.h"
#include "tools/common/monitor.h"
#include "tools/common/settings.h"
#include "tools/common/vms.h"

#define KILL_S	10u		/* for acrn-dm to obey destroy */
#define LAST_S	3u		/* for Linux to end a process */
#define GREET_MS 2000u

enum phase { WAITING, ASKED, ENDED_BY_FORCE, KILLED, OFF };

struct vm {
	char name[PLACE_NAME_MAX + 1];
	unsigned int order, timeout_s;
	pid_t pid;
	enum phase phase;
	bool resumed;			/* it was asked to go on, if it is paused */
	struct monitor m;
	sd_event_source *io, *timer;
};

static sd_event *loop;
static struct vm *vms;
static size_t nr_vms;
static bool failed, force_all;

static void go_on(void);
static int time_is_up(sd_event_source *source, uint64_t usec, void *arg);

static void set_timer(struct vm *vm, unsigned int seconds)
{
	vm->timer = sd_event_source_disable_unref(vm->timer);
	/* From now, not from when the loop woke: looking for stuck VMs may have taken seconds. */
	sd_event_add_time(loop, &vm->timer, CLOCK_MONOTONIC, (monitor_now_ms() + seconds * 1000ull) * 1000, 1000, time_is_up, vm);
	/* systemd's own patience is shorter than ours may have to be. */
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu", (seconds + KILL_S + LAST_S) * 1000000ull);
}

static void is_off(struct vm *vm, const char *how)
{
	journal(LOG_NOTICE, vm->name, "is off (%s)", how);
	vm->phase = OFF;
	vm->io = sd_event_source_disable_unref(vm->io);
	vm->timer = sd_event_source_disable_unref(vm->timer);
	monitor_close(&vm->m);
	go_on();
}

/* A paused guest hears no button: it goes on first. Resume is refused where it is not paused. */
static void resume_and_stop(struct vm *vm)
{
	vm->resumed = true;
	if (!monitor_send(&vm->m, "resume", NULL))
		monitor_send(&vm->m, "stop", NULL);
}

static void heard_answer(struct vm *vm, const json_t *line)
{
	const char *command = json_string_value(json_object_get(line, "command"));

	if (!command || strcmp(command, "stop") != 0)
		return;
	if (!monitor_ok(line) && !vm->resumed && !strcmp(monitor_error_code(line), "wrong_state"))
		resume_and_stop(vm);
	else if (!monitor_ok(line))
		journal(LOG_WARNING, vm->name, "its power button cannot be pressed: %s", monitor_error_text(line));
	else if (!json_is_true(json_object_get(json_object_get(line, "result"), "listening")))
		journal(LOG_WARNING, vm->name, "its guest does not listen to the power button; it has %u seconds", vm->timeout_s);
}

/* Its connection says something, or ends. */
static int heard(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct vm *vm = arg;
	json_t *line;
	int err;

	(void)source, (void)fd, (void)revents;
	while (!(err = monitor_line(&vm->m, 0, &line))) {
		const char *event = json_string_value(json_object_get(line, "event"));
		const char *reason = json_string_value(json_object_get(line, "reason"));
		bool stopped = event && !strcmp(event, "stopped");

		heard_answer(vm, line);
		if (stopped)
			is_off(vm, reason ? reason : "stopped");
		json_decref(line);
		if (stopped)
			return 0;
	}
	if (err != -ETIMEDOUT)
		is_off(vm, "its acrn-dm is gone");
	return 0;
}

static void kill_dm(struct vm *vm)
{
	journal(LOG_ERR, vm->name, "its acrn-dm, process %d, does not answer: killed", (int)vm->pid);
	vm->phase = KILLED;
	if (vm->pid > 1)
		kill(vm->pid, SIGKILL);
	set_timer(vm, LAST_S);
}

static void end_by_force(struct vm *vm)
{
	vm->phase = ENDED_BY_FORCE;
	if (monitor_send(&vm->m, "destroy", NULL))
		kill_dm(vm);
	else
		set_timer(vm, KILL_S);
}

static int time_is_up(sd_event_source *source, uint64_t usec, void *arg)
{
	struct vm *vm = arg;

	(void)source, (void)usec;
	switch (vm->phase) {
	case ASKED:
		journal(LOG_WARNING, vm->name, "did not shut down in %u seconds: ended by force", vm->timeout_s);
		end_by_force(vm);
		break;
	case ENDED_BY_FORCE:
		kill_dm(vm);
		break;
	default:
		if (monitor_owner(vm->name)) {
			journal(LOG_ERR, vm->name, "cannot be ended");
			failed = true;
		}
		is_off(vm, failed ? "given up" : "killed");
		break;
	}
	return 0;
}

/* The events tell what came of it. One that has not begun (--paused) ends by that, and need not begin for it. */
static int ask(struct vm *vm)
{
	int err = monitor_send(&vm->m, "subscribe", NULL);

	return err ? err : monitor_send(&vm->m, "stop", NULL);
}

static void take_down(struct vm *vm)
{
	int err = monitor_open(&vm->m, vm->name, monitor_now_ms() + GREET_MS, NULL);

	vm->phase = ASKED;
	if (err == -ENOENT || err == -ECONNREFUSED) {
		is_off(vm, "by itself");
		return;
	}
	vm->pid = monitor_owner(vm->name);
	if (!err)
		err = sd_event_add_io(loop, &vm->io, vm->m.fd, EPOLLIN, heard, vm);
	if (err < 0) {
		/* It does not even greet, so there is nothing to listen to: what is left is to look later. */
		kill_dm(vm);
		return;
	}
	set_timer(vm, vm->timeout_s);
	if (force_all || ask(vm))
		end_by_force(vm);
}

/* Takes the next order down when the one above is off. */
static void go_on(void)
{
	unsigned int highest = 0;
	bool waiting = false;

	for (size_t i = 0; i < nr_vms; i++) {
		if (vms[i].phase != WAITING && vms[i].phase != OFF)
			return;
		if (vms[i].phase == WAITING && (!waiting || vms[i].order > highest))
			highest = vms[i].order;
		waiting = waiting || vms[i].phase == WAITING;
	}
	if (!waiting) {
		sd_event_exit(loop, failed);
		return;
	}
	/* Marked first: one that is off at once comes back here. */
	for (size_t i = 0; i < nr_vms; i++)
		if (vms[i].phase == WAITING && vms[i].order == highest)
			vms[i].phase = ASKED;
	for (size_t i = 0; i < nr_vms; i++)
		if (vms[i].phase == ASKED && vms[i].order == highest && !vms[i].timer)
			take_down(&vms[i]);
}

static void take_settings(struct vm *vm)
{
	struct settings s;
	char why[512];

	vm->order = 50;
	vm->timeout_s = 60;
	if (settings_read(vm->name, &s, why, sizeof(why))) {
		journal(LOG_WARNING, vm->name, "%s; it has 60 seconds", why);
		return;
	}
	vm->order = s.order;
	vm->timeout_s = s.stop_timeout;
	settings_free(&s);
}

void stop_begin(sd_event *event)
{
	struct vm_info *list;
	size_t nr;

	loop = event;
	if (vms_list(&list, &nr) == 0) {
		vms = calloc(nr + 1, sizeof(*vms));
		for (size_t i = 0; vms && i < nr; i++) {
			if (!vms_is_up(&list[i]))
				continue;
			strcpy(vms[nr_vms].name, list[i].name);
			vms[nr_vms].m.fd = -1;
			take_settings(&vms[nr_vms++]);
		}
		free(list);
	}
	journal(LOG_NOTICE, NULL, "shutting down %zu VMs", nr_vms);
	go_on();
}

void stop_force(void)
{
	journal(LOG_WARNING, NULL, "told again: VMs that are still up are ended at once");
	force_all = true;
	for (size_t i = 0; i < nr_vms; i++)
		if (vms[i].phase == ASKED)
			end_by_force(&vms[i]);
}
