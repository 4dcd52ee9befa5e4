/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection: what is known of who is at the other end, and what waits to be sent. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CLIENT_OUT_MAX		(8u << 20)	/* bytes that wait; who lets more wait is dropped */
#define CLIENT_CALLS_MAX	32		/* calls under way; then no more are read */

struct sd_event_source;
struct client_kept;
struct client_message;
struct registration;
struct stream;

struct client {
	unsigned int number;			/* for messages */
	uid_t uid;
	int fd;
	bool ro_socket;
	char refused[160];			/* why it may do nothing, "": it may */
	atomic_bool opened, read_only;
	atomic_int refs, nr_calls;
	/* I/O thread */
	struct client *next;
	struct sd_event_source *io;
	uint8_t *in;
	size_t in_len, in_size;
	struct stream *streams;
	/* [lock] */
	pthread_mutex_t lock;
	struct client_message *first, *last;
	size_t out_bytes, out_done;		/* out_done: bytes of the first that are sent */
	bool finishing;				/* to be closed when all is sent */
	bool overrun;
	bool gone;				/* the I/O thread has done with it */
	struct stream *new_streams;
	struct client_kept *kept;		/* descriptors that end with the connection */
	struct registration *registrations;	/* events.c */
	unsigned int nr_registrations;
	int last_callback;
};

/* A new one with one reference, NULL: no memory. It owns @fd. */
struct client *client_create(int fd, bool ro_socket);
void client_get(struct client *client);
void client_put(struct client *client);

/* Queue a message from any thread; @bytes are the queue's from here on. */
void client_send(struct client *client, uint8_t *bytes, size_t size);
/* The same [client->lock held], without waking the I/O thread. */
void client_queue(struct client *client, uint8_t *bytes, size_t size);

/* No more is read, and the connection ends when all is sent. */
void client_finish(struct client *client);

/* A call is over; the I/O thread may read on. */
void client_call_done(struct client *client);

/*
 * Keep the socket @fd, which is the client's from here on, open as long as the connection is: so who is at its other end hears of the
 * connection's end, also when the daemon is killed. Closed at once if the connection is over. Any thread. 0 or -ENOMEM.
 */
int client_keep(struct client *client, int fd);

/* I/O thread: the connection is over, client->gone is set: close them. */
void client_release(struct client *client);

/* I/O thread: send what can be. 1: more waits, 0: nothing does, -1: the connection is to be closed. */
int client_flush(struct client *client);

/* Bytes that wait to be sent. */
size_t client_waiting(struct client *client);

/* Have the I/O thread look at its clients. */
void client_wake(void);

/* What client_send() calls when there is something to flush. */
void client_set_wake(void (*wake)(void));
