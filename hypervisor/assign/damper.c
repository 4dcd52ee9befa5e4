/* SPDX-License-Identifier: BSD-3-Clause */
/* Damping of interrupt storms, see the header. */
#include "assign/damper.h"

#include "cpu/tsc.h"

void damper_reset(struct damper *d)
{
	d->count = 0;
	d->held = false;
}

bool damper_hold(struct damper *d, uint64_t delay, void (*fn)(void *arg), void *arg)
{
	d->held = true;
	if (!d->armed) {
		d->armed = true;
		timer_init(&d->timer, fn, arg);
		timer_start(&d->timer, tsc_now() + delay);
	}
	return false;
}

bool damper_due(struct damper *d)
{
	bool held = d->held;

	d->armed = false;
	d->held = false;
	return held;
}
