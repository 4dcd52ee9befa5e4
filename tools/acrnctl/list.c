/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnctl list. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/acrnctl/acrnctl.h"
#include "tools/common/vms.h"

static void show(const struct vm_info *vm)
{
	const char *note = vm->defined ? "" : " (untracked: it has no definition)";

	ctl_done(vm->name, json_pack("{s:s, s:b, s:i}", "state", vm->state, "defined", (int)vm->defined, "pid", vm->pid), "%*s%s%s",
		 (int)(PLACE_NAME_MAX + 2 - strlen(vm->name)), "", vm->state, note);
}

int cmd_list(int argc, char **argv)
{
	struct vm_info *vms, one;
	int code = CTL_OK, err;
	size_t nr;

	for (int i = 0; i < argc; i++) {
		if (vms_find(argv[i], &one))
			show(&one);
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
	free(vms);
	return CTL_OK;
}
