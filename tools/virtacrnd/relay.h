/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls about networks, interfaces, devices of the machine, secrets and filters are libvirt's own daemons': where one of them answers in
 * RELAY_FOLDER, it is asked, with the client's bytes, and its reply is the client's, byte for byte. It hears our user, so that clients that
 * only look are relayed to its read-only socket. Each call has a connection of its own; events and streams are not relayed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_FOLDER	"/run/libvirt"

struct call;

/* Where the daemons' sockets are; @path is kept. */
void relay_set_folder(const char *path);

/* Kind of things that a procedure is about, such as "network"; NULL: none that is relayed. */
const char *relay_kind(int32_t procedure);

/* Have the call answered. False: nobody is there to answer it, and nothing was sent. A worker thread: it may take half a minute. */
bool relay_serve(struct call *call, const uint8_t *bytes, size_t size);
