/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target for virtacrnd's calls (libFuzzer's entry point): the input is calls, each a procedure (2 bytes), a length (2 bytes) and
 * that many bytes of arguments. Arguments that are taken for any procedure say the same when they are encoded again; a call that
 * only looks has exactly one reply, with its serial, which a client can read.
 */
/* fuzz: build/wire/wire.c tools/virtacrnd/calls.c tools/virtacrnd/calls_connection.c tools/virtacrnd/calls_host.c tools/virtacrnd/calls_list.c tools/virtacrnd/calls_domain.c tools/virtacrnd/calls_define.c tools/virtacrnd/calls_life.c tools/virtacrnd/calls_stats.c tools/virtacrnd/calls_console.c tools/virtacrnd/calls_events.c tools/virtacrnd/calls_create.c tools/virtacrnd/calls_vcpu.c tools/virtacrnd/calls_figures.c tools/virtacrnd/calls_meta.c tools/virtacrnd/calls_rename.c tools/virtacrnd/calls_emulator.c tools/virtacrnd/affinity.c tools/virtacrnd/calls_refused.c tools/virtacrnd/calls_absent.c tools/virtacrnd/relay.c tools/virtacrnd/calls_storage.c tools/virtacrnd/calls_volume.c tools/virtacrnd/calls_move.c tools/virtacrnd/storage.c tools/virtacrnd/storage_xml.c tools/virtacrnd/domxml_look.c tools/virtacrnd/domxml_change.c tools/virtacrnd/domxml_meta.c tools/virtacrnd/domxml_notes.c tools/virtacrnd/start.c tools/virtacrnd/events.c tools/virtacrnd/watch_other.c tools/virtacrnd/server.c tools/virtacrnd/pool.c tools/common/peer.c tools/virtacrnd/stream.c tools/virtacrnd/transfer.c tools/common/serial.c tools/virtacrnd/client.c tools/virtacrnd/domain.c tools/virtacrnd/domain_list.c tools/virtacrnd/domxml.c tools/virtacrnd/domxml_device.c tools/virtacrnd/domxml_serial.c tools/virtacrnd/frame.c tools/virtacrnd/host.c tools/virtacrnd/other.c tools/common/hypervisor.c tools/virtacrnd/limits.c tools/virtacrnd/reap.c tools/virtacrnd/store.c tools/virtacrnd/store_rename.c tools/virtacrnd/store_notes.c tools/virtacrnd/uuid.c tools/common/args.c tools/common/journal.c tools/common/launch.c tools/common/monitor.c tools/common/place.c tools/common/settings.c tools/common/vms.c */
/* fuzz-flags: -D_GNU_SOURCE -Ihypervisor -Ibuild/wire -I/usr/include/tirpc -I/usr/include/libxml2 -Wno-unused-variable */
/* fuzz-libs: -ltirpc -lxml2 -ljansson -lsystemd -lpthread */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/relay.h"
#include "wire.h"

#define GET_VERSION	4	/* runs acrn-dm: too slow for here */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t encode(const struct call_row *row, void *args, char *bytes, size_t size)
{
	size_t used;
	XDR x;

	xdrmem_create(&x, bytes, size, XDR_ENCODE);
	if (!((xdrproc_t)row->args)(&x, args))
		abort();
	used = xdr_getpos(&x);
	xdr_destroy(&x);
	return used;
}

static void check_decoder(const struct call_row *row, const uint8_t *data, size_t size)
{
	void *args = calloc(1, row->args_size + 1), *again = calloc(1, row->args_size + 1);
	char *first = malloc(size + 1), *second = malloc(size + 1);

	if (!calls_decode(row, data, size, args)) {
		if (encode(row, args, first, size) != size || calls_decode(row, (uint8_t *)first, size, again) ||
		    encode(row, again, second, size) != size || memcmp(first, second, size) != 0)
			abort();
	}
	xdr_free((xdrproc_t)row->args, args);
	xdr_free((xdrproc_t)row->args, again);
	free(args);
	free(again);
	free(first);
	free(second);
}

/* One reply and no more lies in the socket. */
static void check_reply(struct client *client, int fd, const struct frame_head *asked)
{
	static uint8_t bytes[1 << 20];
	struct frame_head head;
	wire_error error = { 0 };
	size_t size;
	ssize_t n;
	XDR x;

	if (client_flush(client))
		abort();
	n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < (ssize_t)FRAME_HEAD || frame_size(bytes, n, &size) || size != (size_t)n)
		abort();
	frame_get(bytes, &head);
	if (head.serial != asked->serial || head.procedure != asked->procedure || head.type != FRAME_REPLY)
		abort();
	if (head.status == FRAME_OK)
		return;
	xdrmem_create(&x, (char *)bytes + FRAME_HEAD, n - FRAME_HEAD, XDR_DECODE);
	if (head.status != FRAME_ERROR || !xdr_wire_error(&x, &error) || xdr_getpos(&x) != n - FRAME_HEAD || !error.code ||
	    !error.message || !**error.message)
		abort();
	xdr_destroy(&x);
	xdr_free((xdrproc_t)xdr_wire_error, &error);
}

static void check_call(struct client *client, int fd, uint16_t procedure, const uint8_t *data, size_t size)
{
	struct frame_head head = { FRAME_REMOTE, 1, procedure, FRAME_CALL, 0x80000000u + procedure, FRAME_OK };
	/* Alone in its memory, so that the sanitizer sees the first byte read behind it. */
	uint8_t *bytes = malloc(FRAME_HEAD + size);

	frame_put(bytes, &head, FRAME_HEAD + size);
	memcpy(bytes + FRAME_HEAD, data, size);
	calls_serve(client, bytes, FRAME_HEAD + size);
	check_reply(client, fd, &head);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client *client;
	int fd[2];

	setenv("ACRN_RUN_DIR", "/nonexistent", 1);
	setenv("ACRN_CONF_DIR", "/nonexistent", 1);
	relay_set_folder("/nonexistent");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		abort();
	client = client_create(fd[0], true);
	client->opened = size % 2;
	while (size >= 4) {
		uint16_t procedure = data[0] << 8 | data[1];
		size_t len = data[2] << 8 | data[3];

		data += 4;
		size -= 4;
		len = len < size ? len : size;
		for (size_t i = 0; i < calls_nr_tables; i++)
			for (const struct call_row *row = calls_tables[i]; row->name; row++)
				if (row->procedure == procedure)
					check_decoder(row, data, len);
		if (procedure != GET_VERSION)
			check_call(client, fd[1], procedure, data, len);
		data += len;
		size -= len;
	}
	client_put(client);
	close(fd[1]);
	return 0;
}
