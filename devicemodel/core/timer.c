/* SPDX-License-Identifier: BSD-3-Clause */
/* Device timers: a timerfd each, watched by the event thread. */
#include "core/timer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/event.h"

struct timer {
	struct timer_handler handler;
	struct event *event;
	int fd;
};

uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* A disarm between expiry and here leaves nothing to read: then nothing is called. */
static void expired(void *arg, uint32_t events)
{
	struct timer *t = arg;
	uint64_t n;

	(void)events;
	if (read(t->fd, &n, sizeof(n)) == sizeof(n))
		t->handler.fn(t->handler.arg, n);
}

int timer_open(struct vm *vm, struct timer_handler handler, struct timer **out)
{
	struct timer *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->handler = handler;
	t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (t->fd < 0) {
		err = -errno;
		free(t);
		return err;
	}
	err = event_add(vm, t->fd, EPOLLIN, (struct event_handler){ expired, t }, &t->event);
	if (err) {
		close(t->fd);
		free(t);
		return err;
	}
	*out = t;
	return 0;
}

static void set(struct timer *t, uint64_t first_ns, uint64_t period_ns)
{
	struct itimerspec its = {
		.it_value = { first_ns / 1000000000ULL, first_ns % 1000000000ULL },
		.it_interval = { period_ns / 1000000000ULL, period_ns % 1000000000ULL },
	};

	/* Only invalid times can fail, and these are normalised. */
	timerfd_settime(t->fd, TFD_TIMER_ABSTIME, &its, NULL);
}

void timer_arm(struct timer *t, uint64_t first_ns, uint64_t period_ns)
{
	set(t, first_ns ? first_ns : 1, period_ns);
}

void timer_disarm(struct timer *t)
{
	set(t, 0, 0);
}

void timer_close(struct timer *t)
{
	if (!t)
		return;
	event_del(t->event);
	close(t->fd);
	free(t);
}
