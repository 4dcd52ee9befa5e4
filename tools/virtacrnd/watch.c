/* SPDX-License-Identifier: BSD-3-Clause */
/* The folders: which VMs there are. */
#include "tools/virtacrnd/watch.h"

#include <dirent.h>
#include <errno.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "tools/common/journal.h"
#include "tools/virtacrnd/store.h"
#include "tools/virtacrnd/store_priv.h"
#include "tools/virtacrnd/watch_other.h"
#include "tools/virtacrnd/watch_vm.h"

#define LEAVING_US	100000u		/* between the two halves of a move there is next to nothing */

static sd_event *loop;
static sd_event_source *run_folder, *conf_folder;
static struct watch_vm *vms;

/* A definition on its way to another name: told when it is known where to. And a move that tells nothing. */
static struct watch_vm *leaving;
static sd_event_source *leaving_timer;
static uint32_t leaving_cookie, quiet_cookie;

/* The one whose file with ending @tail this is; made if need be. NULL: it is no such file. */
static struct watch_vm *vm_of(const char *file, const char *tail)
{
	size_t len = strlen(file), end = strlen(tail);
	char name[PLACE_NAME_MAX + 1];
	struct watch_vm *vm;

	if (len <= end || len - end > PLACE_NAME_MAX || strcmp(file + len - end, tail) != 0)
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)(len - end), file);
	if (!place_name_ok(name))
		return NULL;
	for (vm = vms; vm; vm = vm->next)
		if (!strcmp(vm->name, name))
			return vm;
	vm = watch_vm_create(loop, name);
	if (vm) {
		vm->next = vms;
		vms = vm;
	}
	return vm;
}

/* Those that are neither defined nor watched are forgotten. */
static void sweep(void)
{
	for (struct watch_vm **at = &vms; *at; ) {
		struct watch_vm *vm = *at;

		if (!watch_vm_is_idle(vm)) {
			at = &vm->next;
			continue;
		}
		*at = vm->next;
		watch_vm_destroy(vm);
	}
}

static void scan(const char *folder, const char *tail);

/* More happened than the kernel keeps, or the folder itself is gone: what was missed is found, but told as little as possible. */
static bool is_lost(const struct inotify_event *event)
{
	if (!(event->mask & (IN_Q_OVERFLOW | IN_IGNORED)))
		return false;
	journal(LOG_WARNING, NULL, "the VMs' folders: %s; clients may have missed events", event->mask & IN_IGNORED ? "one was removed" :
		"too much happened at once");
	return true;
}

static int on_run(sd_event_source *source, const struct inotify_event *event, void *arg)
{
	char path[PLACE_PATH_MAX];
	struct watch_vm *vm;

	(void)source, (void)arg;
	if (is_lost(event))
		scan(place_run(path, "", ""), PLACE_SOCKET);
	vm = event->len ? vm_of(event->name, PLACE_SOCKET) : NULL;
	if (vm)
		watch_vm_look(vm);
	sweep();
	return 0;
}

/* One whose launch file is moved away was renamed, or else it is not defined any more. */
static void settle(struct watch_vm *to)
{
	struct watch_vm *from = leaving;

	leaving = NULL;
	leaving_timer = sd_event_source_disable_unref(leaving_timer);
	if (from && to && to != from)
		watch_vm_renamed(to, from);
	else if (from)
		watch_vm_defined(from, to == from);
}

static int on_left(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source, (void)usec, (void)arg;
	settle(NULL);
	sweep();
	return 0;
}

/* Where to is told next, by the same number; if that is in this folder. */
static void leave(struct watch_vm *vm, uint32_t cookie)
{
	settle(NULL);
	leaving = vm;
	leaving_cookie = cookie;
	if (sd_event_add_time_relative(loop, &leaving_timer, CLOCK_MONOTONIC, LEAVING_US, 0, on_left, NULL) < 0)
		settle(NULL);
}

static bool ends_with(const char *text, const char *tail)
{
	size_t len = strlen(text), end = strlen(tail);

	return len >= end && !strcmp(text + len - end, tail);
}

/* A launch file that comes or goes by being moved. False: this is no such thing. */
static bool is_moved(const struct inotify_event *event, struct watch_vm *vm)
{
	bool arrives = event->mask & IN_MOVED_TO && leaving && event->cookie == leaving_cookie;

	/* There is one of its name again. */
	if (vm && vm == leaving && !arrives)
		settle(NULL);
	if (event->mask & IN_MOVED_FROM && ends_with(event->name, STORE_MOVING))
		quiet_cookie = event->cookie;
	else if (event->mask & IN_MOVED_FROM && vm && vm->defined)
		leave(vm, event->cookie);
	else if (arrives)
		settle(vm);
	else
		return event->mask & IN_MOVED_TO && event->cookie == quiet_cookie;
	return true;
}

static int on_conf(sd_event_source *source, const struct inotify_event *event, void *arg)
{
	struct watch_vm *vm;

	(void)source, (void)arg;
	is_lost(event);
	vm = event->len ? vm_of(event->name, PLACE_LAUNCH) : NULL;
	if (event->len && !is_moved(event, vm) && vm)
		watch_vm_defined(vm, !(event->mask & (IN_DELETE | IN_MOVED_FROM)));
	sweep();
	return 0;
}

/* What is there already is nothing new. */
static void scan(const char *folder, const char *tail)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct watch_vm *vm = vm_of(entry->d_name, tail);

		if (!vm)
			continue;
		if (!strcmp(tail, PLACE_LAUNCH))
			watch_vm_was_defined(vm);
		else if (!strcmp(tail, PLACE_ONCE))
			store_forget_once(vm->name);
		else
			watch_vm_was_there(vm);
	}
	if (dir)
		closedir(dir);
}

static sd_event_source *watch(const char *folder, uint32_t mask, sd_event_inotify_handler_t handler)
{
	sd_event_source *source = NULL;
	int err = sd_event_add_inotify(loop, &source, folder, mask | IN_ONLYDIR, handler, NULL);

	if (err < 0)
		journal(LOG_WARNING, NULL, "%s cannot be watched: %s; clients are told of fewer events", folder, strerror(-err));
	return source;
}

int watch_begin(sd_event *event)
{
	char run[PLACE_PATH_MAX], conf[PLACE_PATH_MAX];

	loop = event;
	place_run_make();
	place_conf_make();
	/* First watched, then looked at: so nothing gets in between. */
	run_folder = watch(place_run(run, "", ""), IN_CREATE | IN_MOVED_TO, on_run);
	conf_folder = watch(place_conf(conf, "", ""), IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM, on_conf);
	scan(conf, PLACE_LAUNCH);
	scan(run, PLACE_SOCKET);
	scan(run, PLACE_ONCE);
	sweep();
	watch_other_begin(event);
	return 0;
}

void watch_end(void)
{
	watch_other_end();
	leaving_timer = sd_event_source_disable_unref(leaving_timer);
	sd_event_source_disable_unref(run_folder);
	sd_event_source_disable_unref(conf_folder);
	while (vms) {
		struct watch_vm *vm = vms;

		vms = vm->next;
		watch_vm_destroy(vm);
	}
}
