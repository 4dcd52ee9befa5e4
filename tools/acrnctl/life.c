/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnctl start, stop, reboot, reset, pause, resume, blkrescan. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <limits.h>
#include <unistd.h>

#include "tools/acrnctl/acrnctl.h"
#include "tools/common/launch.h"
#include "tools/common/settings.h"
#include "tools/common/vms.h"

#define START_TIMEOUT_S	30
#define FORCE_TIMEOUT_S	15

/* One function for each VM named; the last failure counts. */
static int for_each(int argc, char **argv, int (*one)(const char *name))
{
	int code = CTL_OK;

	for (int i = 0; i < argc; i++) {
		int result = one(argv[i]);

		code = result ? result : code;
	}
	return code;
}

static int start_locked(const char *name)
{
	uint64_t deadline = monitor_now_ms() + (ctl.timeout_s ? ctl.timeout_s : START_TIMEOUT_S) * 1000ull;
	struct vm_info vm;
	char why[1024];
	bool paused;
	pid_t pid;
	int err;

	if (vms_find(name, &vm) && vms_is_up(&vm))
		return ctl_fail(CTL_STATE, name, "is %s already", vm.state);
	err = launch_start(&(struct launch){ .name = name, .heir = true }, &pid, why, sizeof(why));
	if (!err)
		err = launch_wait(name, pid, deadline, why, sizeof(why));
	if (err)
		return ctl_fail(err == -ETIMEDOUT ? CTL_TIMEOUT : CTL_FAILED, name, "%s", why);
	paused = vms_find(name, &vm) && !strcmp(vm.state, "paused");
	return ctl_done(name, json_pack("{s:s}", "state", paused ? "paused" : "running"), paused ? "started, paused" : "started");
}

static int start(const char *name)
{
	int code, lock = place_name_ok(name) ? launch_lock(name) : -ENOENT;

	if (lock == -EWOULDBLOCK)
		return ctl_fail(CTL_STATE, name, "is being started already");
	if (lock == -ENOENT)
		return ctl_fail(CTL_NO_VM, name, "there is no definition of that name; \"acrnctl list\" shows all");
	if (lock < 0)
		return ctl_fail(CTL_FAILED, name, "its launch file: %s", strerror(-lock));
	code = start_locked(name);
	close(lock);
	return code;
}

int cmd_start(int argc, char **argv)
{
	return for_each(argc, argv, start);
}

/* A VM that is being stopped. */
struct stopping {
	struct monitor m;
	bool asked;
	uint64_t deadline;
};

static unsigned int stop_timeout(const char *name)
{
	if (ctl.timeout_s)
		return ctl.timeout_s;
	return ctl.force ? FORCE_TIMEOUT_S : settings_stop_timeout(name);
}

/* By "stop" or "reboot" with @args, which are consumed; @otherwise is the command that needs no guest for it. */
static int press_button(struct monitor *m, const char *name, const char *command, json_t *args, const char *otherwise)
{
	json_t *answer;
	int code = ctl_ask(m, name, command, args, &answer);

	if (code)
		return code;
	if (!json_is_true(json_object_get(json_object_get(answer, "result"), "listening")))
		code = ctl_fail(CTL_FAILED, name, "its guest does not listen to the power button (yet); \"acrnctl %s %s\" does it at once",
				otherwise, name);
	json_decref(answer);
	return code;
}

static int ask_to_stop(struct stopping *s, const char *name)
{
	int code = ctl_connect(&s->m, name);

	if (code)
		return code;
	code = ctl_ask(&s->m, name, "subscribe", NULL, NULL);
	if (!code && ctl.force)
		code = ctl_ask(&s->m, name, "destroy", NULL, NULL);
	else if (!code)
		code = press_button(&s->m, name, "stop", NULL, "stop -f");
	s->deadline = monitor_now_ms() + stop_timeout(name) * 1000ull;
	s->asked = code == CTL_OK;
	if (code)
		monitor_close(&s->m);
	return code;
}

