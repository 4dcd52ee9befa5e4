/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * systemd's watchdog (sd_notify(3), WATCHDOG_USEC): a sign of life from the event thread with the device lock held, so that
 * neither a callback nor an I/O request that never ends goes unnoticed.
 */
#pragma once

struct vm;

/*
 * Start giving signs of life when the environment asks this process for them, twice a period. 0, also when nobody asks, or -errno
 * after a message. Main thread, after event_open().
 */
int watchdog_open(struct vm *vm);

/* Event thread not running. Harmless when not open. */
void watchdog_close(void);
