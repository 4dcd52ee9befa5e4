/* SPDX-License-Identifier: BSD-3-Clause */
/* From the scenario to running VMs. */
#pragma once

#include "lib/types.h"

struct vm;
enum vm_stop;

/*
 * Boot CPU, before the other CPUs run: finds, reads and checks the scenario. A
 * machine or scenario that does not fit ends the boot with a plain message.
 */
void launch_prepare(void);

/* enum scenario_policy of a CPU; after launch_prepare(). */
uint8_t launch_policy(uint32_t pcpu_id);

/* Boot CPU, when all CPUs have VMX on and a run queue: builds, loads and starts pre-launched and Service VMs. */
void launch_vms(void);

/* (Re)loads a built VM's kernel from its boot modules and starts it. 0 or -errno (after a message). */
int launch_start(struct vm *vm) __must_check;