static int wait_for_end(struct stopping *s, const char *name)
{
	const char *reason;
	json_t *event;
	int err = monitor_event(&s->m, "stopped", s->deadline, &event);

	if (err == -ETIMEDOUT)
		return ctl_fail(CTL_TIMEOUT, name, "did not stop in time; \"acrnctl stop -f %s\" ends it at once", name);
	/* Gone without a word: killed. Its VM is gone with it. */
	if (err)
		return ctl_done(name, json_pack("{s:s, s:s}", "state", "stopped", "reason", "killed"), "stopped (killed)");
	reason = json_string_value(json_object_get(event, "reason"));
	ctl_done(name, json_pack("{s:s, s:s}", "state", "stopped", "reason", reason ? reason : ""), "stopped (%s)", reason);
	json_decref(event);
	return CTL_OK;
}

/* All are asked first, so that they shut down beside each other. */
int cmd_stop(int argc, char **argv)
{
	struct stopping *s = calloc(argc, sizeof(*s));
	int code = CTL_OK, one;

	if (!s)
		return ctl_fail(CTL_FAILED, "stop", "out of memory");
	for (int i = 0; i < argc; i++) {
		one = ask_to_stop(&s[i], argv[i]);
		code = one ? one : code;
	}
	for (int i = 0; i < argc; i++) {
		if (!s[i].asked)
			continue;
		one = wait_for_end(&s[i], argv[i]);
		code = one ? one : code;
		monitor_close(&s[i].m);
	}
	free(s);
	return code;
}

static int simple(const char *name, const char *command, const char *said)
{
	struct monitor m;
	int code = ctl_connect(&m, name);

	if (code)
		return code;
	code = ctl_ask(&m, name, command, NULL, NULL);
	monitor_close(&m);
	return code ? code : ctl_done(name, NULL, "%s", said);
}

static int reboot(const char *name)
{
	struct monitor m;
	int code = ctl_connect(&m, name);

	if (code)
		return code;
	code = press_button(&m, name, "reboot", monitor_reboot_args(stop_timeout(name)), "reset");
	monitor_close(&m);
	return code ? code : ctl_done(name, NULL, "asked to reboot");
}

static int reset(const char *name)
{
	return simple(name, "reset", "reset");
}

static int pause_vm(const char *name)
{
	return simple(name, "pause", "paused");
}

static int resume(const char *name)
{
	return simple(name, "resume", "resumed");
}

int cmd_reboot(int argc, char **argv)
{
	return for_each(argc, argv, reboot);
}

int cmd_reset(int argc, char **argv)
{
	return for_each(argc, argv, reset);
}

int cmd_pause(int argc, char **argv)
{
	return for_each(argc, argv, pause_vm);
}

int cmd_resume(int argc, char **argv)
{
	return for_each(argc, argv, resume);
}

int cmd_blkrescan(int argc, char **argv)
{
	char path[PATH_MAX];
	unsigned int slot, func = 0;
	struct monitor m;
	int code, n = 0;

	(void)argc;
	if ((sscanf(argv[1], "%2u,%n", &slot, &n) != 1 || !n) &&
	    (sscanf(argv[1], "%2u:%1u,%n", &slot, &func, &n) != 2 || !n))
		return ctl_fail(CTL_USAGE, argv[0], "\"%s\": expected SLOT[:FUNC],FILE such as 6,/var/lib/vm/disk.img", argv[1]);
	/* acrn-dm may run in another folder. */
	if (!realpath(argv[1] + n, path))
		return ctl_fail(CTL_FAILED, argv[0], "%s: %s", argv[1] + n, strerror(errno));
	code = ctl_connect(&m, argv[0]);
	if (code)
		return code;
	code = ctl_ask(&m, argv[0], "blkrescan", json_pack("{s:i, s:i, s:s}", "slot", (int)slot, "func", (int)func, "path", path), NULL);
	monitor_close(&m);
	return code ? code : ctl_done(argv[0], NULL, "slot %u:%u is %s now", slot, func, path);
}
