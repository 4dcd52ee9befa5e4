/* SPDX-License-Identifier: BSD-3-Clause */
/* Which VM number a post-launched VM gets: a slot of the scenario with its name, else a free number. */
#pragma once

#include "lib/types.h"
#include "public/scenario.h"

struct vm;
enum vm_stop;

/* Boot: the checked scenario. */
void slots_init(const struct scenario *s);
const struct scenario *slots_scenario(void);
/* The highest priority of a user VM in the scenario: with less than that the Service VM would keep its I/O waiting. */
uint8_t slots_top_priority(void);

/*
 * 0..15 with *cfg, the scenario's record or a dynamic VM's own. -EEXIST: a VM of this name runs;
 * -ENOSPC: no number is free. Creation lock held.
 */
int slots_find(const char *name, const struct scenario_vm **cfg) __must_check;

/* vm->hooks.stopped of post-launched VMs: parks the vCPUs and tells the device model. Any CPU. */
void slots_stopped(struct vm *vm, enum vm_stop why);
