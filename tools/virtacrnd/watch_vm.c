/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/watch_vm.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tools/common/journal.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/events.h"
#include "tools/virtacrnd/start.h"
#include "tools/virtacrnd/store.h"
#include "wire.h"

#define FAST_US		1000u		/* between two tries to connect: a socket is made a moment before its owner listens */
#define FAST_TRIES	100u
#define RETRY_US	50000u
#define TRIES_MAX	160u		/* then it is a socket that was left behind */
#define SLOW_US		2000000u	/* where somebody listens but has no time for us */

static void connect_now(struct watch_vm *vm);

static void tell(struct watch_vm *vm, int event, int detail)
{
	wire_dom dom = { .name = vm->name, .id = vm->up && !vm->ended && vm->pid > 0 ? vm->pid : -1 };

	memcpy(dom.uuid, vm->uuid, sizeof(dom.uuid));
	events_lifecycle(&dom, event, detail);
}

static void tell_reboot(struct watch_vm *vm)
{
	wire_dom dom = { .name = vm->name, .id = vm->pid };

	memcpy(dom.uuid, vm->uuid, sizeof(dom.uuid));
	events_reboot(&dom);
}

struct watch_vm *watch_vm_create(sd_event *loop, const char *name)
{
	struct watch_vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return NULL;
	strcpy(vm->name, name);
	vm->loop = loop;
	vm->m.fd = -1;
	domain_uuid(name, 0, vm->uuid);
	return vm;
}

static void disconnect(struct watch_vm *vm)
{
	vm->io = sd_event_source_disable_unref(vm->io);
	vm->timer = sd_event_source_disable_unref(vm->timer);
	monitor_close(&vm->m);
	vm->up = vm->ended = vm->was_there = false;
	vm->pid = 0;
	vm->tries = 0;
}

void watch_vm_destroy(struct watch_vm *vm)
{
	disconnect(vm);
	free(vm);
}

bool watch_vm_is_idle(const struct watch_vm *vm)
{
	return !vm->defined && vm->m.fd < 0 && !vm->timer;
}

/* Others than we start VMs, too. */
static void keep_xml(const struct watch_vm *vm)
{
	char *text = store_once_text(vm->name);

	if (!text)
		text = store_text(vm->name);
	start_keep(vm->name, vm->pid, text);
	free(text);
}

static void started(struct watch_vm *vm)
{
	bool new = !vm->up;

	vm->up = true;
	if (!new)
		return;
	keep_xml(vm);
	tell(vm, VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_BOOTED);
}

static void stopped(struct watch_vm *vm, const char *reason)
{
	static const struct {
		const char *reason;
		int detail;
	} details[] = {
		{ "poweroff", VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN }, { "reset", VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN },
		{ "debug_exit", VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN }, { "destroyed", VIR_DOMAIN_EVENT_STOPPED_DESTROYED },
		{ "signal", VIR_DOMAIN_EVENT_STOPPED_DESTROYED }, { "crash", VIR_DOMAIN_EVENT_STOPPED_CRASHED },
	};
	int detail = VIR_DOMAIN_EVENT_STOPPED_FAILED;

	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (!strcmp(details[i].reason, reason))
			detail = details[i].detail;
	vm->ended = true;
	tell(vm, VIR_DOMAIN_EVENT_STOPPED, detail);
}

static void take_event(struct watch_vm *vm, const char *event, const json_t *line)
{
	if (!strcmp(event, "started"))
		started(vm);
	else if (!strcmp(event, "paused"))
		tell(vm, VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_PAUSED);
	else if (!strcmp(event, "resumed"))
		tell(vm, VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_UNPAUSED);
	else if (!strcmp(event, "shutdown"))
		tell(vm, VIR_DOMAIN_EVENT_SHUTDOWN, VIR_DOMAIN_EVENT_SHUTDOWN_FINISHED);
	else if (!strcmp(event, "crash"))
		tell(vm, VIR_DOMAIN_EVENT_CRASHED, VIR_DOMAIN_EVENT_CRASHED_PANICKED);
	else if (!strcmp(event, "reset"))
		tell_reboot(vm);
	else if (!strcmp(event, "reboot_overdue"))
		journal(LOG_WARNING, vm->name, "was asked to reboot %d s ago and still runs: its guest is slow or ignores it. \"virsh reset\" resets it at once, "
			"\"virsh shutdown\" takes the wish back", (int)json_integer_value(json_object_get(line, "limit_s")));
	else if (!strcmp(event, "stopped"))
		stopped(vm, json_string_value(json_object_get(line, "reason")) ?: "");
}

/* What it did when we came: one that was there before the daemon has told of its start to others. */
static void take_state(struct watch_vm *vm, const json_t *line)
{
	const char *state = json_string_value(json_object_get(json_object_get(line, "result"), "state"));

	bool new;

	if (!state || !strcmp(state, "created"))
		return;
	if (vm->was_there)
		keep_xml(vm);
	vm->up = vm->up || vm->was_there;
	new = !vm->up;
	started(vm);
	if (new && !strcmp(state, "paused"))
		tell(vm, VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_PAUSED);
}

