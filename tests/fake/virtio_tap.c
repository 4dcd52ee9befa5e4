/* SPDX-License-Identifier: BSD-3-Clause */
/* A tap interface for unit tests. */
#include "virtio_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/net_tap.h"

struct virtio_tap virtio_tap = { .fd = -1 };

int net_tap_open(struct net_tap *tap, const char *name)
{
	int fd[2], i;

	if (!strcmp(name, "missing"))
		return -ENODEV;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return -errno;
	for (i = 0; i < 2; i++)
		fcntl(fd[i], F_SETFL, O_NONBLOCK);
	snprintf(tap->name, sizeof(tap->name), "%s", name);
	tap->fd = fd[0];
	tap->offloads = virtio_tap.offloads;
	virtio_tap.fd = fd[1];
	return 0;
}

void net_tap_close(struct net_tap *tap)
{
	close(tap->fd);
	close(virtio_tap.fd);
}

int net_tap_set_offloads(struct net_tap *tap, bool csum, bool tso4, bool tso6)
{
	(void)tap;
	virtio_tap.csum = csum;
	virtio_tap.tso4 = tso4;
	virtio_tap.tso6 = tso6;
	return 0;
}

ssize_t net_tap_read(struct net_tap *tap, const struct iovec *iov, int nr)
{
	ssize_t n;

	if (virtio_tap.error)
		return -virtio_tap.error;
	n = readv(tap->fd, iov, nr);
	return n < 0 ? -errno : n;
}

ssize_t net_tap_write(struct net_tap *tap, const struct iovec *iov, int nr)
{
	ssize_t n;

	if (virtio_tap.error || virtio_tap.full)
		return virtio_tap.full ? -EAGAIN : -virtio_tap.error;
	n = writev(tap->fd, iov, nr);
	return n < 0 ? -errno : n;
}
