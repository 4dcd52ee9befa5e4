/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tap interface of the host: whole Ethernet frames, each behind a struct virtio_net_hdr_v1 of 12 bytes, read and
 * written without blocking.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define NET_TAP_HDR 12u		/* sizeof(struct virtio_net_hdr_v1) */

struct net_tap {
	int fd;
	char name[16];		/* as the kernel named it */
	bool offloads;		/* can check-sum and cut segments for us */
};

/*
 * Opens interface @name, making it if there is none and the process may (CAP_NET_ADMIN). A fresh interface goes away with
 * the process; bringing it up and bridging it is the administrator's. Logs and returns -errno.
 */
int net_tap_open(struct net_tap *tap, const char *name);

void net_tap_close(struct net_tap *tap);

/* Says what frames the guest takes from us: check sums left to it, TCP segments of up to 64 KiB. 0 or -errno. */
int net_tap_set_offloads(struct net_tap *tap, bool csum, bool tso4, bool tso6);

/* One frame with its header. Bytes, -EAGAIN when there is none or no room, or another -errno. */
ssize_t net_tap_read(struct net_tap *tap, const struct iovec *iov, int nr);
ssize_t net_tap_write(struct net_tap *tap, const struct iovec *iov, int nr);
