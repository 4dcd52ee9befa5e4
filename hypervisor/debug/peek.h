/* SPDX-License-Identifier: BSD-3-Clause */
/* A look at a vCPU that may be running, from the manager's thread. */
#pragma once

#include "lib/types.h"

struct vcpu;

/* The vCPU that argv[1], argv[2] name, or NULL after saying what is wrong. */
struct vcpu *peek_vcpu(const char *vm, const char *vcpu);

/* Whether work on that CPU would disturb a real-time VM. Inside vm_table_enter(). */
bool peek_disturbs(uint32_t pcpu_id);

/*
 * Runs fn(vcpu, arg) on the vCPU's CPU while the vCPU is out of the guest, its VMCS loaded: what fn reads belongs
 * together. fn may only read. False, and said: it has no state, or an exit would disturb a real-time VM.
 */
bool peek(struct vcpu *vcpu, void (*fn)(struct vcpu *vcpu, void *arg), void *arg);
