/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Consoles: bytes of a serial port as stream messages, which have the procedure and serial of the call that opened them. An empty one
 * is the end. The client ends a stream with status OK or ERROR, and hears OK. What comes later for it is not heeded.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define STREAM_OUT_MAX		(256u << 10)	/* bytes that wait for the client; then the port is not read */
#define STREAM_IN_MAX		(64u << 10)	/* bytes that wait for the guest; then the stream fails */

struct client;
struct frame_head;
struct sd_event;
struct stream;

/* A stream over @fd, which is its own from here on, for the call @head about VM @name. NULL with errno: EBUSY: it has one. */
struct stream *stream_create(struct client *client, const struct frame_head *head, const char *name, int fd);
void stream_destroy(struct stream *stream);

/* The call's reply is sent: bytes may follow. */
void stream_start(struct stream *stream);

/* I/O thread: take the client's new streams, and read those on whose bytes the client has caught up. */
void stream_go_on(struct client *client, struct sd_event *event);
/* A stream message of the client's. */
void stream_take(struct client *client, const struct frame_head *head, const uint8_t *bytes, size_t size);
void stream_end_all(struct client *client);
