/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "tools/common/place.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/transfer.h"

#define READ_SIZE	65536

struct stream {
	struct stream *next;		/* of the client */
	struct stream *next_open;	/* [lock] of all */
	struct client *client;
	struct frame_head head;
	char name[PLACE_NAME_MAX + 1];	/* of the VM whose console it is */
	struct transfer *transfer;	/* NULL: a console */
	int fd;
	sd_event_source *io;
	bool ended;			/* the other end's end was told */
	size_t in_len, in_max;
	uint8_t in[];			/* waits for the guest or the volume */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stream *open_streams;	/* [lock] */

static bool enter(struct stream *stream)
{
	bool free_to_use = true;

	pthread_mutex_lock(&lock);
	for (struct stream *other = open_streams; other; other = other->next_open)
		free_to_use = free_to_use && (!*stream->name || strcmp(other->name, stream->name) != 0);
	if (free_to_use) {
		stream->next_open = open_streams;
		open_streams = stream;
	}
	pthread_mutex_unlock(&lock);
	return free_to_use;
}

static void leave(const struct stream *stream)
{
	struct stream **at = &open_streams;

	pthread_mutex_lock(&lock);
	while (*at != stream)
		at = &(*at)->next_open;
	*at = stream->next_open;
	pthread_mutex_unlock(&lock);
}

/* What is read is not written: nothing is to come for it. */
static size_t in_max(const struct transfer *transfer)
{
	return !transfer ? STREAM_IN_MAX : transfer_is_up(transfer) ? FRAME_STREAM_MAX : 0;
}

struct stream *stream_create(struct client *client, const struct frame_head *head, const char *name, int fd, struct transfer *transfer)
{
	struct stream *stream = calloc(1, sizeof(*stream) + in_max(transfer));

	if (stream) {
		stream->client = client;
		stream->head = *head;
		stream->head.type = FRAME_STREAM;
		stream->fd = fd;
		stream->transfer = transfer;
		stream->in_max = in_max(transfer);
		strncpy(stream->name, name, PLACE_NAME_MAX);
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		if (enter(stream))
			return stream;
		errno = EBUSY;
	}
	free(stream);
	if (transfer) {
		transfer_stop(transfer);
		transfer_put(transfer);
	}
	close(fd);
	return NULL;
}

void stream_destroy(struct stream *stream)
{
	leave(stream);
	sd_event_source_disable_unref(stream->io);
	/* Who went away without a word has not sent all. */
	if (stream->transfer) {
		transfer_stop(stream->transfer);
		transfer_put(stream->transfer);
	}
	close(stream->fd);
	free(stream);
}

void stream_start(struct stream *stream, uint8_t *reply, size_t size)
{
	struct client *client = stream->client;
	bool gone;

	pthread_mutex_lock(&client->lock);
	gone = client->gone;
	if (!gone) {
		stream->next = client->new_streams;
		client->new_streams = stream;
	}
	client_queue(client, reply, size);
	pthread_mutex_unlock(&client->lock);
	if (gone)
		stream_destroy(stream);
	client_wake();
}

/* A message with status @status and @n bytes. */
static void tell(struct stream *stream, int status, const uint8_t *bytes, size_t n)
{
	struct frame_head head = stream->head;
	uint8_t *message = malloc(FRAME_HEAD + n);

	if (!message) {
		client_finish(stream->client);
		return;
	}
	head.status = status;
	frame_put(message, &head, FRAME_HEAD + n);
	if (n)
		memcpy(message + FRAME_HEAD, bytes, n);
	client_send(stream->client, message, FRAME_HEAD + n);
}

static void watch(struct stream *stream)
{
	bool reading = !stream->ended && client_waiting(stream->client) < STREAM_OUT_MAX;

	sd_event_source_set_io_events(stream->io, (reading ? EPOLLIN : 0) | (stream->in_len ? EPOLLOUT : 0));
}

/* Bytes that wait for the other end. False: it is gone. */
static bool push(struct stream *stream)
{
	ssize_t n = stream->in_len ? send(stream->fd, stream->in, stream->in_len, MSG_NOSIGNAL) : 0;

	if (n < 0 && errno == ENOTSOCK)
		n = write(stream->fd, stream->in, stream->in_len);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	stream->in_len -= n;
	memmove(stream->in, stream->in + n, stream->in_len);
	return true;
}

static void forget(struct stream *stream)
{
	struct stream **at = &stream->client->streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	stream_destroy(stream);
}

/* The other end is gone; the stream is, too, if the client has nothing more to say to it. */
static void port_ended(struct stream *stream)
{
	const char *why = stream->transfer ? transfer_why(stream->transfer) : NULL;

	if (why) {
		calls_send_error(stream->client, &stream->head, VIR_ERR_OPERATION_FAILED, why);
		forget(stream);
		return;
	}
	if (stream->transfer && transfer_is_up(stream->transfer)) {
		tell(stream, FRAME_OK, NULL, 0);
		forget(stream);
		return;
	}
	if (!stream->ended)
		tell(stream, FRAME_CONTINUE, NULL, 0);
	stream->ended = true;
	stream->in_len = 0;
	sd_event_source_set_enabled(stream->io, SD_EVENT_OFF);
}

static int on_port(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct stream *stream = arg;
	uint8_t bytes[READ_SIZE];
	ssize_t n;

	(void)source;
	if (revents & EPOLLOUT && !push(stream)) {
		port_ended(stream);
		return 0;
	}
	/* The client's messages waited for that. */
	if (revents & EPOLLOUT && !stream->in_len && stream->transfer)
		client_wake();
	/* Hung up: what is left is read first, as far as the client keeps up. */
	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR) && client_waiting(stream->client) < STREAM_OUT_MAX) {
		n = read(fd, bytes, sizeof(bytes));
		if (n > 0) {
			tell(stream, FRAME_CONTINUE, bytes, n);
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			port_ended(stream);
			return 0;
		}
	} else if (revents & EPOLLHUP) {
		/* Would be told again and again; stream_go_on() looks. */
		sd_event_source_set_enabled(stream->io, SD_EVENT_OFF);
		return 0;
	}
	watch(stream);
	return 0;
}

