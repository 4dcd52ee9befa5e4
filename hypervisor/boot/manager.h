/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The manager: one thread that restarts or stops VMs which asked for it, and
 * serves the operator's console. Everybody else only leaves it a note.
 */
#pragma once

#include "lib/types.h"

struct vm;
enum vm_stop;

/* CPU the manager runs on; MAX_PCPUS: every CPU's local APIC belongs to a guest, there is no manager. In boot/launch.c. */
uint32_t manager_cpu(void);

/* Boot CPU: creates and starts the thread. */
void manager_start(void);

/* vm->hooks.stopped of pre-launched and Service VMs: parks its vCPUs and wakes the manager. Any CPU. */
void manager_stopped(struct vm *vm, enum vm_stop why);
