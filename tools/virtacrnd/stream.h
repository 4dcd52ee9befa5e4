/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Consoles and volumes: bytes of a serial port or a file as stream messages, which have the procedure and serial of the call that opened
 * them. An empty one is the end. The client ends a stream with status OK or ERROR, and hears OK: for a volume that it writes when all is
 * written, or else an error. What comes later for it is not heeded.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_OUT_MAX		(256u << 10)	/* bytes that wait for the client; then the port or volume is not read */
#define STREAM_IN_MAX		(64u << 10)	/* bytes that wait for the guest; then the stream fails */

struct client;
struct frame_head;
struct sd_event;
struct stream;
struct transfer;

/*
 * A stream over @fd for the call @head about the console of VM @name, or over the socket @fd of @transfer, with "" as @name. Both are its
 * own from here on. NULL with errno: EBUSY: the VM has one.
 */
struct stream *stream_create(struct client *client, const struct frame_head *head, const char *name, int fd, struct transfer *transfer);
void stream_destroy(struct stream *stream);

/* Send the call's reply, of @size bytes, and begin: bytes follow it, and what the client sends when it has it finds the stream. */
void stream_start(struct stream *stream, uint8_t *reply, size_t size);

/* I/O thread: take the client's new streams, and read those on whose bytes the client has caught up. */
void stream_go_on(struct client *client, struct sd_event *event);
/* A stream message of the client's. */
void stream_take(struct client *client, const struct frame_head *head, const uint8_t *bytes, size_t size);
/* Bytes of the client's wait for a volume: until then no more of its messages are to be taken. */
bool stream_is_full(const struct client *client);
void stream_end_all(struct client *client);
