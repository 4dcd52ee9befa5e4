/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's shell on the hypervisor's console, and the VMs' consoles behind it. Manager thread. */
#pragma once

#include "lib/types.h"

struct thread;

/*
 * Prints the prompt; typed characters and VM output wake `server` from now on; `tee` copies all VMs' output,
 * `debug` allows commands that show and change what belongs to VMs and the hypervisor.
 */
void shell_init(struct thread *server, bool tee, bool debug);

/* Moves some of what VMs wrote to the console and serves what was typed; true: again, at once. Never waits. */
bool shell_poll(void);
