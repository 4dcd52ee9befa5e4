/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/calls.h"

#include <libvirt/virterror.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtacrnd/calls_refused.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/relay.h"
#include "tools/virtacrnd/stream.h"
#include "wire.h"

/* The highest procedure that is known, though not served: newer ones are answered as unknown. */
#define LAST_KNOWN	453

const struct call_row *const calls_tables[] = {
	calls_connection, calls_host, calls_list, calls_domain, calls_define, calls_life, calls_stats, calls_console, calls_events,
	calls_create, calls_vcpu, calls_figures, calls_meta, calls_rename, calls_emulator, calls_storage, calls_volume, calls_move, calls_absent,
};
const size_t calls_nr_tables = sizeof(calls_tables) / sizeof(calls_tables[0]);

int call_fail(struct call *call, int code, const char *fmt, ...)
{
	va_list ap;

	call->code = code;
	va_start(ap, fmt);
	vsnprintf(call->message, sizeof(call->message), fmt, ap);
	va_end(ap);
	return -1;
}

int call_check_flags(struct call *call, unsigned int flags, unsigned int known)
{
	if (!(flags & ~known))
		return 0;
	return call_fail(call, VIR_ERR_ARGUMENT_UNSUPPORTED, "unsupported flags 0x%x; this call knows 0x%x", flags & ~known, known);
}

/* A whole message; NULL: no memory. */
static uint8_t *encode(const struct frame_head *head, int (*xdr)(), void *data, size_t *size)
{
	uint8_t *bytes;
	bool ok;
	XDR x;

	*size = FRAME_HEAD + xdr_sizeof((xdrproc_t)xdr, data);
	bytes = malloc(*size);
	if (!bytes)
		return NULL;
	frame_put(bytes, head, *size);
	xdrmem_create(&x, (char *)bytes + FRAME_HEAD, *size - FRAME_HEAD, XDR_ENCODE);
	ok = ((xdrproc_t)xdr)(&x, data);
	xdr_destroy(&x);
	if (ok)
		return bytes;
	free(bytes);
	return NULL;
}

/* @stream NULL: none begins behind it. */
static void send_with(struct client *client, const struct frame_head *head, int (*xdr)(), void *data, struct stream *stream)
{
	size_t size;
	uint8_t *bytes = encode(head, xdr, data, &size);

	if (bytes && stream) {
		stream_start(stream, bytes, size);
	} else if (bytes) {
		client_send(client, bytes, size);
	} else {
		/* Nothing that could be sent would keep the connection in step. */
		if (stream)
			stream_destroy(stream);
		client_finish(client);
	}
}

void calls_send(struct client *client, const struct frame_head *head, int (*xdr)(), void *data)
{
	send_with(client, head, xdr, data, NULL);
}

void calls_send_error(struct client *client, const struct frame_head *head, int code, const char *message)
{
	struct frame_head reply = *head;
	char *text = (char *)message;
	wire_error error = { .code = code, .domain = code == VIR_ERR_RPC ? VIR_FROM_RPC : VIR_FROM_DOMAIN, .message = &text,
			     .level = VIR_ERR_ERROR };

	reply.type = head->type == FRAME_STREAM ? FRAME_STREAM : FRAME_REPLY;
	reply.status = FRAME_ERROR;
	calls_send(client, &reply, (int (*)())xdr_wire_error, &error);
}

static const struct call_row *find(int32_t procedure)
{
	for (size_t i = 0; i < calls_nr_tables; i++)
		for (const struct call_row *row = calls_tables[i]; row->name; row++)
			if (row->procedure == procedure)
				return row;
	return NULL;
}

static void not_served(struct call *call)
{
	const char *why = calls_refused_why(call->head.procedure), *kind = relay_kind(call->head.procedure);

	if (kind)
		call_fail(call, VIR_ERR_NO_SUPPORT, "this function is not supported by the connection driver: it is libvirtd's (%s), and none answers", kind);
	else if (why)
		call_fail(call, VIR_ERR_NO_SUPPORT, "this function is not supported by the connection driver: %s", why);
	else
		call_fail(call, VIR_ERR_NO_SUPPORT, "this function is not supported by the connection driver: procedure %d of virtacrnd",
			  call->head.procedure);
}

