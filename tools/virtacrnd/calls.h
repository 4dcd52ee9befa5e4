/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of clients: a row of a table each, with the types of its arguments and results. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/virtacrnd/frame.h"

struct call_row;
struct client;
struct stream;

/* A call that is being served, and its error. */
struct call {
	struct client *client;
	struct frame_head head;
	const struct call_row *row;
	int code;		/* VIR_ERR_*, 0: none */
	char message[1024];
	struct stream *stream;	/* that begins behind the reply, NULL: none */
};

enum {
	CALL_EARLY = 1,		/* may come before the connection is opened */
	CALL_READ = 2,		/* changes nothing: also for read-only connections */
};

struct call_row {
	int32_t procedure;
	const char *name;
	int (*args)();		/* xdr_*() of the arguments and of the results */
	size_t args_size;
	int (*ret)();
	size_t ret_size;
	unsigned int flags;
	/* 0 with *@ret filled from malloc'd parts, or -1 with the call's error set. */
	int (*run)(struct call *call, void *args, void *ret);
};

/* Serve one message of type CALL, of frame_size() bytes: the client is sent exactly one reply. Any thread. */
void calls_serve(struct client *client, const uint8_t *bytes, size_t size);

/* Decode arguments into zeroed *@args, to be freed in any case. NULL, or what is wrong with them. */
const char *calls_decode(const struct call_row *row, const uint8_t *bytes, size_t size, void *args);

/* Set the call's error. Returns -1. */
int call_fail(struct call *call, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Refuse flags but @known. */
int call_check_flags(struct call *call, unsigned int flags, unsigned int known);

/* A message to the client: @head, and @data by @xdr. */
void calls_send(struct client *client, const struct frame_head *head, int (*xdr)(), void *data);
/* An error as the answer to @head. */
void calls_send_error(struct client *client, const struct frame_head *head, int code, const char *message);

/* The tables, each ended by a row without a name; calls_tables[] has them all. */
extern const struct call_row calls_connection[], calls_host[], calls_list[], calls_domain[], calls_define[], calls_life[], calls_stats[], calls_console[],
			     calls_events[], calls_create[], calls_vcpu[], calls_figures[], calls_meta[], calls_rename[],
			     calls_emulator[], calls_storage[], calls_volume[], calls_move[], calls_absent[];
extern const struct call_row *const calls_tables[];
extern const size_t calls_nr_tables;
