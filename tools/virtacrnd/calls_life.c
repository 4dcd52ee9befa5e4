/* SPDX-License-Identifier: BSD-3-Clause */
/* Start, end, pause, reboot and reset. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/common/launch.h"
#include "tools/common/monitor.h"
#include "tools/common/settings.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/start.h"
#include "tools/virtacrnd/store.h"
#include "wire.h"

#define DESTROY_MS	10000u
#define KILL_MS		3000u

static int start_locked(struct call *call, const struct domain *d, unsigned int flags)
{
	struct launch launch = { .name = d->vm.name, .paused = flags & VIR_DOMAIN_START_PAUSED };
	char *text = store_text(d->vm.name);
	int result = start_launch(call, &launch, text, flags);

	free(text);
	return result;
}

static int start(struct call *call, const wire_dom *wanted, unsigned int flags, struct domain *d)
{
	int result, lock;

	if (domain_get(call, wanted, d))
		return -1;
	lock = launch_lock(d->vm.name);
	if (lock == -EWOULDBLOCK)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is being started already", d->vm.name);
	if (lock < 0)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s': its launch file: %s", d->vm.name, strerror(-lock));
	/* Only with the lock is what it does certain. */
	if (domain_find(d->vm.name, d) && domain_is_up(d))
		result = call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is already %s", d->vm.name, d->vm.state);
	else
		result = start_locked(call, d, flags);
	close(lock);
	return result;
}

static int create(struct call *call, void *args, void *ret)
{
	struct domain d;

	(void)ret;
	return start(call, args, 0, &d);
}

static int create_with_flags(struct call *call, void *args, void *ret)
{
	const wire_dom_flags *in = args;
	struct domain d;

	if (call_check_flags(call, in->flags, VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_AUTODESTROY) || start(call, &in->dom, in->flags, &d))
		return -1;
	return domain_find(d.vm.name, &d) && domain_put(&d, ret) ? 0 : call_fail(call, VIR_ERR_NO_DOMAIN, "domain '%s' is gone", d.vm.name);
}

/* Connect to a VM that runs; -1 with the call's error. */
static int connect_to(struct call *call, const struct domain *d, struct monitor *m)
{
	int err = monitor_open(m, d->vm.name, monitor_now_ms() + MONITOR_ANSWER_MS, NULL);

	if (err == -ENOENT || err == -ECONNREFUSED)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is not running", d->vm.name);
	if (err == -ETIMEDOUT)
		return call_fail(call, VIR_ERR_OPERATION_TIMEOUT, "domain '%s': its acrn-dm does not answer; virsh destroy ends it", d->vm.name);
	if (err)
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its command socket: %s", d->vm.name, strerror(-err));
	return 0;
}

/* One command; @args (or NULL) are consumed, the answer's result (NULL: not wanted) is json_decref()ed by the caller. */
static int command(struct call *call, const struct wire_dom *wanted, const char *name, json_t *args, json_t **result)
{
	struct monitor m;
	json_t *answer;
	struct domain d;
	int err;

	if (domain_get(call, wanted, &d) || connect_to(call, &d, &m)) {
		json_decref(args);
		return -1;
	}
	err = monitor_ask(&m, name, args, &answer);
	monitor_close(&m);
	if (err)
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': its acrn-dm %s", d.vm.name,
				 err == -ETIMEDOUT ? "does not answer" : "ended meanwhile");
	err = monitor_ok(answer) ? 0 : call_fail(call, !strcmp(monitor_error_code(answer), "wrong_state") ? VIR_ERR_OPERATION_INVALID :
						 VIR_ERR_OPERATION_FAILED, "domain '%s': %s", d.vm.name, monitor_error_text(answer));
	if (!err && result)
		*result = json_incref(json_object_get(answer, "result"));
	json_decref(answer);
	return err;
}

/* By "stop" or "reboot" with @args, which are consumed; @otherwise says what needs no guest for it. */
static int press_button(struct call *call, const struct wire_dom *wanted, const char *name, json_t *args, const char *otherwise)
{
	json_t *result = NULL;
	bool heard;

	if (command(call, wanted, name, args, &result))
		return -1;
	heard = json_is_true(json_object_get(result, "listening"));
	json_decref(result);
	return heard ? 0 : call_fail(call, VIR_ERR_OPERATION_FAILED,
				     "domain '%s': its guest does not listen to the power button (yet); virsh %s it at once", wanted->name, otherwise);
}

static int shutdown_domain(struct call *call, void *args, void *ret)
{
	(void)ret;
	return press_button(call, args, "stop", NULL, "destroy ends");
}

