/* SPDX-License-Identifier: BSD-3-Clause */
/* The option text of virtio-net, read and checked. */
#pragma once

#include "virtio/device.h"

struct net_options {
	char tap[16];		/* interface name */
	uint8_t mac[6];
};

/*
 * Reads "tap=NAME[,mac=XX:XX:XX:XX:XX:XX|mac_seed=TEXT]"; a first word without '=' is the interface's name too. Without mac= the
 * address is made of the seed (default: the VM's name) and the slot, the same at each start. -EINVAL with a message.
 */
int net_options_parse(const struct virtio_params *params, struct net_options *o);
