/* SPDX-License-Identifier: BSD-3-Clause */
/* Coordinated shutdown: all VMs that run, those of the highest order first, each with its time-out. */
#pragma once
#include <stdbool.h>
#include <systemd/sd-event.h>

/* Begin; the loop is left by sd_event_exit() when no VM is up: with 0, or 1 if one could not be ended. */
void stop_begin(sd_event *event);

/* End those that are still up at once. */
void stop_force(void);
