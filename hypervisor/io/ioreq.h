/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypervisor's end of the IOREQ page (public/ioreq.h has the states). */
#pragma once

#include "lib/addr.h"
#include "lib/types.h"

struct vm;
struct vcpu;

/* Uses the Service VM's page at `page` for the VM's requests; all slots become FREE. 0, -EINVAL (not a page of RAM), -ENOMEM. VM is CREATED. */
int ioreq_attach(struct vm *vm, gpa_t page) __must_check;
/* Forgets requests that were open: all slots become FREE. No vCPU runs. */
void ioreq_reset(struct vm *vm);
/* Forgets the page. No vCPU runs. */
void ioreq_detach(struct vm *vm);

/* Posts vcpu->io into its slot and tells the Service VM. IO_WAIT, or -EIO when the slot was tampered with. Own thread. */
int ioreq_post(struct vcpu *vcpu) __must_check;

/* Takes the answer into vcpu->io.value and frees the slot. IO_DONE; IO_WAIT while it is not complete. Own thread. */
int ioreq_take(struct vcpu *vcpu) __must_check;

/* The device model says a slot is complete: wakes the vCPU. 0, -EINVAL (no such vCPU). Service VM's vCPU thread. */
int ioreq_complete(struct vm *vm, uint64_t vcpu_id) __must_check;

/* A VM stopped by itself: changes state_seq and tells the Service VM. Any CPU. */
void ioreq_state_changed(struct vm *vm);