static int shutdown_flags(struct call *call, void *args, void *ret)
{
	const wire_dom_flags *in = args;

	(void)ret;
	return call_check_flags(call, in->flags, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) ? -1 : press_button(call, &in->dom, "stop", NULL, "destroy ends");
}

static int reboot(struct call *call, void *args, void *ret)
{
	const wire_dom_flags *in = args;
	struct domain d;

	(void)ret;
	if (in->flags & ~(unsigned int)VIR_DOMAIN_REBOOT_ACPI_POWER_BTN)
		return call_fail(call, VIR_ERR_ARGUMENT_UNSUPPORTED, "unsupported flags 0x%x: a guest is asked to reboot by its power button (--mode acpi), "
				 "there is no other way to reach it", in->flags & ~(unsigned int)VIR_DOMAIN_REBOOT_ACPI_POWER_BTN);
	if (domain_get(call, &in->dom, &d))
		return -1;
	return press_button(call, &in->dom, "reboot", monitor_reboot_args(settings_stop_timeout(d.vm.name)), "reset resets");
}

/* An acrn-dm that does not obey; its VM goes with it. */
static int kill_it(struct call *call, const struct domain *d)
{
	uint64_t end = monitor_now_ms() + KILL_MS;
	pid_t pid = monitor_owner(d->vm.name);

	journal(LOG_WARNING, d->vm.name, "its acrn-dm, process %d, does not answer: killed", (int)pid);
	if (pid > 1)
		kill(pid, SIGKILL);
	while (monitor_owner(d->vm.name) && monitor_now_ms() < end)
		usleep(20000);
	return monitor_owner(d->vm.name) ? call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s' cannot be ended", d->vm.name) : 0;
}

static int end_at_once(struct call *call, const struct wire_dom *wanted)
{
	json_t *line = NULL;
	struct monitor m;
	struct domain d;
	int err;

	if (domain_get(call, wanted, &d))
		return -1;
	if (connect_to(call, &d, &m)) {
		if (call->code != VIR_ERR_OPERATION_TIMEOUT)
			return -1;
		call->code = 0;
		return kill_it(call, &d);
	}
	err = monitor_send(&m, "subscribe", NULL);
	err = err ? err : monitor_send(&m, "destroy", NULL);
	err = err ? err : monitor_event(&m, "stopped", monitor_now_ms() + DESTROY_MS, &line);
	json_decref(line);
	monitor_close(&m);
	/* Gone without a word is gone, too. */
	if (err == -ETIMEDOUT)
		return kill_it(call, &d);
	journal(LOG_NOTICE, d.vm.name, "ended by client %u (user %u)", call->client->number, (unsigned int)call->client->uid);
	return 0;
}

static int destroy(struct call *call, void *args, void *ret)
{
	(void)ret;
	return end_at_once(call, args);
}

/* Graceful or not: acrn-dm ends the VM in order, and is killed only if it does not answer. */
static int destroy_flags(struct call *call, void *args, void *ret)
{
	const wire_dom_flags *in = args;

	(void)ret;
	return call_check_flags(call, in->flags, VIR_DOMAIN_DESTROY_GRACEFUL) ? -1 : end_at_once(call, &in->dom);
}

static int suspend(struct call *call, void *args, void *ret)
{
	(void)ret;
	return command(call, args, "pause", NULL, NULL);
}

static int resume(struct call *call, void *args, void *ret)
{
	(void)ret;
	return command(call, args, "resume", NULL, NULL);
}

static int reset(struct call *call, void *args, void *ret)
{
	const wire_dom_flags *in = args;

	(void)ret;
	return call_check_flags(call, in->flags, 0) ? -1 : command(call, &in->dom, "reset", NULL, NULL);
}

const struct call_row calls_life[] = {
	{ 9, "create", ROW(wire_dom), ROW_VOID, 0, create },
	{ 196, "create_with_flags", ROW(wire_dom_flags), ROW(wire_dom), 0, create_with_flags },
	{ 33, "shutdown", ROW(wire_dom), ROW_VOID, 0, shutdown_domain },
	{ 258, "shutdown_flags", ROW(wire_dom_flags), ROW_VOID, 0, shutdown_flags },
	{ 27, "reboot", ROW(wire_dom_flags), ROW_VOID, 0, reboot },
	{ 12, "destroy", ROW(wire_dom), ROW_VOID, 0, destroy },
	{ 234, "destroy_flags", ROW(wire_dom_flags), ROW_VOID, 0, destroy_flags },
	{ 34, "suspend", ROW(wire_dom), ROW_VOID, 0, suspend },
	{ 28, "resume", ROW(wire_dom), ROW_VOID, 0, resume },
	{ 245, "reset", ROW(wire_dom_flags), ROW_VOID, 0, reset },
	{ 0 }
};
