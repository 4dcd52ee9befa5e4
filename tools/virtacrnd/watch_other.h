/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to the VMs that no acrn-dm runs (other.h). Nobody tells: the hypervisor is asked for their states every WATCH_OTHER_US, as long as
 * somebody listens to events that they can have. All on the I/O thread.
 */
#pragma once
#include <systemd/sd-event.h>

/* Less than the 100 ms that a VM is down at least before it is started again after a crash: so that is seen. */
#define WATCH_OTHER_US	50000u

void watch_other_begin(sd_event *event);
void watch_other_end(void);

/* Somebody may have begun to listen: what the VMs do now is what their events will be told against. */
void watch_other_look(void);
