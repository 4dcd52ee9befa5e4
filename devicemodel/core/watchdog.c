/* SPDX-License-Identifier: BSD-3-Clause */
/* See watchdog.h. libsystemd would bring five more libraries into an initramfs for one datagram. */
#include "core/watchdog.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/log.h"
#include "core/timer.h"

#define SIGN	"WATCHDOG=1"

static struct timer *timer;
static int notify_fd = -1;

/* A number of the environment, 0 when it is none. */
static uint64_t number_of(const char *name)
{
	const char *text = getenv(name);
	char *end;
	uint64_t n;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	return errno || *end ? 0 : n;
}

/* What is asked of another process is not for us. */
static bool is_asked(void)
{
	return getenv("NOTIFY_SOCKET") && number_of("WATCHDOG_USEC") &&
	       (!getenv("WATCHDOG_PID") || number_of("WATCHDOG_PID") == (uint64_t)getpid());
}

/* A path, or, behind an @, an abstract name. */
static int connect_to(const char *name)
{
	struct sockaddr_un peer = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	if ((*name != '/' && *name != '@') || len >= sizeof(peer.sun_path))
		return -EINVAL;
	memcpy(peer.sun_path, name, len);
	if (*name == '@')
		peer.sun_path[0] = 0;
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify_fd < 0 || connect(notify_fd, (struct sockaddr *)&peer, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)))
		return -errno;
	return 0;
}

static void give_sign(void *arg, uint64_t nr_expired)
{
	(void)arg;
	(void)nr_expired;
	/* One lost is made up for by the next; a peer that is gone watches no more. */
	if (send(notify_fd, SIGN, sizeof(SIGN) - 1, 0) < 0)
		return;
}

int watchdog_open(struct vm *vm)
{
	uint64_t period_ns = number_of("WATCHDOG_USEC") * 1000 / 2;
	int err;

	if (!is_asked())
		return 0;
	err = connect_to(getenv("NOTIFY_SOCKET"));
	err = err ? err : timer_open(vm, (struct timer_handler){ give_sign, NULL }, &timer);
	if (err) {
		log_error("systemd's watchdog: NOTIFY_SOCKET %s: %s", getenv("NOTIFY_SOCKET"), strerror(-err));
		watchdog_close();
		return err;
	}
	timer_arm(timer, clock_ns(), period_ns);
	return 0;
}

void watchdog_close(void)
{
	timer_close(timer);
	timer = NULL;
	if (notify_fd >= 0)
		close(notify_fd);
	notify_fd = -1;
}
