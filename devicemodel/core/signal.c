/* SPDX-License-Identifier: BSD-3-Clause */
/* See signal.h. */
#include "core/signal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/event.h"
#include "core/log.h"
#include "core/vm.h"

static int signal_fd = -1;

/* Only has to interrupt the ioctl that the loop sleeps in. */
static void wake(int signo)
{
	(void)signo;
}

static void stop(void *arg, uint32_t events)
{
	struct signalfd_siginfo info;
	struct vm *vm = arg;

	(void)events;
	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	log_info("%s: stopping VM '%s'", strsignal(info.ssi_signo), vm->name);
	vm_request_stop(vm, VM_STOP_SIGNAL);
}

int signal_open(struct vm *vm, struct event **out)
{
	struct sigaction sa = { .sa_handler = wake };
	sigset_t set;
	int err;

	sigaction(SIGUSR1, &sa, NULL);
	/* A peer that hangs up is an error of write(), not our end. */
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	vm->loop_thread = pthread_self();
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return -errno;
	err = event_add(vm, signal_fd, EPOLLIN, (struct event_handler){ stop, vm }, out);
	if (err) {
		close(signal_fd);
		signal_fd = -1;
	}
	return err;
}

void signal_close(struct event *ev)
{
	event_del(ev);
	if (signal_fd >= 0)
		close(signal_fd);
	signal_fd = -1;
}
