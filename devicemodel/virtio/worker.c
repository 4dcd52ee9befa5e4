/* SPDX-License-Identifier: BSD-3-Clause */
/* A device's worker thread: an epoll loop over kicks and backend descriptors. */
#include "virtio/worker.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#define BATCH 16
#define STACK_SIZE (128 * 1024)

void worker_drain(int fd)
{
	uint64_t n;

	/* EAGAIN means that it was empty, which is the aim. */
	if (read(fd, &n, sizeof(n)) < 0)
		return;
}

void worker_wake(struct worker *w)
{
	/* Fails only when the counter is full, and then the worker is about to wake anyway. */
	(void)!write(w->wake.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

static void wake_ready(struct worker_fd *wfd, uint32_t events)
{
	struct worker *w = (struct worker *)((char *)wfd - offsetof(struct worker, wake));

	(void)events;
	worker_drain(wfd->fd);
	w->woken(w);
}

int worker_create(struct worker *w, void (*woken)(struct worker *w))
{
	int ret;

	*w = (struct worker){ .woken = woken, .wake = { .fd = -1, .ready = wake_ready } };
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0)
		return -errno;
	w->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ret = w->wake.fd < 0 ? -errno : worker_watch(w, &w->wake, EPOLLIN);
	if (ret)
		worker_destroy(w);
	return ret;
}

void worker_destroy(struct worker *w)
{
	worker_stop(w);
	if (w->wake.fd >= 0)
		close(w->wake.fd);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	w->wake.fd = -1;
	w->epoll_fd = -1;
}

int worker_poll(struct worker *w, int timeout_ms)
{
	struct epoll_event ev[BATCH];
	struct worker_fd *wfd;
	int i, n, called = 0;

	n = epoll_wait(w->epoll_fd, ev, BATCH, timeout_ms);
	for (i = 0; i < n; i++) {
		wfd = ev[i].data.ptr;
		/* An earlier handler of this round may have stopped watching it. */
		if (!wfd->watched)
			continue;
		wfd->ready(wfd, ev[i].events);
		called++;
	}
	return called;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	prctl(PR_SET_NAME, w->name);
	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE))
		worker_poll(w, -1);
	return NULL;
}

int worker_start(struct worker *w, const char *name)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int ret;

	/* Signals are the main thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	w->stop = false;
	strncpy(w->name, name, sizeof(w->name) - 1);
	ret = pthread_create(&w->thread, &attr, worker_main, w);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return -ret;
	w->running = true;
	return 0;
}

void worker_stop(struct worker *w)
{
	if (!w->running)
		return;
	__atomic_store_n(&w->stop, true, __ATOMIC_RELEASE);
	worker_wake(w);
	pthread_join(w->thread, NULL);
	w->running = false;
}

int worker_watch(struct worker *w, struct worker_fd *wfd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = wfd };

	if (epoll_ctl(w->epoll_fd, wfd->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, wfd->fd, &ev))
		return -errno;
	wfd->watched = true;
	return 0;
}

void worker_unwatch(struct worker *w, struct worker_fd *wfd)
{
	if (!wfd->watched)
		return;
	epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, wfd->fd, NULL);
	wfd->watched = false;
}
