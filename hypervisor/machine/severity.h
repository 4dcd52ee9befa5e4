/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may do what to whom: one rule a severity (doc/feature/vm-lifecycle.md). */
#pragma once

#include "lib/types.h"

struct vm;

struct severity_rule {
	uint8_t severity;		/* enum scenario_severity */
	const char *name;
	bool resets_machine;		/* a reset it asks for is the machine's, unless another VM outranks it */
	bool interruptible;		/* the Service VM may inject interrupts and hold them back */
	bool holds_machine;		/* while it is up the operator needs `force` to reset the machine or switch it off */
};

/* The rule of a VM; an unknown severity has the strictest. */
const struct severity_rule *severity_of(const struct vm *vm);

/* Running or paused, and has not stopped by itself. NULL: false. */
bool severity_is_up(const struct vm *vm);

/* A pre-launched VM of at least its severity is up. */
bool severity_outranked(const struct vm *vm);

/* A VM that is up and holds the machine, or NULL. Inside vm_table_enter(), or the manager. */
const struct vm *severity_holder(void);
