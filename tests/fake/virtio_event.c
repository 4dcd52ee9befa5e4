/* SPDX-License-Identifier: BSD-3-Clause */
/* The event loop for unit tests. */
#include "virtio_event.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/event.h"

#define MAX 64

struct event {
	struct event_handler handler;
	int fd;
	bool live;
};

static struct event events[MAX];
static int epoll_fd = -1;

int event_add(struct vm *vm, int fd, uint32_t bits, struct event_handler handler, struct event **out)
{
	struct epoll_event ee = { .events = bits };
	int i = 0;

	(void)vm;
	if (epoll_fd < 0)
		epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	while (i < MAX && events[i].live)
		i++;
	if (i == MAX)
		return -ENOSPC;
	ee.data.ptr = &events[i];
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ee))
		return -errno;
	events[i] = (struct event){ .handler = handler, .fd = fd, .live = true };
	*out = &events[i];
	return 0;
}

int event_modify(struct event *ev, uint32_t bits)
{
	struct epoll_event ee = { .events = bits, .data.ptr = ev };

	return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, ev->fd, &ee) ? -errno : 0;
}

void event_del(struct event *ev)
{
	if (!ev)
		return;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, ev->fd, NULL);
	ev->live = false;
}

int virtio_event_run(int timeout_ms)
{
	struct epoll_event ee;
	struct event *ev;
	int n = 0;

	while (n < 1000 && epoll_wait(epoll_fd, &ee, 1, n ? 0 : timeout_ms) == 1) {
		ev = ee.data.ptr;
		ev->handler.fn(ev->handler.arg, ee.events);
		n++;
	}
	return n;
}

int virtio_event_count(void)
{
	int i, n = 0;

	for (i = 0; i < MAX; i++)
		n += events[i].live;
	return n;
}
