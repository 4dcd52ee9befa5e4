/* SPDX-License-Identifier: BSD-3-Clause */
/* The two halves of an access that is not RAM: who answers it, and what the guest gets. Own vCPU thread. */
#pragma once

#include "lib/types.h"

struct vcpu;

/*
 * Answers vcpu->io: inside the hypervisor, by the device model (the vCPU then
 * waits), or with all ones where nothing is. Ends in io_finish() when answered
 * at once. 0, or -errno: the VM must be stopped.
 */
int io_submit(struct vcpu *vcpu) __must_check;

/* The second half: takes the answer of the IOREQ slot if there was one, writes registers, steps on. As io_submit(). */
int io_finish(struct vcpu *vcpu) __must_check;
