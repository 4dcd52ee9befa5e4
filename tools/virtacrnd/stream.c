/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "tools/common/place.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"

#define READ_SIZE	16384

struct stream {
	struct stream *next;		/* of the client */
	struct stream *next_open;	/* [lock] of all */
	struct client *client;
	struct frame_head head;
	char name[PLACE_NAME_MAX + 1];
	int fd;
	sd_event_source *io;
	bool ended;			/* the port's end was told */
	uint8_t in[STREAM_IN_MAX];	/* waits for the guest */
	size_t in_len;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stream *open_streams;	/* [lock] */

static bool enter(struct stream *stream)
{
	bool free_to_use = true;

	pthread_mutex_lock(&lock);
	for (struct stream *other = open_streams; other; other = other->next_open)
		free_to_use = free_to_use && strcmp(other->name, stream->name) != 0;
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

struct stream *stream_create(struct client *client, const struct frame_head *head, const char *name, int fd)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream) {
		stream->client = client;
		stream->head = *head;
		stream->head.type = FRAME_STREAM;
		stream->fd = fd;
		strncpy(stream->name, name, PLACE_NAME_MAX);
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		if (enter(stream))
			return stream;
		errno = EBUSY;
	}
	free(stream);
	close(fd);
	return NULL;
}

void stream_destroy(struct stream *stream)
{
	leave(stream);
	sd_event_source_disable_unref(stream->io);
	close(stream->fd);
	free(stream);
}

void stream_start(struct stream *stream)
{
	struct client *client = stream->client;
	bool gone;

	pthread_mutex_lock(&client->lock);
	gone = client->gone;
	if (!gone) {
		stream->next = client->new_streams;
		client->new_streams = stream;
	}
	pthread_mutex_unlock(&client->lock);
	if (gone)
		stream_destroy(stream);
	else
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

/* Bytes that wait for the guest. False: the port is gone. */
static bool push(struct stream *stream)
{
	ssize_t n = stream->in_len ? write(stream->fd, stream->in, stream->in_len) : 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	stream->in_len -= n;
	memmove(stream->in, stream->in + n, stream->in_len);
	return true;
}

static void port_ended(struct stream *stream)
{
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
		if (sd_event_add_io(event, &stream->io, stream->fd, EPOLLIN, on_port, stream) < 0)
			tell(stream, FRAME_CONTINUE, NULL, 0);
	}
	for (struct stream *stream = client->streams; stream; stream = stream->next) {
		if (!stream->io || stream->ended)
			continue;
		if (client_waiting(client) < STREAM_OUT_MAX)
			sd_event_source_set_enabled(stream->io, SD_EVENT_ON);
		watch(stream);
	}
}

static void take_bytes(struct stream **at, const uint8_t *bytes, size_t size)
{
	struct stream *stream = *at;

	if (stream->ended || !stream->io)
		return;
	if (size > STREAM_IN_MAX - stream->in_len) {
		calls_send_error(stream->client, &stream->head, VIR_ERR_OPERATION_FAILED,
				 "the guest does not take what is typed: more than 65536 bytes wait");
		*at = stream->next;
		stream_destroy(stream);
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
	struct stream **at = &client->streams;
	struct stream *stream;

	while (*at && ((*at)->head.serial != head->serial || (*at)->head.procedure != head->procedure))
		at = &(*at)->next;
	stream = *at;
	if (!stream)
		return;
	if (head->status == FRAME_CONTINUE) {
		take_bytes(at, bytes, size);
		return;
	}
	/* Finished or aborted, both are confirmed in the same way. */
	tell(stream, FRAME_OK, NULL, 0);
	*at = stream->next;
	stream_destroy(stream);
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
