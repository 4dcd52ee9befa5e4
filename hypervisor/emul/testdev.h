/* SPDX-License-Identifier: BSD-3-Clause */
/* The in-guest test device, public/testdev.h; only in VMs whose scenario asks for it. */
#pragma once

#include "lib/types.h"

struct vm;

/* Registers its page and its ports. Before the VM runs. 0, -ENOMEM, -EEXIST (there is one, or something else is there). */
int testdev_create(struct vm *vm) __must_check;
/* None there: ignored. */
void testdev_destroy(struct vm *vm);
