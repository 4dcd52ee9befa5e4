/* SPDX-License-Identifier: BSD-3-Clause */
/* What a domain is and does: calls that only look. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/settings.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/row.h"
#include "wire.h"

static int get_state(struct call *call, void *args, void *ret)
{
	const wire_dom_flags *in = args;
	wire_state *out = ret;
	struct domain d;

	if (call_check_flags(call, in->flags, 0) || domain_get(call, &in->dom, &d))
		return -1;
	out->state = domain_state(&d, &out->reason);
	return 0;
}

static int get_info(struct call *call, void *args, void *ret)
{
	struct domain_facts facts;
	wire_info *out = ret;
	struct domain d;
	int reason;

	if (domain_get(call, args, &d))
		return -1;
	domain_facts(&d, &facts);
	*out = (wire_info){ domain_state(&d, &reason), facts.kib, facts.kib, facts.vcpus, facts.cpu_ns };
	return 0;
}

static int get_os_type(struct call *call, void *args, void *ret)
{
	struct domain d;

	if (domain_get(call, args, &d))
		return -1;
	*(char **)ret = strdup("hvm");
	return 0;
}

static int get_max_memory(struct call *call, void *args, void *ret)
{
	struct domain_facts facts;
	struct domain d;

	if (domain_get(call, args, &d))
		return -1;
	domain_facts(&d, &facts);
	*(u_quad_t *)ret = facts.kib;
	return 0;
}

static int get_max_vcpus(struct call *call, void *args, void *ret)
{
	struct domain_facts facts;
	struct domain d;

	if (domain_get(call, args, &d))
		return -1;
	domain_facts(&d, &facts);
	*(int *)ret = facts.vcpus;
	return 0;
}

static int get_vcpus_flags(struct call *call, void *args, void *ret)
{
	wire_dom_flags *in = args;

	/* There is one number, which only a new start changes. */
	if (call_check_flags(call, in->flags, VIR_DOMAIN_VCPU_LIVE | VIR_DOMAIN_VCPU_CONFIG | VIR_DOMAIN_VCPU_MAXIMUM))
		return -1;
	return get_max_vcpus(call, &in->dom, ret);
}

static int is_active(struct call *call, void *args, void *ret)
{
	struct domain d;

	if (domain_get(call, args, &d))
		return -1;
	*(int *)ret = domain_is_up(&d);
	return 0;
}

static int is_persistent(struct call *call, void *args, void *ret)
{
	struct domain d;

	if (domain_get(call, args, &d))
		return -1;
	*(int *)ret = d.vm.defined;
	return 0;
}

static int get_autostart(struct call *call, void *args, void *ret)
{
	struct settings s;
	char why[512];
	struct domain d;

	if (domain_get(call, args, &d))
		return -1;
	/* The scenario starts it. */
	if (d.other) {
		*(int *)ret = 1;
		return 0;
	}
	if (settings_read(d.vm.name, &s, why, sizeof(why)))
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "%s", why);
	*(int *)ret = d.vm.defined && s.autostart;
	settings_free(&s);
	return 0;
}

/* Saved states are not made. */
static int has_managed_save(struct call *call, void *args, void *ret)
{
	const wire_dom_flags *in = args;
	struct domain d;

	*(int *)ret = 0;
	return call_check_flags(call, in->flags, 0) || domain_get(call, &in->dom, &d) ? -1 : 0;
}

const struct call_row calls_domain[] = {
	{ 212, "get_state", ROW(wire_dom_flags), ROW(wire_state), CALL_READ, get_state },
	{ 16, "get_info", ROW(wire_dom), ROW(wire_info), CALL_READ, get_info },
	{ 19, "get_os_type", ROW(wire_dom), ROW_TEXT, CALL_READ, get_os_type },
	{ 17, "get_max_memory", ROW(wire_dom), ROW_UINT64, CALL_READ, get_max_memory },
	{ 18, "get_max_vcpus", ROW(wire_dom), ROW_INT, CALL_READ, get_max_vcpus },
	{ 200, "get_vcpus_flags", ROW(wire_dom_flags), ROW_INT, CALL_READ, get_vcpus_flags },
	{ 150, "is_active", ROW(wire_dom), ROW_INT, CALL_READ, is_active },
	{ 151, "is_persistent", ROW(wire_dom), ROW_INT, CALL_READ, is_persistent },
	{ 15, "get_autostart", ROW(wire_dom), ROW_INT, CALL_READ, get_autostart },
	{ 183, "has_managed_save_image", ROW(wire_dom_flags), ROW_INT, CALL_READ, has_managed_save },
	{ 0 }
};
