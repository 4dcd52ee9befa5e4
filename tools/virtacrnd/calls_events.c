/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls that ask for events. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/domain.h"
#include "tools/virtacrnd/events.h"
#include "tools/virtacrnd/row.h"
#include "wire.h"

#define KINDS	64	/* newer libraries know more kinds than the one we are built with; none of those happens here */

static int add(struct call *call, void *args, void *ret)
{
	const wire_register *in = args;
	struct domain d;
	int number;

	if (in->event < 0 || in->event >= KINDS)
		return call_fail(call, VIR_ERR_INVALID_ARG, "events of kind %d; 0 to %d are known", in->event, KINDS - 1);
	if (in->dom && domain_get(call, in->dom, &d))
		return -1;
	number = events_add(call->client, in->event, in->dom ? d.uuid : NULL, !in->dom || d.other);
	if (number < 0)
		return call_fail(call, VIR_ERR_OPERATION_FAILED, number == -ENOMEM ? "out of memory" :
				 "too many registrations: %u are kept for a connection", EVENTS_MAX);
	*(int *)ret = number;
	return 0;
}

static int remove_one(struct call *call, void *args, void *ret)
{
	const int *number = args;

	(void)ret;
	return events_remove(call->client, *number) ? 0 : call_fail(call, VIR_ERR_INVALID_ARG, "no registration has number %d", *number);
}

const struct call_row calls_events[] = {
	{ 316, "domain_event_callback_register_any", ROW(wire_register), ROW_INT, CALL_READ, add },
	{ 317, "domain_event_callback_deregister_any", ROW_INT, ROW_VOID, CALL_READ, remove_one },
	{ 0 }
};