/* The row to serve the call by; NULL with the call's error. */
static const struct call_row *admit(struct call *call)
{
	const struct call_row *row = NULL;

	if (*call->client->refused)
		call_fail(call, VIR_ERR_AUTH_FAILED, "%s", call->client->refused);
	else if (call->head.program != FRAME_REMOTE || call->head.version != 1)
		call_fail(call, VIR_ERR_RPC, "unknown program 0x%x version %u; 0x%x version 1 is served", call->head.program,
			  call->head.version, FRAME_REMOTE);
	else if (call->head.status != FRAME_OK)
		call_fail(call, VIR_ERR_RPC, "status %d of a call; it must be 0", call->head.status);
	else if (call->head.procedure < 1 || call->head.procedure > LAST_KNOWN)
		call_fail(call, VIR_ERR_RPC, "unknown procedure: %d", call->head.procedure);
	else if (!(row = find(call->head.procedure)))
		not_served(call);
	else if (!(row->flags & CALL_EARLY) && !call->client->opened)
		call_fail(call, VIR_ERR_OPERATION_INVALID, "%s: the connection must be opened first", row->name);
	else if (!(row->flags & CALL_READ) && call->client->read_only)
		call_fail(call, VIR_ERR_OPERATION_DENIED, "operation %s forbidden for read only access", row->name);
	return call->code ? NULL : row;
}

const char *calls_decode(const struct call_row *row, const uint8_t *bytes, size_t size, void *args)
{
	XDR x;
	bool ok;
	size_t used;

	xdrmem_create(&x, (char *)bytes, size, XDR_DECODE);
	ok = ((xdrproc_t)row->args)(&x, args);
	used = xdr_getpos(&x);
	xdr_destroy(&x);
	if (!ok)
		return "are cut short, or one is out of its limits";
	if (used != size)
		return "are followed by bytes that belong to none";
	/* What would be read as another text than was sent. */
	if (xdr_sizeof((xdrproc_t)row->args, args) != size)
		return "have a text with a zero byte in it";
	return NULL;
}

static int decode(struct call *call, const struct call_row *row, const uint8_t *bytes, size_t size, void *args)
{
	const char *wrong = calls_decode(row, bytes, size, args);

	return wrong ? call_fail(call, VIR_ERR_RPC, "%s: its arguments (%zu bytes) %s", row->name, size, wrong) : 0;
}

static void serve(struct call *call, const struct call_row *row, const uint8_t *bytes, size_t size)
{
	void *args = calloc(1, row->args_size + 1), *ret = calloc(1, row->ret_size + 1);
	struct frame_head reply = call->head;

	call->row = row;
	reply.type = FRAME_REPLY;
	if (!args || !ret)
		call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
	else if (decode(call, row, bytes, size, args) == 0 && row->run(call, args, ret) == 0)
		send_with(call->client, &reply, row->ret, ret, call->stream);
	if (args)
		xdr_free((xdrproc_t)row->args, args);
	if (ret)
		xdr_free((xdrproc_t)row->ret, ret);
	free(args);
	free(ret);
}

/* Whether libvirt's own daemon is to be asked. One who may not be here, or has not opened the connection, hears that from us. */
static bool is_relayed(const struct call *call)
{
	const struct frame_head *head = &call->head;

	return !*call->client->refused && call->client->opened && head->program == FRAME_REMOTE && head->version == 1 && head->status == FRAME_OK &&
	       relay_kind(head->procedure);
}

void calls_serve(struct client *client, const uint8_t *bytes, size_t size)
{
	struct call call = { .client = client };
	const struct call_row *row;

	frame_get(bytes, &call.head);
	if (is_relayed(&call) && relay_serve(&call, bytes + FRAME_HEAD, size - FRAME_HEAD))
		row = NULL;
	else
		row = admit(&call);
	if (row)
		serve(&call, row, bytes + FRAME_HEAD, size - FRAME_HEAD);
	if (call.code)
		calls_send_error(client, &call.head, call.code, call.message);
	if (*client->refused)
		client_finish(client);
}
