/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command socket (--cmd_monitor): a stream socket in the file system, one JSON object a line in both directions. What may
 * be said there: doc/feature/monitor.md and doc/feature/monitor.schema.json. All work is done on the event thread.
 *
 *	client ---- line ----> monitor.c ---> monitor_cmd.c ---> the VM
 *	       <--- answer ---           <---
 *	       <--- event ----           <--- monitor_event()
 */
#pragma once

struct json_t;
struct vm;

#define MONITOR_PROTOCOL	1
#define MONITOR_LINE_MAX	65536u	/* bytes of a request with its newline */
#define MONITOR_OUT_MAX		262144u	/* bytes that may wait for a client before it is dropped */
#define MONITOR_CLIENTS_MAX	16

/*
 * Make the socket the configuration names (monitor.path, monitor.group), if any. After event_open(), before event_start().
 * A socket file that nobody answers any more is replaced. -errno with a message.
 */
int monitor_open(struct vm *vm);

/*
 * The end: remove the socket, tell everybody that the VM is gone and what acrn-dm's exit code will be. Event thread stopped,
 * VM destroyed. Waits a moment for clients that are slow to read, never longer. Harmless without a socket.
 */
void monitor_close(struct vm *vm, int err);

/* Turns in the VM's life, told by the main thread, device lock not held: it runs, or could (--paused); it will run no longer. */
void monitor_started(struct vm *vm);
void monitor_ended(struct vm *vm);

/* Tell all who subscribed. @data is an object with what the event has to say, or NULL; it is consumed. Device lock held. */
void monitor_event(struct vm *vm, const char *name, struct json_t *data);
