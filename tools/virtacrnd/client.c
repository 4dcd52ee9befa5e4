/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/virtacrnd/events.h"

struct client_message {
	struct client_message *next;
	uint8_t *bytes;
	size_t size;
};

struct client_kept {
	struct client_kept *next;
	int fd;
};

static void (*wake_io)(void);

void client_set_wake(void (*wake)(void))
{
	wake_io = wake;
}

void client_wake(void)
{
	if (wake_io)
		wake_io();
}

struct client *client_create(int fd, bool ro_socket)
{
	static unsigned int number;
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->fd = fd;
	client->ro_socket = ro_socket;
	client->number = ++number;
	atomic_init(&client->read_only, ro_socket);
	atomic_init(&client->refs, 1);
	pthread_mutex_init(&client->lock, NULL);
	return client;
}

void client_get(struct client *client)
{
	atomic_fetch_add(&client->refs, 1);
}

static void drop_first(struct client *client)
{
	struct client_message *message = client->first;

	client->first = message->next;
	if (!client->first)
		client->last = NULL;
	client->out_bytes -= message->size;
	client->out_done = 0;
	free(message->bytes);
	free(message);
}

void client_put(struct client *client)
{
	if (atomic_fetch_sub(&client->refs, 1) != 1)
		return;
	while (client->first)
		drop_first(client);
	events_drop(client);
	close(client->fd);
	free(client->in);
	pthread_mutex_destroy(&client->lock);
	free(client);
}

void client_queue(struct client *client, uint8_t *bytes, size_t size)
{
	struct client_message *message = malloc(sizeof(*message));

	/* A reply that is lost would leave its caller waiting: then there is no connection any more. */
	if (!message || client->overrun || client->out_bytes + size > CLIENT_OUT_MAX) {
		client->overrun = true;
		free(message);
		free(bytes);
		return;
	}
	*message = (struct client_message){ NULL, bytes, size };
	if (client->last)
		client->last->next = message;
	else
		client->first = message;
	client->last = message;
	client->out_bytes += size;
}

void client_send(struct client *client, uint8_t *bytes, size_t size)
{
	pthread_mutex_lock(&client->lock);
	client_queue(client, bytes, size);
	pthread_mutex_unlock(&client->lock);
	client_wake();
}

void client_finish(struct client *client)
{
	pthread_mutex_lock(&client->lock);
	client->finishing = true;
	pthread_mutex_unlock(&client->lock);
	client_wake();
}

void client_call_done(struct client *client)
{
	if (atomic_fetch_sub(&client->nr_calls, 1) == CLIENT_CALLS_MAX)
		client_wake();
}

static bool has_ended(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Those whose other end is gone are of no use any more. */
static void forget_ended(struct client *client)
{
	struct client_kept **at = &client->kept, *kept;

	while ((kept = *at)) {
		if (!has_ended(kept->fd)) {
			at = &kept->next;
			continue;
		}
		*at = kept->next;
		close(kept->fd);
		free(kept);
	}
}

int client_keep(struct client *client, int fd)
{
	struct client_kept *kept = malloc(sizeof(*kept));
	bool gone;

	if (!kept) {
		close(fd);
		return -ENOMEM;
	}
	pthread_mutex_lock(&client->lock);
	gone = client->gone;
	if (!gone) {
		forget_ended(client);
		*kept = (struct client_kept){ client->kept, fd };
		client->kept = kept;
	}
	pthread_mutex_unlock(&client->lock);
	if (gone) {
		close(fd);
		free(kept);
	}
	return 0;
}

void client_release(struct client *client)
{
	struct client_kept *kept;

	pthread_mutex_lock(&client->lock);
	while ((kept = client->kept)) {
		client->kept = kept->next;
		close(kept->fd);
		free(kept);
	}
	pthread_mutex_unlock(&client->lock);
}

static int flush_locked(struct client *client)
{
	if (client->overrun)
		return -1;
	while (client->first) {
		struct client_message *message = client->first;
		ssize_t n = send(client->fd, message->bytes + client->out_done, message->size - client->out_done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 1 : -1;
		client->out_done += n;
		if (client->out_done == message->size)
			drop_first(client);
	}
	return client->finishing ? -1 : 0;
}

int client_flush(struct client *client)
{
	int result;

	pthread_mutex_lock(&client->lock);
	result = flush_locked(client);
	pthread_mutex_unlock(&client->lock);
	return result;
}

size_t client_waiting(struct client *client)
{
	size_t waiting;

	pthread_mutex_lock(&client->lock);
	waiting = client->out_bytes;
	pthread_mutex_unlock(&client->lock);
	return waiting;
}
