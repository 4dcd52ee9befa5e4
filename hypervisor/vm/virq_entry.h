/* SPDX-License-Identifier: BSD-3-Clause */
/* The half of virq that only the vCPU loop (exit/) calls. Own thread. */
#pragma once

#include "lib/types.h"

struct vcpu;

/* After an exit that can interrupt event delivery: queues that event again (SDM vol 3, 27.2.4). */
void virq_reinject(struct vcpu *vcpu);

/* REQ_EVENT: takes what was posted, and says whether the next entry has to choose. VMCS loaded. */
void virq_sync(struct vcpu *vcpu);

/* Chooses what the next entry injects and which window exits are needed. */
void virq_before_entry(struct vcpu *vcpu);

/* True when a halted vCPU has a reason to go on. */
bool virq_wakes_halt(struct vcpu *vcpu);
