/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Doorbells that do not wait for us: the HSM signals an eventfd when the guest writes to an address,
 * and completes the guest's write at once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/bus.h"

struct vm;

struct ioevent {
	enum bus_space space;
	uint64_t addr;
	uint32_t len;			/* 1, 2, 4 or 8 bytes */
	bool match;			/* only writes of @data count */
	uint64_t data;
	int fd;				/* the eventfd */
};

/*
 * Bind @ev. On an error (an HSM without the feature, a conflict) the write simply keeps coming to
 * the device as an ordinary request, so callers may ignore everything but the success. -errno.
 */
int ioevent_register(struct vm *vm, const struct ioevent *ev);

/* Undo ioevent_register() with the same content. The fd stays open. */
void ioevent_unregister(struct vm *vm, const struct ioevent *ev);
