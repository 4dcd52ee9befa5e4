/* SPDX-License-Identifier: BSD-3-Clause */
/* What is recorded around each exit while somebody looks on (percpu.watch). */
#pragma once

#include "lib/types.h"

struct vcpu;

/* Last thing before the entry, first thing behind the exit. Own thread. */
void watch_entry(struct vcpu *vcpu);
void watch_exit(struct vcpu *vcpu);
/* The thread leaves the CPU in the middle of an exit that is charged (vcpu->cost_since). */
void watch_pause(struct vcpu *vcpu);

/* Starts measuring what exits cost, with empty tables; or stops, and the tables stay. Any CPU. */
void watch_costs(bool on);
/* Whether costs are measured. */
bool watch_costs_on(void);
