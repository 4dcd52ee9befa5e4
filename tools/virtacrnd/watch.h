/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to VMs, whoever does it: their folders are watched, and each VM that runs is asked for its events, so that clients can
 * be told (events.h). All on the I/O thread, which waits for no VM.
 */
#pragma once
#include <systemd/sd-event.h>

/* 0 or -errno; what cannot be watched is said and left out. */
int watch_begin(sd_event *event);
void watch_end(void);
