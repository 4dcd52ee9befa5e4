/* SPDX-License-Identifier: BSD-3-Clause */
/* Hypercalls of the Service VM (public/hypercall.h). */
#pragma once

#include "lib/types.h"

struct vcpu;

/* Runs one; the caller's right to call was checked. The value for RAX: >= 0 or -errno. vCPU thread, may sleep. */
int64_t hypercall(struct vcpu *vcpu, uint64_t id, uint64_t p1, uint64_t p2);

/*
 * The turn of a step in the life of user VMs, for others than their Service VM: who has it may follow pointers to them
 * outside vm_table_enter(). It sleeps until it is its turn, so take it outside, and holding nothing the Service VM may wait for.
 */
void hypercall_take_turn(void);
void hypercall_give_turn(void);
