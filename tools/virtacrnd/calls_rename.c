/* SPDX-License-Identifier: BSD-3-Clause */
/* Another name for a domain that is off. Its UUID, by which clients know it, stays. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/common/launch.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/define.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/host.h"
#include "tools/virtacrnd/other.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/store.h"
#include "wire.h"

/* Whether it may have this name. */
static int check_name(struct call *call, const struct domain *d, const char *name)
{
	struct domain there;
	uint8_t uuid[16];

	if (!place_name_ok(name))
		return call_fail(call, VIR_ERR_INVALID_ARG, "\"%.60s\" is no name of a VM: 1 to %d letters, digits and .:_- are", name, PLACE_NAME_MAX);
	if (!strcmp(name, d->vm.name))
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' has that name already", name);
	if (domain_find(name, &there))
		return there.other ? other_refuse(call, &there) : call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' already exists", name);
	/* One that is just being created does not run yet. */
	return store_once_uuid(name, uuid) ? call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is being created", name) : 0;
}

static int check_state(struct call *call, const struct domain *d)
{
	if (domain_is_up(d))
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is %s: only one that is off can be renamed", d->vm.name, d->vm.state);
	return d->vm.defined ? 0 : call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' has no definition", d->vm.name);
}

/* Its definition as it is. */
static int read_old(struct call *call, const struct domain *d, struct domxml *old)
{
	char *text = store_text(d->vm.name);
	struct domxml_why why;
	int result = 0;

	if (!text)
		result = call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is defined by a launch file of acrnctl's, which says its name itself", d->vm.name);
	else if (!domxml_read(text, host_old_xml(), old, &why))
		result = call_fail(call, why.code, "its definition: %s", why.text);
	free(text);
	return result;
}

static int rename_locked(struct call *call, const struct domain *d, const char *name)
{
	const struct domxml_change change = { domxml_make_name, name };
	struct domxml old, new;
	char why[1024];
	int result;

	if (check_state(call, d) || check_name(call, d, name) || read_old(call, d, &old))
		return -1;
	/* What the scenario allows goes by the name. */
	result = define_change(call, d, &change, &new);
	if (!result) {
		if (store_rename(&old, &new, host_dm(), why, sizeof(why)))
			result = call_fail(call, VIR_ERR_OPERATION_FAILED, "domain '%s': %s", d->vm.name, why);
		domxml_free(&new);
	}
	domxml_free(&old);
	return result;
}

/* With the lock only is it certain whether it is off. */
static int rename_off(struct call *call, struct domain *d, const char *name)
{
	int result, lock = launch_lock(d->vm.name);

	if (lock == -EWOULDBLOCK)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "domain '%s' is being started", d->vm.name);
	if (domain_find(d->vm.name, d))
		result = rename_locked(call, d, name);
	else
		result = call_fail(call, VIR_ERR_NO_DOMAIN, "domain '%s' is gone", d->vm.name);
	if (lock >= 0)
		close(lock);
	return result;
}

static int rename_domain(struct call *call, void *args, void *ret)
{
	const wire_rename *in = args;
	struct domain d;
	int result;

	(void)ret;
	if (call_check_flags(call, in->flags, 0))
		return -1;
	if (!in->name)
		return call_fail(call, VIR_ERR_INVALID_ARG, "the new name is missing");
	define_lock();
	result = domain_get(call, &in->dom, &d) ? -1 : rename_off(call, &d, *in->name);
	define_unlock();
	if (!result)
		journal(LOG_NOTICE, *in->name, "renamed from %s by client %u (user %u)", d.vm.name, call->client->number, (unsigned int)call->client->uid);
	return result;
}

const struct call_row calls_rename[] = {
	{ 358, "rename", ROW(wire_rename), ROW_INT, 0, rename_domain },
	{ 0 }
};
