/* SPDX-License-Identifier: BSD-3-Clause */
/* ioeventfds: the checks that are ours, then the HSM's. */
#include "core/ioevent.h"

#include <errno.h>

#include "core/hsm.h"
#include "core/vm.h"

int ioevent_register(struct vm *vm, const struct ioevent *ev)
{
	if (ev->len != 1 && ev->len != 2 && ev->len != 4 && ev->len != 8)
		return -EINVAL;
	return hsm_ioeventfd(&vm->hsm, ev, true);
}

void ioevent_unregister(struct vm *vm, const struct ioevent *ev)
{
	hsm_ioeventfd(&vm->hsm, ev, false);
}
