/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's shell on the hypervisor's console, and the VMs' consoles behind it. Manager thread. */
#pragma once

#include "lib/types.h"

struct thread;

/* Prints the prompt; typed characters and VM output wake `server` from now on; `tee` copies all VMs' output. */
void shell_init(struct thread *server, bool tee);

/* Moves what VMs wrote to the console and serves what was typed. Never waits. */
void shell_poll(void);
