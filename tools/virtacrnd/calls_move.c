/* SPDX-License-Identifier: BSD-3-Clause */
/* What is in volumes, as streams: virsh vol-upload and vol-download. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/calls_storage.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/row.h"
#include "tools/virtacrnd/storage.h"
#include "tools/virtacrnd/stream.h"
#include "tools/virtacrnd/transfer.h"
#include "wire.h"

/*
 * How much may be moved, of a volume of @capacity bytes: a limit of 0 is none. One may ask for more than there is, but not say that more
 * will be written. -1 with the call's error.
 */
static int measure(struct call *call, const wire_vol_move *in, uint64_t capacity, struct transfer_ask *ask)
{
	uint64_t left = capacity - in->offset;

	if (in->offset > capacity)
		return call_fail(call, VIR_ERR_INVALID_ARG, "volume '%.200s': offset %llu: it has %llu bytes", in->vol.name,
				 (unsigned long long)in->offset, (unsigned long long)capacity);
	if (ask->up && in->length > left)
		return call_fail(call, VIR_ERR_INVALID_ARG, "volume '%.200s': length %llu: %llu bytes fit behind byte %llu", in->vol.name,
				 (unsigned long long)in->length, (unsigned long long)left, (unsigned long long)in->offset);
	ask->at = in->offset;
	ask->size = in->length && in->length < left ? in->length : left;
	return 0;
}

/* The volume's open file is the stream's, or closed. */
static int begin_move(struct call *call, const char *name, int file, const struct transfer_ask *ask)
{
	struct transfer *transfer;
	int end;

	transfer = transfer_create(file, ask, &end);
	if (transfer)
		call->stream = stream_create(call->client, &call->head, "", end, transfer);
	if (call->stream)
		return 0;
	if (errno == EUSERS)
		return call_fail(call, VIR_ERR_OPERATION_FAILED, "volume '%.200s': %u are being read or written; wait for one to end", name, TRANSFERS_MAX);
	return calls_volume_not_done(call, name, -errno);
}

static int move(struct call *call, const wire_vol_move *in, bool up)
{
	struct transfer_ask ask = { .up = up, .client = call->client->number, .uid = call->client->uid };
	struct storage_pool pool;
	struct storage_vol vol;
	uint64_t capacity;
	char *path;
	int file, result;

	/* The same bit for both ways. */
	if (in->flags & VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
		return call_fail(call, VIR_ERR_ARGUMENT_UNSUPPORTED, "volumes go as a whole, holes as zeros: without --sparse");
	if (call_check_flags(call, in->flags, 0) || calls_volume_get(call, &in->vol, &pool, &vol))
		return -1;
	file = storage_vol_open(&pool, vol.name, up, &capacity);
	if (file < 0)
		return calls_volume_not_done(call, vol.name, file);
	ask.path = path = calls_volume_path(&pool, vol.name);
	if (!path || measure(call, in, capacity, &ask)) {
		close(file);
		result = path ? -1 : call_fail(call, VIR_ERR_NO_MEMORY, "out of memory");
	} else {
		result = begin_move(call, vol.name, file, &ask);
	}
	free(path);
	return result;
}

static int upload(struct call *call, void *args, void *ret)
{
	(void)ret;
	return move(call, args, true);
}

static int download(struct call *call, void *args, void *ret)
{
	(void)ret;
	return move(call, args, false);
}

/* Neither for who may only look: what is in a disk is not everybody's. */
const struct call_row calls_move[] = {
	{ 208, "storage_vol_upload", ROW(wire_vol_move), ROW_VOID, 0, upload },
	{ 209, "storage_vol_download", ROW(wire_vol_move), ROW_VOID, 0, download },
	{ 0 }
};
