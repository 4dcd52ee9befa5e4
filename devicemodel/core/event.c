/* SPDX-License-Identifier: BSD-3-Clause */
/* The event thread. See event.h for who may call what. */
#include "core/event.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/vm.h"

/* Enough for the deepest JSON that the command socket takes; less than a huge page, which the kernel may put under a larger stack. */
#define STACK_SIZE	(1024 * 1024)

/* How often the IOREQ loop is nudged until it has seen a stop request, milliseconds. */
#define RENUDGE_MS 5

struct event {
	struct event_loop *loop;
	struct event_handler handler;
	int fd;
	bool dead;			/* deleted; on the graveyard list */
	struct event *next_dead;
};

/*
 * A deleted event may still sit in the result of an epoll_wait() that has not been handled, so it is
 * only marked dead, and freed by the event thread before it waits again.
 */
struct event_loop {
	int epoll_fd;
	int wake_fd;
	bool started;
	_Atomic int quit;
	pthread_t thread;
	pthread_mutex_t lock;		/* graveyard; leaf lock */
	struct event *graveyard;
};

int event_open(struct vm *vm)
{
	struct event_loop *loop = calloc(1, sizeof(*loop));
	struct epoll_event ee = { .events = EPOLLIN };
	int err;

	if (!loop)
		return -ENOMEM;
	pthread_mutex_init(&loop->lock, NULL);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* data.ptr NULL marks the wake-up fd */
	if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
	    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &ee) < 0) {
		err = -errno;
		vm->events = loop;
		event_close(vm);
		return err;
	}
	vm->events = loop;
	return 0;
}

static void bury(struct event_loop *loop)
{
	struct event *ev, *next;

	pthread_mutex_lock(&loop->lock);
	ev = loop->graveyard;
	loop->graveyard = NULL;
	pthread_mutex_unlock(&loop->lock);
	for (; ev; ev = next) {
		next = ev->next_dead;
		free(ev);
	}
}

static void *event_thread(void *arg)
{
	struct vm *vm = arg;
	struct event_loop *loop = vm->events;

	while (!atomic_load(&loop->quit)) {
		bool stopping = vm_stop_reason(vm) != VM_RUN && atomic_load(&vm->in_loop);
		struct epoll_event ee;
		uint64_t count;
		int n;

		/* The signal may fall between the loop's check and its ioctl, so it is repeated. */
		if (stopping)
			pthread_kill(vm->loop_thread, SIGUSR1);
		n = epoll_wait(loop->epoll_fd, &ee, 1, stopping ? RENUDGE_MS : -1);
		if (n != 1)
			continue;
		if (!ee.data.ptr) {
			while (read(loop->wake_fd, &count, sizeof(count)) > 0)
				;
			continue;
		}
		vm_lock(vm);
		struct event *ev = ee.data.ptr;

		if (!ev->dead)
			ev->handler.fn(ev->handler.arg, ee.events);
		vm_unlock(vm);
		bury(loop);
	}
	return NULL;
}

int event_start(struct vm *vm)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int err;

	/* Signals belong to the main thread (SIGUSR1) and the signalfd. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	err = pthread_create(&vm->events->thread, &attr, event_thread, vm);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	vm->events->started = err == 0;
	return -err;
}

void event_wake(struct vm *vm)
{
	uint64_t one = 1;

	/* Full means that it is awake already. */
	if (vm->events && write(vm->events->wake_fd, &one, sizeof(one)) < 0)
		return;
}

void event_stop(struct vm *vm)
{
	if (!vm->events || !vm->events->started)
		return;
	atomic_store(&vm->events->quit, 1);
	event_wake(vm);
	pthread_join(vm->events->thread, NULL);
	vm->events->started = false;
}

void event_close(struct vm *vm)
{
	struct event_loop *loop = vm->events;

	if (!loop)
		return;
	event_stop(vm);
	bury(loop);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
	vm->events = NULL;
}

int event_add(struct vm *vm, int fd, uint32_t events, struct event_handler handler, struct event **out)
{
	struct event *ev = calloc(1, sizeof(*ev));
	struct epoll_event ee = { .events = events, .data.ptr = ev };
	int err;

	if (!ev)
		return -ENOMEM;
	ev->loop = vm->events;
	ev->handler = handler;
	ev->fd = fd;
	*out = ev;
	if (epoll_ctl(ev->loop->epoll_fd, EPOLL_CTL_ADD, fd, &ee) < 0) {
		err = -errno;
		free(ev);
		*out = NULL;
		return err;
	}
	return 0;
}

int event_modify(struct event *ev, uint32_t events)
{
	struct epoll_event ee = { .events = events, .data.ptr = ev };

	return epoll_ctl(ev->loop->epoll_fd, EPOLL_CTL_MOD, ev->fd, &ee) < 0 ? -errno : 0;
}

void event_del(struct event *ev)
{
	if (!ev)
		return;
	epoll_ctl(ev->loop->epoll_fd, EPOLL_CTL_DEL, ev->fd, NULL);
	ev->dead = true;
	pthread_mutex_lock(&ev->loop->lock);
	ev->next_dead = ev->loop->graveyard;
	ev->loop->graveyard = ev;
	pthread_mutex_unlock(&ev->loop->lock);
}
