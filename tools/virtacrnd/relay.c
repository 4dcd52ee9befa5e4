/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/relay.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "wire.h"

#define RELAY_MS	30000u
#define REPLY_MAX	(16u << 20)
#define AUTH_LIST	66
#define OPEN		1

/* Procedures' numbers of each kind, in which libvirt left gaps for others. */
static const struct range {
	int16_t first, last;
	const char *kind;
} ranges[] = {
	{ 36, 36, "network" }, { 38, 50, "network" }, { 52, 52, "network" }, { 152, 153, "network" }, { 283, 283, "network" },
	{ 291, 291, "network" }, { 341, 341, "network" }, { 404, 410, "network" },
	{ 126, 134, "interface" }, { 137, 138, "interface" }, { 156, 156, "interface" }, { 220, 222, "interface" }, { 284, 284, "interface" },
	{ 111, 120, "nodedev" }, { 123, 124, "nodedev" }, { 285, 285, "nodedev" }, { 297, 297, "nodedev" }, { 301, 301, "nodedev" },
	{ 139, 147, "secret" }, { 287, 287, "secret" },
	{ 175, 181, "nwfilter" }, { 286, 286, "nwfilter" }, { 397, 401, "nwfilter" },
};

static const char *folder = RELAY_FOLDER;

void relay_set_folder(const char *path)
{
	folder = path;
}

const char *relay_kind(int32_t procedure)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (procedure >= ranges[i].first && procedure <= ranges[i].last)
			return ranges[i].kind;
	return NULL;
}

static int connect_to(const char *name, const char *tail)
{
	const struct timeval limit = { .tv_sec = RELAY_MS / 1000 };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	if ((size_t)snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s%s", folder, name, tail) >= sizeof(at.sun_path))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool send_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		size -= n;
	}
	return true;
}

static bool receive_all(int fd, uint8_t *bytes, size_t size)
{
	while (size) {
		ssize_t n = recv(fd, bytes, size, 0);

		if (n <= 0)
			return false;
		bytes += n;
		size -= n;
	}
	return true;
}

/* One message; free() it. NULL: none came, or none that could be one. */
static uint8_t *receive(int fd, size_t *size, struct frame_head *head)
{
	uint8_t start[FRAME_HEAD], *bytes;

	if (!receive_all(fd, start, sizeof(start)))
		return NULL;
	*size = (size_t)start[0] << 24 | (size_t)start[1] << 16 | (size_t)start[2] << 8 | start[3];
	if (*size < FRAME_HEAD || *size > REPLY_MAX)
		return NULL;
	frame_get(start, head);
	bytes = malloc(*size);
	if (!bytes)
		return NULL;
	memcpy(bytes, start, sizeof(start));
	if (receive_all(fd, bytes + FRAME_HEAD, *size - FRAME_HEAD))
		return bytes;
	free(bytes);
	return NULL;
}

/* A call with @size bytes of arguments, and its reply; free() it. */
static uint8_t *ask(int fd, int32_t procedure, const uint8_t *args, size_t size, size_t *reply_size)
{
	static const uint32_t serial = 7;
	struct frame_head head = { FRAME_REMOTE, 1, procedure, FRAME_CALL, serial, FRAME_OK };
	uint8_t start[FRAME_HEAD], *reply;

	frame_put(start, &head, FRAME_HEAD + size);
	if (!send_all(fd, start, sizeof(start)) || !send_all(fd, args, size))
		return NULL;
	/* Events of theirs may come before it. */
	while ((reply = receive(fd, reply_size, &head))) {
		if (head.program == FRAME_REMOTE && head.type == FRAME_REPLY && head.serial == serial)
			return reply;
		free(reply);
	}
	return NULL;
}

static bool is_ok(const uint8_t *reply)
{
	struct frame_head head;

	if (reply)
		frame_get(reply, &head);
	return reply && head.status == FRAME_OK;
}

/* Open KIND:///system. The list of authentications must be asked for first; we are let in by our user or not at all. */
static bool open_there(int fd, const char *kind, bool read_only)
{
	uint8_t args[128], *reply;
	char uri[64], *name = uri;
	wire_open in = { .name = &name, .flags = read_only };
	size_t size;
	bool ok;
	XDR x;

	snprintf(uri, sizeof(uri), "%s:///system", kind);
	xdrmem_create(&x, (char *)args, sizeof(args), XDR_ENCODE);
	ok = xdr_wire_open(&x, &in);
	size = xdr_getpos(&x);
	xdr_destroy(&x);
	reply = ok ? ask(fd, AUTH_LIST, NULL, 0, &(size_t){ 0 }) : NULL;
	ok = is_ok(reply);
	free(reply);
	reply = ok ? ask(fd, OPEN, args, size, &(size_t){ 0 }) : NULL;
	ok = is_ok(reply);
	free(reply);
	return ok;
}

/* A connection to the daemon that has things of @kind: its own, or the one for all. */
static int find(const char *kind, bool read_only)
{
	const char *tail = read_only ? "-ro" : "";
	char own[64];
	int fd;

	snprintf(own, sizeof(own), "virt%sd-sock", kind);
	for (int i = 0; i < 2; i++) {
		fd = connect_to(i ? "libvirt-sock" : own, tail);
		if (fd >= 0 && open_there(fd, kind, read_only))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

bool relay_serve(struct call *call, const uint8_t *bytes, size_t size)
{
	const char *kind = relay_kind(call->head.procedure);
	int fd = find(kind, call->client->read_only);
	struct frame_head head;
	uint8_t *reply;
	size_t reply_size;

	if (fd < 0)
		return false;
	reply = ask(fd, call->head.procedure, bytes, size, &reply_size);
	close(fd);
	if (!reply) {
		call_fail(call, VIR_ERR_RPC, "the daemon for %s in %s did not answer", kind, folder);
		return true;
	}
	frame_get(reply, &head);
	head.serial = call->head.serial;
	frame_put(reply, &head, reply_size);
	client_send(call->client, reply, reply_size);
	return true;
}
