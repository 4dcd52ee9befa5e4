/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The event thread: one epoll loop that calls back when a file descriptor is ready. Callbacks run
 * in that thread with the device lock (core/vm.h) held; they must not block.
 */
#pragma once

#include <stdint.h>

struct vm;
struct event;

/* Who is called, and with what: @events of the call are the EPOLL* bits that came up. */
struct event_handler {
	void (*fn)(void *arg, uint32_t events);
	void *arg;
};

/*
 * Make the loop (no thread yet), start its thread, stop the thread, free the loop. Called by main in
 * that order, device lock not held; stop and close are harmless at any time. 0 or -errno.
 */
int event_open(struct vm *vm);
int event_start(struct vm *vm);
void event_stop(struct vm *vm);
void event_close(struct vm *vm);

/* Make the loop look at vm_stop_reason() now. Any thread. */
void event_wake(struct vm *vm);

/*
 * Watch @fd for EPOLL* bits in @events (level triggered unless EPOLLET is among them). *@out gets
 * the handle. -errno of epoll_ctl: regular files cannot be watched (-EPERM). Any thread.
 */
int event_add(struct vm *vm, int fd, uint32_t events, struct event_handler handler,
	      struct event **out);

/* Change the bits watched; 0 = nothing until changed again. */
int event_modify(struct event *ev, uint32_t events);

/*
 * Stop watching; NULL is allowed. Hold the device lock, or be sure the event thread is not running:
 * then no callback runs during or after this call. Does not close the fd.
 */
void event_del(struct event *ev);
