/* SPDX-License-Identifier: BSD-3-Clause */
/* Which domains there are. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/row.h"
#include "wire.h"

/* Those that are wanted, at the front of *@out; -1 with the call's error. */
static int list(struct call *call, unsigned int flags, struct domain **out, size_t *nr)
{
	size_t all, kept = 0;
	int err = domain_list(out, &all);

	if (err)
		return call_fail(call, VIR_ERR_INTERNAL_ERROR, "the VMs' folders: %s", strerror(-err));
	for (size_t i = 0; i < all && kept < WIRE_LIST_MAX; i++)
		if (domain_is_wanted(&(*out)[i], flags))
			(*out)[kept++] = (*out)[i];
	*nr = kept;
	return 0;
}

static int list_all(struct call *call, void *args, void *ret)
{
	const wire_list_ask *in = args;
	wire_doms *out = ret;
	struct domain *all;
	size_t nr;

	if (call_check_flags(call, in->flags, domain_list_flags()) || list(call, in->flags, &all, &nr))
		return -1;
	out->nr = nr;
	if (in->need_results) {
		out->list.list_val = calloc(nr + 1, sizeof(wire_dom));
		for (size_t i = 0; out->list.list_val && i < nr; i++)
			if (domain_put(&all[i], &out->list.list_val[i]))
				out->list.list_len++;
	}
	free(all);
	return out->list.list_len == (in->need_results ? nr : 0) ? 0 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
}

static int count(struct call *call, unsigned int flags, int *ret)
{
	struct domain *all;
	size_t nr;

	if (list(call, flags, &all, &nr))
		return -1;
	free(all);
	*ret = nr;
	return 0;
}

static int num_of_active(struct call *call, void *args, void *ret)
{
	(void)args;
	return count(call, VIR_CONNECT_LIST_DOMAINS_ACTIVE, ret);
}

static int num_of_defined(struct call *call, void *args, void *ret)
{
	(void)args;
	return count(call, VIR_CONNECT_LIST_DOMAINS_INACTIVE, ret);
}

static int check_max(struct call *call, int max)
{
	if (max >= 0 && max <= WIRE_LIST_MAX)
		return 0;
	return call_fail(call, VIR_ERR_INVALID_ARG, "%d domains at most; 0 to %d can be asked for", max, WIRE_LIST_MAX);
}

static int list_ids(struct call *call, void *args, void *ret)
{
	const int *max = args;
	wire_ints *out = ret;
	struct domain *all;
	size_t nr;

	if (check_max(call, *max) || list(call, VIR_CONNECT_LIST_DOMAINS_ACTIVE, &all, &nr))
		return -1;
	out->list.list_val = calloc(nr + 1, sizeof(int));
	for (size_t i = 0; out->list.list_val && i < nr && i < (size_t)*max; i++)
		out->list.list_val[out->list.list_len++] = domain_id(&all[i]);
	free(all);
	return 0;
}

static int list_defined(struct call *call, void *args, void *ret)
{
	const int *max = args;
	wire_texts *out = ret;
	struct domain *all;
	size_t nr;

	if (check_max(call, *max) || list(call, VIR_CONNECT_LIST_DOMAINS_INACTIVE, &all, &nr))
		return -1;
	out->list.list_val = calloc(nr + 1, sizeof(char *));
	for (size_t i = 0; out->list.list_val && i < nr && i < (size_t)*max; i++) {
		out->list.list_val[i] = strdup(all[i].vm.name);
		if (out->list.list_val[i])
			out->list.list_len++;
	}
	free(all);
	return 0;
}

static int lookup_by_name(struct call *call, void *args, void *ret)
{
	const char *name = *(char **)args;
	struct domain d;

	if (domain_find(name, &d) && domain_put(&d, ret))
		return 0;
	return call_fail(call, VIR_ERR_NO_DOMAIN, "no domain with matching name '%.100s'", name);
}

static int lookup_by_uuid(struct call *call, void *args, void *ret)
{
	wire_dom wanted = { .name = "" };
	struct domain d;

	memcpy(wanted.uuid, args, sizeof(wanted.uuid));
	return domain_get(call, &wanted, &d) || !domain_put(&d, ret) ? -1 : 0;
}

static int lookup_by_id(struct call *call, void *args, void *ret)
{
	const int *id = args;
	struct domain *all;
	bool found = false;
	size_t nr;

	if (list(call, VIR_CONNECT_LIST_DOMAINS_ACTIVE, &all, &nr))
		return -1;
	for (size_t i = 0; i < nr && !found; i++)
		found = domain_id(&all[i]) == *id && *id > 0 && domain_put(&all[i], ret);
	free(all);
	return found ? 0 : call_fail(call, VIR_ERR_NO_DOMAIN, "no domain with matching id %d", *id);
}

const struct call_row calls_list[] = {
	{ 273, "list_all_domains", ROW(wire_list_ask), ROW(wire_doms), CALL_READ, list_all },
	{ 51, "num_of_domains", ROW_VOID, ROW_INT, CALL_READ, num_of_active },
	{ 37, "list_domains", ROW_INT, ROW(wire_ints), CALL_READ, list_ids },
	{ 25, "num_of_defined_domains", ROW_VOID, ROW_INT, CALL_READ, num_of_defined },
	{ 21, "list_defined_domains", ROW_INT, ROW(wire_texts), CALL_READ, list_defined },
	{ 22, "lookup_by_id", ROW_INT, ROW(wire_dom), CALL_READ, lookup_by_id },
	{ 23, "lookup_by_name", ROW_TEXT, ROW(wire_dom), CALL_READ, lookup_by_name },
	{ 24, "lookup_by_uuid", ROW(wire_uuid), ROW(wire_dom), CALL_READ, lookup_by_uuid },
	{ 0 }
};
