/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Split locks: a locked access across a cache line stops the memory bus for everybody. CPUs that can tell raise #AC for it
 * (SDM vol 4, MSR 33H TEST_CTRL bit 29; enumerated by MSR CFH bit 5). Boot option split_lock says what a guest's become.
 */
#pragma once

#include "lib/types.h"

struct vcpu;

enum split_lock { SPLIT_LOCK_IGNORE, SPLIT_LOCK_REPORT, SPLIT_LOCK_FAULT, NR_SPLIT_LOCK };

/* Value of the boot option or NULL; warns when it is no such word or the CPU cannot. Boot CPU. */
void split_lock_init(const char *option);
/* Sets this CPU's register. */
void split_lock_init_cpu(void);
/* Vectors that have to exit for it. */
uint32_t split_lock_exceptions(void);
/* This vCPU takes the CPU. Own thread. */
void split_lock_switch(const struct vcpu *vcpu);
/* #AC exited: true when it was a split lock and the instruction may simply run again; false: the guest gets its #AC. Own thread. */
bool split_lock_passes(struct vcpu *vcpu);
