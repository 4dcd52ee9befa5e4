/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The check of who owns memory (doc/feature/memory.md): walks the tables of every VM and the
 * host's, and says in the log what breaks a rule. Nothing is changed, no VM is stopped.
 */
#pragma once

#include "lib/types.h"

struct ownership_result {
	unsigned int nr_tables, nr_spans, nr_faults;
};

/*
 * From now on each memory event is followed by a check. `lend`: the Service VM may lend a page to
 * two user VMs. 0 or -ENOMEM. Boot CPU.
 */
int ownership_enable(bool lend) __must_check;

/* One check now. 0 or -ENOMEM. vCPU thread or manager; not between vm_table_enter() and a wait. */
int ownership_check(struct ownership_result *result) __must_check;

/* A memory event is over; `what` goes into the log when the check finds something. Costs one test when not enabled. */
void ownership_event(const char *what);
