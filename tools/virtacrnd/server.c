/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/server.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/common/journal.h"
#include "tools/common/peer.h"
#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/client.h"
#include "tools/virtacrnd/events.h"
#include "tools/virtacrnd/pool.h"
#include "tools/virtacrnd/stream.h"
#include "tools/virtacrnd/watch_other.h"

static struct client *clients;
static unsigned int nr_clients[2];	/* on the usual and on the read-only socket */
static gid_t allowed = PEER_NO_GROUP;
static int wake_fd = -1;

void server_allow(gid_t group)
{
	allowed = group;
}

static void drop(struct client *client)
{
	struct client **at = &clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	nr_clients[client->ro_socket]--;
	stream_end_all(client);
	client_release(client);
	client->io = sd_event_source_disable_unref(client->io);
	/* A call under way still holds it; nobody hears the answer. */
	shutdown(client->fd, SHUT_RDWR);
	client_put(client);
}

/* What cannot be a message ends the connection: where the next begins is not known. */
static int malformed(struct client *client, const struct frame_head *head, const char *why)
{
	journal(LOG_WARNING, NULL, "client %u (user %u): %s; connection closed", client->number, (unsigned int)client->uid, why);
	calls_send_error(client, head, VIR_ERR_RPC, why);
	client->in_len = 0;
	client_finish(client);
	return -EPROTO;
}

static int keepalive(struct client *client, const struct frame_head *head, size_t size)
{
	struct frame_head pong = { FRAME_KEEPALIVE, 1, FRAME_PONG, FRAME_MESSAGE, 0, FRAME_OK };
	uint8_t *bytes;

	if (head->type != FRAME_MESSAGE || size != FRAME_HEAD || (head->procedure != FRAME_PING && head->procedure != FRAME_PONG))
		return malformed(client, head, "a keepalive message that is neither a ping nor a pong");
	bytes = head->procedure == FRAME_PING ? malloc(FRAME_HEAD) : NULL;
	if (bytes) {
		frame_put(bytes, &pong, FRAME_HEAD);
		client_send(client, bytes, FRAME_HEAD);
	}
	return 0;
}

/* A whole message. */
static int take(struct client *client, size_t size)
{
	char why[120];
	struct frame_head head;
	uint8_t *bytes;

	frame_get(client->in, &head);
	if (head.program == FRAME_KEEPALIVE)
		return keepalive(client, &head, size);
	if (head.type == FRAME_STREAM) {
		stream_take(client, &head, client->in + FRAME_HEAD, size - FRAME_HEAD);
		return 0;
	}
	if (head.type != FRAME_CALL) {
		snprintf(why, sizeof(why), "a message of type %d; clients send calls (0) and streams (3)", head.type);
		return malformed(client, &head, why);
	}
	bytes = malloc(size);
	if (!bytes)
		return malformed(client, &head, "out of memory");
	memcpy(bytes, client->in, size);
	return pool_submit(client, bytes, size);
}

static bool may_send(const struct client *client)
{
	return client->nr_calls < CLIENT_CALLS_MAX && !stream_is_full(client);
}

/* All whole messages that are there, as far as the client may have calls under way. 0, or negative: no more is read. */
static int take_all(struct client *client)
{
	struct frame_head none = { FRAME_REMOTE, 1, 0, FRAME_REPLY, 0, FRAME_ERROR };
	char why[120];
	size_t size;

	while (may_send(client)) {
		if (frame_size(client->in, client->in_len, &size)) {
			snprintf(why, sizeof(why), "a message of %zu bytes; %u to %u are allowed", size, FRAME_HEAD, FRAME_MAX);
			return malformed(client, &none, why);
		}
		if (!size || client->in_len < size)
			return 0;
		if (take(client, size))
			return -EPROTO;
		client->in_len -= size;
		memmove(client->in, client->in + size, client->in_len);
	}
	return 0;
}

/* Room for the rest of the message that has begun, and no more. */
static int make_room(struct client *client)
{
	size_t size, wanted;
	uint8_t *bigger;

	frame_size(client->in, client->in_len, &size);
	wanted = size > 4096 ? size : 4096;
	if (client->in_size == wanted)
		return 0;
	/* Other messages may wait behind it. */
	if (wanted < client->in_len)
		return 0;
	bigger = realloc(client->in, wanted);
	if (!bigger)
		return -ENOMEM;
	client->in = bigger;
	client->in_size = wanted;
	return 0;
}

