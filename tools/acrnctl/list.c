/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnctl list. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/acrnctl/acrnctl.h"
#include "tools/common/hypervisor.h"
#include "tools/common/vms.h"

/* What the hypervisor has; empty if nobody tells. */
static struct hypervisor_vm others[Q_VM_SLOTS];
static size_t nr_others;

static const struct hypervisor_vm *other(const char *name)
{
	for (size_t i = 0; i < nr_others; i++)
		if (!strcmp(others[i].name, name))
			return &others[i];
	return NULL;
}

static json_t *figures(const struct hypervisor_vm *vm)
{
	if (!vm)
		return json_object();
	return json_pack("{s:i, s:I, s:I, s:I, s:I}", "vcpus", (int)vm->info.nr_vcpus, "memory_bytes", (json_int_t)vm->info.memory_bytes,
			 "run_ns", (json_int_t)vm->run_ns, "wait_ns", (json_int_t)vm->wait_ns, "exits", (json_int_t)vm->exits);
}

#define WORDS_MAX 96

/* "running   4 vCPUs, 512 MiB, ran 7.1 s", or the state alone. */
static const char *words(const char *state, const struct hypervisor_vm *vm, char text[WORDS_MAX])
{
	if (!vm)
		return state;
	snprintf(text, WORDS_MAX, "%-9s %u vCPU%s, %llu MiB, ran %.1f s", state, vm->info.nr_vcpus, vm->info.nr_vcpus == 1 ? "" : "s",
		 (unsigned long long)vm->info.memory_bytes >> 20, vm->run_ns / 1e9);
	return text;
}

static void show(const struct vm_info *vm)
{
	const struct hypervisor_vm *figured = vms_is_up(vm) ? other(vm->name) : NULL;
	json_t *more = figures(figured);
	char text[WORDS_MAX];

	json_object_update_new(more, json_pack("{s:s, s:b, s:i}", "state", vm->state, "defined", (int)vm->defined, "pid", vm->pid));
	ctl_done(vm->name, more, "%*s%s%s", (int)(PLACE_NAME_MAX + 2 - strlen(vm->name)), "",
		 words(vm->state, figured, text), vm->defined ? "" : " (untracked: it has no definition)");
}

/* One that the hypervisor knows and no acrn-dm answers for. */
static void show_only(const struct hypervisor_vm *vm)
{
	json_t *more = figures(vm);
	char text[WORDS_MAX];

	json_object_update_new(more, json_pack("{s:s, s:s, s:b}", "state", hypervisor_state(vm), "kind", hypervisor_kind(vm),
					       "read_only", 1));
	ctl_done(vm->name, more, "%*s%s (%s, only to be looked at)", (int)(PLACE_NAME_MAX + 2 - strlen(vm->name)), "",
		 words(hypervisor_state(vm), vm, text), hypervisor_kind(vm));
}

static bool is_among(const struct vm_info *vms, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(vms[i].name, name))
			return true;
	return false;
}

/* One of the VMs that are named. */
static int show_named(const char *name)
{
	struct vm_info one;

	if (vms_find(name, &one))
		show(&one);
	else if (other(name))
		show_only(other(name));
	else
		return ctl_fail(CTL_NO_VM, name, "there is no such VM; \"acrnctl list\" shows all");
	return CTL_OK;
}

/* All: ours, then pre-launched VMs, this one, user VMs without a command socket. */
static int show_all(void)
{
	struct vm_info *vms;
	size_t nr;
	int err = vms_list(&vms, &nr);

	if (err)
		return ctl_fail(err == -EACCES ? CTL_DENIED : CTL_FAILED, "list", "%s", strerror(-err));
	for (size_t i = 0; i < nr; i++)
		show(&vms[i]);
	for (size_t i = 0; i < nr_others; i++)
		if (!is_among(vms, nr, others[i].name))
			show_only(&others[i]);
	free(vms);
	return CTL_OK;
}

int cmd_list(int argc, char **argv)
{
	int code = CTL_OK;

	(void)hypervisor_vms(others, &nr_others);
	for (int i = 0; i < argc; i++) {
		int one = show_named(argv[i]);

		code = one ? one : code;
	}
	return argc ? code : show_all();
}
