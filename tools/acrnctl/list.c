/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnctl list. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/acrnctl/acrnctl.h"
#include "tools/common/hypervisor.h"
#include "tools/common/vms.h"

static void show(const struct vm_info *vm)
{
	const char *note = vm->defined ? "" : " (untracked: it has no definition)";

	ctl_done(vm->name, json_pack("{s:s, s:b, s:i}", "state", vm->state, "defined", (int)vm->defined, "pid", vm->pid), "%*s%s%s",
		 (int)(PLACE_NAME_MAX + 2 - strlen(vm->name)), "", vm->state, note);
}

/* One that the hypervisor knows and no acrn-dm answers for. */
static void show_only(const struct hypervisor_vm *vm)
{
	ctl_done(vm->name, json_pack("{s:s, s:s, s:b, s:i, s:I, s:I, s:I}", "state", hypervisor_state(vm), "kind", hypervisor_kind(vm),
				     "read_only", 1, "vcpus", (int)vm->info.nr_vcpus, "memory_bytes",
				     (json_int_t)vm->info.memory_bytes, "run_ns", (json_int_t)vm->run_ns, "exits",
				     (json_int_t)vm->exits), "%*s%s (%s, only to be looked at: %u vCPUs, %llu MiB, ran %.1f s)",
		 (int)(PLACE_NAME_MAX + 2 - strlen(vm->name)), "", hypervisor_state(vm), hypervisor_kind(vm), vm->info.nr_vcpus,
		 (unsigned long long)vm->info.memory_bytes >> 20, vm->run_ns / 1e9);
}

static bool is_among(const struct vm_info *vms, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(vms[i].name, name))
			return true;
	return false;
}

/* Those that are not ours: pre-launched VMs, this one, user VMs without a command socket. */
static void show_others(const struct vm_info *vms, size_t nr)
{
	struct hypervisor_vm all[Q_VM_SLOTS];
	size_t nr_all;

	(void)hypervisor_vms(all, &nr_all);
	for (size_t i = 0; i < nr_all; i++)
		if (!is_among(vms, nr, all[i].name))
			show_only(&all[i]);
}

int cmd_list(int argc, char **argv)
{
	struct hypervisor_vm other;
	struct vm_info *vms, one;
	int code = CTL_OK, err;
	size_t nr;

	for (int i = 0; i < argc; i++) {
		if (vms_find(argv[i], &one))
			show(&one);
		else if (hypervisor_find(argv[i], &other))
			show_only(&other);
		else
			code = ctl_fail(CTL_NO_VM, argv[i], "there is no such VM; \"acrnctl list\" shows all");
	}
	if (argc)
		return code;
	err = vms_list(&vms, &nr);
	if (err)
		return ctl_fail(err == -EACCES ? CTL_DENIED : CTL_FAILED, "list", "%s", strerror(-err));
	for (size_t i = 0; i < nr; i++)
		show(&vms[i]);
	show_others(vms, nr);
	free(vms);
	return CTL_OK;
}