void stream_go_on(struct client *client, struct sd_event *event)
{
	struct stream *new;

	pthread_mutex_lock(&client->lock);
	new = client->new_streams;
	client->new_streams = NULL;
	pthread_mutex_unlock(&client->lock);
	while (new) {
		struct stream *stream = new;

		new = stream->next;
		stream->next = client->streams;
		client->streams = stream;
		if (sd_event_add_io(event, &stream->io, stream->fd, EPOLLIN, on_port, stream) >= 0)
			continue;
		/* Nothing moves: to a volume that must not look like the end of all. */
		calls_send_error(client, &stream->head, VIR_ERR_OPERATION_FAILED, "its other end cannot be watched");
		forget(stream);
	}
	for (struct stream *stream = client->streams; stream; stream = stream->next) {
		if (stream->ended)
			continue;
		if (client_waiting(client) < STREAM_OUT_MAX)
			sd_event_source_set_enabled(stream->io, SD_EVENT_ON);
		watch(stream);
	}
}

static void refuse(struct stream *stream, size_t size)
{
	char why[120];

	if (!stream->transfer)
		snprintf(why, sizeof(why), "the guest does not take what is typed: more than %u bytes wait", STREAM_IN_MAX);
	else if (transfer_is_up(stream->transfer))
		snprintf(why, sizeof(why), "%zu bytes of a volume in a message; %u are allowed", size, FRAME_STREAM_MAX);
	else
		snprintf(why, sizeof(why), "bytes for a volume that is being read");
	calls_send_error(stream->client, &stream->head, VIR_ERR_OPERATION_FAILED, why);
	forget(stream);
}

static void take_bytes(struct stream *stream, const uint8_t *bytes, size_t size)
{
	if (stream->ended)
		return;
	if (size > stream->in_max - stream->in_len) {
		refuse(stream, size);
		return;
	}
	memcpy(stream->in + stream->in_len, bytes, size);
	stream->in_len += size;
	if (push(stream))
		watch(stream);
	else
		port_ended(stream);
}

void stream_take(struct client *client, const struct frame_head *head, const uint8_t *bytes, size_t size)
{
	struct stream *stream = client->streams;

	while (stream && (stream->head.serial != head->serial || stream->head.procedure != head->procedure))
		stream = stream->next;
	if (!stream)
		return;
	if (head->status == FRAME_CONTINUE) {
		take_bytes(stream, bytes, size);
		return;
	}
	if (stream->transfer && transfer_is_up(stream->transfer)) {
		/* Confirmed when its thread has said how it ended: port_ended(). */
		if (head->status != FRAME_OK)
			transfer_stop(stream->transfer);
		shutdown(stream->fd, SHUT_WR);
		return;
	}
	/* Finished or aborted, both are confirmed in the same way. */
	tell(stream, FRAME_OK, NULL, 0);
	forget(stream);
}

bool stream_is_full(const struct client *client)
{
	for (const struct stream *stream = client->streams; stream; stream = stream->next)
		if (stream->transfer && stream->in_len)
			return true;
	return false;
}

void stream_end_all(struct client *client)
{
	struct stream *stream;

	pthread_mutex_lock(&client->lock);
	client->gone = true;
	for (stream = client->new_streams; stream && stream->next; stream = stream->next)
		;
	if (stream) {
		stream->next = client->streams;
		client->streams = client->new_streams;
		client->new_streams = NULL;
	}
	pthread_mutex_unlock(&client->lock);
	while ((stream = client->streams)) {
		client->streams = stream->next;
		stream_destroy(stream);
	}
}
