/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual pair of 8259A interrupt controllers, with the ELCR; ports 20/21, A0/A1, 4D0/4D1. Locked; any CPU. */
#pragma once

#include "lib/types.h"

struct vm;

/* Registers its ports and the vm->hooks.extint_* hooks. 0, -ENOMEM, -EEXIST. Before the VM runs. */
int vpic_create(struct vm *vm) __must_check;
void vpic_destroy(struct vm *vm);
/* As after power-up: both chips wait for their initialisation words. Lines stay as their devices drive them. */
void vpic_reset(struct vm *vm);

/*
 * irq 0..15 (2 is the cascade and has no input; others are ignored). Any CPU; requests REQ_EVENT on vCPU 0 when its output rises.
 * An edge is remembered until it is acknowledged, so that a pulse is never lost; a level is not.
 */
void vpic_set_line(struct vm *vm, uint32_t irq, bool level);