/* 0, or negative: this is no acrn-dm that has something for us. */
static int take_line(struct watch_vm *vm, const json_t *line)
{
	const char *event = json_string_value(json_object_get(line, "event"));

	if (event)
		take_event(vm, event, line);
	else if (json_object_get(line, "greeting"))
		return monitor_check_greeting(line);
	else if (monitor_ok(line))
		take_state(vm, line);
	else
		return -EPERM;
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct watch_vm *vm = arg;

	(void)source, (void)usec;
	vm->timer = sd_event_source_disable_unref(vm->timer);
	if (vm->m.fd < 0)
		connect_now(vm);
	return 0;
}

static void connect_later(struct watch_vm *vm, unsigned int us)
{
	uint64_t now;

	if (!vm->timer && sd_event_now(vm->loop, CLOCK_MONOTONIC, &now) >= 0 &&
	    sd_event_add_time(vm->loop, &vm->timer, CLOCK_MONOTONIC, now + us, 200, on_timer, vm) < 0)
		vm->timer = NULL;
}

/* The connection is over. Whatever has its socket now is looked at. */
static void over(struct watch_vm *vm, int err)
{
	bool refused = err == -EPERM || err == -EBUSY || err == -EPROTO, was_there = vm->was_there;

	if (vm->up && !vm->ended && !refused)
		stopped(vm, "gone without a word");
	if (refused)
		journal(LOG_WARNING, vm->name, "its acrn-dm does not tell us of events: %s", strerror(-err));
	disconnect(vm);
	vm->was_there = was_there && refused;
	connect_later(vm, refused ? SLOW_US : FAST_US);
}

static int read_all(struct watch_vm *vm)
{
	json_t *line;
	int err;

	while ((err = monitor_line(&vm->m, 0, &line)) == 0) {
		err = take_line(vm, line);
		json_decref(line);
		if (err)
			break;
	}
	return err == -ETIMEDOUT ? 0 : err;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct watch_vm *vm = arg;
	int err = read_all(vm);

	(void)source, (void)fd, (void)revents;
	if (err)
		over(vm, err);
	return 0;
}

static void connected(struct watch_vm *vm)
{
	struct ucred owner = { .pid = 0 };
	socklen_t len = sizeof(owner);
	int err = monitor_send(&vm->m, "subscribe", NULL);

	if (!getsockopt(vm->m.fd, SOL_SOCKET, SO_PEERCRED, &owner, &len))
		vm->pid = owner.pid;
	domain_uuid(vm->name, vm->pid, vm->uuid);
	if (!err)
		err = sd_event_add_io(vm->loop, &vm->io, vm->m.fd, EPOLLIN, on_io, vm);
	if (err < 0)
		over(vm, err);
}

static void connect_now(struct watch_vm *vm)
{
	int err = monitor_connect(&vm->m, vm->name);

	if (!err) {
		connected(vm);
		return;
	}
	if (err == -ECONNREFUSED && vm->tries++ < TRIES_MAX)
		connect_later(vm, vm->tries < FAST_TRIES ? FAST_US : RETRY_US);
	else if (err == -ETIMEDOUT)
		connect_later(vm, SLOW_US);
	else if (!store_forget_once(vm->name) && vm->tries++ < TRIES_MAX)
		connect_later(vm, RETRY_US);	/* its process is about to end */
	else
		disconnect(vm);
}

/* What it has said already comes before what happened since. */
static void hear(struct watch_vm *vm)
{
	if (vm->m.fd >= 0)
		on_io(NULL, vm->m.fd, EPOLLIN, vm);
}

void watch_vm_look(struct watch_vm *vm)
{
	/* Of one VM after the other: the last words of the first come first. */
	hear(vm);
	if (vm->m.fd >= 0)
		return;
	vm->tries = 0;
	vm->timer = sd_event_source_disable_unref(vm->timer);
	connect_now(vm);
}

void watch_vm_was_there(struct watch_vm *vm)
{
	if (vm->m.fd >= 0)
		return;
	vm->was_there = true;
	connect_now(vm);
}

void watch_vm_was_defined(struct watch_vm *vm)
{
	vm->defined = true;
}

void watch_vm_renamed(struct watch_vm *vm, struct watch_vm *old)
{
	old->defined = false;
	tell(old, VIR_DOMAIN_EVENT_UNDEFINED, VIR_DOMAIN_EVENT_UNDEFINED_RENAMED);
	vm->defined = true;
	domain_uuid(vm->name, vm->pid, vm->uuid);
	tell(vm, VIR_DOMAIN_EVENT_DEFINED, VIR_DOMAIN_EVENT_DEFINED_RENAMED);
}

void watch_vm_defined(struct watch_vm *vm, bool defined)
{
	bool was = vm->defined;

	vm->defined = defined;
	if (defined) {
		domain_uuid(vm->name, vm->pid, vm->uuid);
		tell(vm, VIR_DOMAIN_EVENT_DEFINED, was ? VIR_DOMAIN_EVENT_DEFINED_UPDATED : VIR_DOMAIN_EVENT_DEFINED_ADDED);
	} else if (was) {
		hear(vm);
		tell(vm, VIR_DOMAIN_EVENT_UNDEFINED, VIR_DOMAIN_EVENT_UNDEFINED_REMOVED);
	}
}