static int receive(struct client *client)
{
	ssize_t n;

	if (make_room(client))
		return -ENOMEM;
	if (client->in_len == client->in_size)
		return 0;
	n = recv(client->fd, client->in + client->in_len, client->in_size - client->in_len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -ECONNRESET;
	client->in_len += n;
	return 0;
}

/* Sends, takes what has been read, and says what is to be waited for. */
static void go_on(struct client *client)
{
	int waits;

	if (!client->finishing)
		take_all(client);
	waits = client_flush(client);
	if (waits < 0) {
		drop(client);
		return;
	}
	stream_go_on(client, sd_event_source_get_event(client->io));
	sd_event_source_set_io_events(client->io, (waits ? EPOLLOUT : 0) |
				      (may_send(client) && !client->finishing ? EPOLLIN : 0));
}

static int on_client(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct client *client = arg;

	(void)source, (void)fd;
	if (revents & EPOLLIN ? receive(client) : !(revents & EPOLLOUT))
		drop(client);
	else
		go_on(client);
	return 0;
}

static int on_wake(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct client *next;
	uint64_t count;

	(void)source, (void)revents, (void)arg;
	if (read(fd, &count, sizeof(count)) < 0)
		return 0;
	/* First: a client hears that it is told of events when it is. */
	watch_other_look();
	events_tell_waiting();
	for (struct client *client = clients; client; client = next) {
		next = client->next;
		go_on(client);
	}
	return 0;
}

static void wake(void)
{
	static const uint64_t one = 1;

	/* Full means that it will be read. */
	if (write(wake_fd, &one, sizeof(one)) < 0)
		return;
}

static void ask_who(struct client *client, bool read_only)
{
	struct peer peer;
	bool too_many = nr_clients[read_only] >= SERVER_CLIENTS_MAX;

	if (!peer_get(client->fd, &peer))
		snprintf(client->refused, sizeof(client->refused), "who you are cannot be found out");
	else if (!read_only && !peer_is_allowed(&peer, client->fd, allowed))
		snprintf(client->refused, sizeof(client->refused),
			 "user %u may not manage VMs: only root%s may; virsh -r only looks", (unsigned int)peer.uid,
			 allowed == PEER_NO_GROUP ? "" : " and members of the daemon's group");
	else if (too_many)
		snprintf(client->refused, sizeof(client->refused), "too many connections: %u are served at once", SERVER_CLIENTS_MAX);
	client->uid = peer.uid;
	if (*client->refused)
		journal(LOG_WARNING, NULL, "client %u: %s", client->number, client->refused);
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	bool read_only = arg;
	struct client *client;
	int new = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)revents;
	if (new < 0)
		return 0;
	/* One who is refused may hear why, but not for ever, and not everybody. */
	client = nr_clients[read_only] < 2 * SERVER_CLIENTS_MAX ? client_create(new, read_only) : NULL;
	if (!client) {
		close(new);
		return 0;
	}
	ask_who(client, read_only);
	client->next = clients;
	clients = client;
	nr_clients[read_only]++;
	if (sd_event_add_io(sd_event_source_get_event(source), &client->io, new, EPOLLIN, on_client, client) < 0)
		drop(client);
	return 0;
}

int server_add(sd_event *event, int fd, bool read_only)
{
	int err = 0;

	if (wake_fd < 0) {
		wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (wake_fd < 0)
			return -errno;
		client_set_wake(wake);
		err = sd_event_add_io(event, NULL, wake_fd, EPOLLIN, on_wake, NULL);
	}
	if (err >= 0)
		err = sd_event_add_io(event, NULL, fd, EPOLLIN, on_connect, read_only ? &clients : NULL);
	return err < 0 ? err : 0;
}

void server_each(void (*run)(struct client *client, void *arg), void *arg)
{
	for (struct client *client = clients; client; client = client->next)
		run(client, arg);
}

void server_end(void)
{
	while (clients)
		drop(clients);
	client_set_wake(NULL);
}
