/* SPDX-License-Identifier: BSD-3-Clause */
/* backends/net_tap.h over a pair of sockets: the test is the network. */
#pragma once

#include <stdbool.h>

struct virtio_tap {
	int fd;			/* the network's end: one datagram is header and frame */
	bool offloads;		/* what the interface shall say it can do */
	bool csum, tso4, tso6;	/* what the device last set */
	bool full;		/* writes answer -EAGAIN */
	int error;		/* errno of reads and writes, or 0 */
};

extern struct virtio_tap virtio_tap;
