/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls about the connection itself. */
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/row.h"
#include "wire.h"

#define URI		"acrn:///system"
#define FEATURE_KEEPALIVE	10	/* keepalive messages may be sent */
#define FEATURE_EVENTS		14	/* events are asked for by domain_event_callback_register_any */

/* No authentication but the kernel's word on who connected. */
static int auth_list(struct call *call, void *args, void *ret)
{
	wire_auths *out = ret;

	(void)call, (void)args;
	out->list.list_len = 0;
	return 0;
}

static int supports_feature(struct call *call, void *args, void *ret)
{
	const int *feature = args;

	(void)call;
	*(int *)ret = *feature == FEATURE_KEEPALIVE || *feature == FEATURE_EVENTS;
	return 0;
}

/* "acrn:///system"; without a path it is meant. */
static bool is_ours(const char *uri)
{
	return !strcmp(uri, URI) || !strcmp(uri, "acrn:///") || !strcmp(uri, "acrn://") || !strcmp(uri, "acrn:");
}

static int conn_open(struct call *call, void *args, void *ret)
{
	const wire_open *in = args;

	(void)ret;
	if (call_check_flags(call, in->flags, 1))
		return -1;
	if (in->name && **in->name && !is_ours(*in->name))
		return call_fail(call, VIR_ERR_NO_CONNECT, "no connection driver available for %.100s: this daemon serves " URI, *in->name);
	if (call->client->opened)
		return call_fail(call, VIR_ERR_OPERATION_INVALID, "the connection is open already");
	if (in->flags)
		call->client->read_only = true;
	call->client->opened = true;
	return 0;
}

/* The other end closes when it has the answer. */
static int conn_close(struct call *call, void *args, void *ret)
{
	(void)args, (void)ret;
	call->client->opened = false;
	return 0;
}

static int get_uri(struct call *call, void *args, void *ret)
{
	(void)call, (void)args;
	*(char **)ret = strdup(URI);
	return 0;
}

/* A UNIX socket is. */
static int is_secure(struct call *call, void *args, void *ret)
{
	(void)call, (void)args;
	*(int *)ret = 1;
	return 0;
}


const struct call_row calls_connection[] = {
	{ 66, "auth_list", ROW_VOID, ROW(wire_auths), CALL_EARLY | CALL_READ, auth_list },
	{ 60, "supports_feature", ROW_INT, ROW_INT, CALL_EARLY | CALL_READ, supports_feature },
	{ 1, "open", ROW(wire_open), ROW_VOID, CALL_EARLY | CALL_READ, conn_open },
	{ 2, "close", ROW_VOID, ROW_VOID, CALL_EARLY | CALL_READ, conn_close },
	{ 110, "get_uri", ROW_VOID, ROW_TEXT, CALL_READ, get_uri },
	{ 149, "is_secure", ROW_VOID, ROW_INT, CALL_READ, is_secure },
	{ 0 }
};
