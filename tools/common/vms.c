/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/common/vms.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/monitor.h"

#define LOOK_MS 1000	/* what a greeting may take before its VM is called stuck */

struct list {
	struct vm_info *vm;
	size_t nr, size;
};

static void look(struct vm_info *vm)
{
	struct monitor m;
	json_t *greeting;
	const char *state = "stopped";
	int err = monitor_open(&m, vm->name, monitor_now_ms() + LOOK_MS, &greeting);

	vm->pid = 0;
	if (!err) {
		state = json_string_value(json_object_get(greeting, "state"));
		vm->pid = json_integer_value(json_object_get(greeting, "pid"));
	} else if (err == -EACCES || err == -EPERM) {
		state = "unknown";
	} else if (err == -ETIMEDOUT || err == -EPROTO || err == -EBUSY || err == -ECONNRESET) {
		state = "stuck";
	}
	snprintf(vm->state, sizeof(vm->state), "%s", state ? state : "stuck");
	if (!err) {
		json_decref(greeting);
		monitor_close(&m);
	}
}

static struct vm_info *get(struct list *list, const char *name)
{
	struct vm_info *bigger;

	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->vm[i].name, name))
			return &list->vm[i];
	if (list->nr == list->size) {
		bigger = realloc(list->vm, (list->size + 16) * sizeof(*bigger));
		if (!bigger)
			return NULL;
		list->vm = bigger;
		list->size += 16;
	}
	list->vm[list->nr] = (struct vm_info){ .defined = false };
	strcpy(list->vm[list->nr].name, name);
	return &list->vm[list->nr++];
}

/* VMs that have a file with this ending in a folder; one that is missing holds none. */
static int scan(struct list *list, const char *folder, const char *tail)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name), end = strlen(tail);
		char name[sizeof(entry->d_name)];
		struct vm_info *vm;

		if (len <= end || strcmp(entry->d_name + len - end, tail) != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(len - end), entry->d_name);
		if (!place_name_ok(name))
			continue;
		vm = get(list, name);
		if (!vm)
			err = -ENOMEM;
		else if (!strcmp(tail, PLACE_LAUNCH))
			vm->defined = true;
	}
	closedir(dir);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vm_info *)a)->name, ((const struct vm_info *)b)->name);
}

int vms_list(struct vm_info **out, size_t *nr)
{
	char path[PLACE_PATH_MAX];
	struct list list = { 0 };
	size_t kept = 0;
	int err = scan(&list, place_conf(path, "", ""), PLACE_LAUNCH);

	if (!err)
		err = scan(&list, place_run(path, "", ""), PLACE_SOCKET);
	if (err) {
		free(list.vm);
		return err;
	}
	/* A socket left behind by an acrn-dm that was killed is no VM. */
	for (size_t i = 0; i < list.nr; i++) {
		look(&list.vm[i]);
		if (list.vm[i].defined || vms_is_up(&list.vm[i]))
			list.vm[kept++] = list.vm[i];
	}
	if (kept)
		qsort(list.vm, kept, sizeof(*list.vm), by_name);
	*out = list.vm;
	*nr = kept;
	return 0;
}

bool vms_find(const char *name, struct vm_info *out)
{
	char path[PLACE_PATH_MAX];

	if (!place_name_ok(name))
		return false;
	*out = (struct vm_info){ .defined = access(place_conf(path, name, PLACE_LAUNCH), F_OK) == 0 };
	strcpy(out->name, name);
	look(out);
	return out->defined || vms_is_up(out);
}

bool vms_is_up(const struct vm_info *vm)
{
	return strcmp(vm->state, "stopped") != 0;
}
