/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts a device's interrupts and, while its VM is being damped, lets one of
 * them through each vm->intr_delay: those that come meanwhile merge with the one
 * that waits, as they would in a local APIC.
 */
#pragma once

#include "irq/timer.h"
#include "lib/types.h"

struct vm;

/* One a source of interrupts; all under the source's lock. */
struct damper {
	uint64_t count;		/* interrupts since the VM has the source */
	bool held;		/* one waits for the timer */
	bool armed;		/* the timer runs, on whatever CPU started it; nobody else can stop it */
	struct timer timer;
};

/* The source has a new owner, or none: a timer that still runs finds nothing to deliver. */
void damper_reset(struct damper *d);

/* An interrupt came. True: deliver it now; false: fn(arg) is called on this CPU when it is due. */
bool damper_pass(struct damper *d, const struct vm *vm, void (*fn)(void *arg), void *arg) __must_check;

/* The timer has fired. True: an interrupt is to be delivered now. */
bool damper_due(struct damper *d) __must_check;
