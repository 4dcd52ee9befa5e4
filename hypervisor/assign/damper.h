/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts a device's interrupts and, while its VM is being damped, lets one of
 * them through each vm->intr_delay: those that come meanwhile merge with the one
 * that waits, as they would in a local APIC.
 */
#pragma once

#include "irq/timer.h"
#include "lib/types.h"
#include "vm/vm.h"

/* One a source of interrupts; all under the source's lock. */
struct damper {
	uint64_t count;		/* interrupts since the VM has the source */
	bool held;		/* one waits for the timer */
	bool armed;		/* the timer runs, on whatever CPU started it; nobody else can stop it */
	struct timer timer;
};

/* The source has a new owner, or none: a timer that still runs finds nothing to deliver. */
void damper_reset(struct damper *d);

/* For damper_pass(): holds it back. */
bool damper_hold(struct damper *d, uint64_t delay, void (*fn)(void *arg), void *arg);

/* An interrupt came. True: deliver it now; false: fn(arg) is called on this CPU when it is due. */
static inline bool __must_check damper_pass(struct damper *d, const struct vm *vm, void (*fn)(void *arg), void *arg)
{
	uint64_t delay = READ_ONCE(vm->intr_delay);

	d->count++;
	if (unlikely(delay))
		return damper_hold(d, delay, fn, arg);
	/* One that waits goes with it. */
	d->held = false;
	return true;
}

/* The timer has fired. True: an interrupt is to be delivered now. */
bool damper_due(struct damper *d) __must_check;
