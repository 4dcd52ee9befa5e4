/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device's worker: one thread that waits for file descriptors (queue kicks, backends) and calls their handlers.
 *
 * All work on a device's queues is done here, so devices need no locks among their own handlers and the thread that
 * answers I/O requests never waits for a disk, a network or a terminal.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* One watched descriptor; embedded in its owner and alive until worker_unwatch() or the worker's end. */
struct worker_fd {
	int fd;
	void (*ready)(struct worker_fd *wfd, uint32_t events);	/* worker thread; events are epoll's */
	bool watched;
};

struct worker {
	int epoll_fd;
	struct worker_fd wake;
	void (*woken)(struct worker *w);
	pthread_t thread;
	char name[16];		/* as the kernel shows it */
	bool running;		/* there is a thread; changed by the owner only */
	bool stop;		/* atomic */
};

/* Prepares @w without a thread. @woken is called on the worker after worker_wake(). Returns 0 or -errno. */
int worker_create(struct worker *w, void (*woken)(struct worker *w));

/* Stops the thread if there is one and frees what worker_create() took. Not from the worker itself. */
void worker_destroy(struct worker *w);

/* Starts the thread, called @name (15 characters at most). Returns 0 or -errno. */
int worker_start(struct worker *w, const char *name);

/* Ends the thread and waits for it; a handler that runs is finished first. */
void worker_stop(struct worker *w);

/* Begins to watch @wfd->fd for @events (EPOLLIN ...), or changes the events of one already watched. Returns 0 or -errno. */
int worker_watch(struct worker *w, struct worker_fd *wfd, uint32_t events);

/* Stops watching. On the worker's thread the handler is not called any more when this returns. */
void worker_unwatch(struct worker *w, struct worker_fd *wfd);

/* Makes the worker call woken() soon. Any thread. */
void worker_wake(struct worker *w);

/* Handles what is ready, waiting up to @timeout_ms for it; returns how many handlers were called. The thread's body, and how tests run a worker without a thread. */
int worker_poll(struct worker *w, int timeout_ms);

/* Empties the eventfd @fd (non-blocking). */
void worker_drain(int fd);
