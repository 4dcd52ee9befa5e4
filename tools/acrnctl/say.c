/* SPDX-License-Identifier: BSD-3-Clause */
/* Results and errors as text or JSON, and talking to a VM with its errors said. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/acrnctl/acrnctl.h"
#include "tools/common/hypervisor.h"
#include "tools/common/place.h"
#include "tools/common/vms.h"

static const char *const code_name[] = {
	[CTL_FAILED] = "failed", [CTL_USAGE] = "usage", [CTL_NO_VM] = "no_vm", [CTL_STATE] = "wrong_state",
	[CTL_TIMEOUT] = "timeout", [CTL_DENIED] = "not_permitted",
};

static void print_json(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	puts(text ? text : "{\"ok\":false}");
	free(text);
	json_decref(object);
}

int ctl_done(const char *name, json_t *more, const char *fmt, ...)
{
	va_list ap;

	if (ctl.json) {
		json_t *o = json_pack("{s:s, s:b}", "vm", name, "ok", 1);

		if (more)
			json_object_update(o, more);
		print_json(o);
	} else {
		printf("%s ", name);
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		putchar('\n');
	}
	json_decref(more);
	return CTL_OK;
}

int ctl_fail(int code, const char *name, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (ctl.json)
		print_json(json_pack("{s:s, s:b, s:{s:s, s:s+}}", "vm", name, "ok", 0, "error", "code", code_name[code], "message",
				     text, ""));
	else
		fprintf(stderr, "acrnctl: %s: %s\n", name, text);
	return code;
}

/* Nobody listens for that VM. */
static int not_there(const char *name)
{
	struct hypervisor_vm other;
	struct vm_info vm;

	if (vms_find(name, &vm))
		return ctl_fail(CTL_STATE, name, "is stopped");
	if (!hypervisor_find(name, &other))
		return ctl_fail(CTL_NO_VM, name, "there is no such VM; \"acrnctl list\" shows all");
	return ctl_fail(CTL_DENIED, name, other.info.load_order == Q_VM_POST_LAUNCHED ?
			"its acrn-dm has no command socket (option --cmd_monitor)" :
			"is a %s VM: the scenario says when it runs, it can only be looked at", hypervisor_kind(&other));
}

int ctl_connect(struct monitor *m, const char *name)
{
	char path[PLACE_PATH_MAX];
	int err;

	if (!place_name_ok(name))
		return ctl_fail(CTL_NO_VM, name, "is no name of a VM: 1 to 15 letters, digits and .:_- are");
	err = monitor_open(m, name, monitor_now_ms() + MONITOR_ANSWER_MS, NULL);
	switch (-err) {
	case 0:
		return CTL_OK;
	case ENOENT:
	case ECONNREFUSED:
		return not_there(name);
	case EACCES:
	case EPERM:
		return ctl_fail(CTL_DENIED, name, "you may not command it; root and the group given to acrn-dm may");
	case ETIMEDOUT:
		return ctl_fail(CTL_TIMEOUT, name, "its acrn-dm does not answer; it may have to be killed");
	case EBUSY:
		return ctl_fail(CTL_FAILED, name, "too many clients are connected to its acrn-dm");
	default:
		return ctl_fail(CTL_FAILED, name, "%s: %s", place_run(path, name, PLACE_SOCKET),
				err == -EPROTO ? "no acrn-dm, or one of another version, answers" : strerror(-err));
	}
}

int ctl_ask(struct monitor *m, const char *name, const char *command, json_t *args, json_t **answer)
{
	json_t *a;
	int code = CTL_OK, err = monitor_ask(m, command, args, &a);

	if (err == -ETIMEDOUT)
		return ctl_fail(CTL_TIMEOUT, name, "its acrn-dm does not answer; it may have to be killed");
	if (err)
		return ctl_fail(CTL_FAILED, name, "its acrn-dm ended in the middle of command %s", command);
	if (!monitor_ok(a))
		code = ctl_fail(!strcmp(monitor_error_code(a), "wrong_state") ? CTL_STATE : CTL_FAILED, name, "%s",
				monitor_error_text(a));
	if (!code && answer)
		*answer = json_incref(a);
	json_decref(a);
	return code;
}
