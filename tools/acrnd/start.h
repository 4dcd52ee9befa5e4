/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting VMs: those with autostart one after the other in their order, those with start_at when it is time. */
#pragma once
#include <systemd/sd-event.h>

/* Start what is to be started, after @delay_s seconds, and follow changes of the definitions. 0 or -errno. */
int start_begin(sd_event *event, unsigned int delay_s);

/* No VM is started any more. */
void start_end(void);

/* Have the machine's clock wake it for the next timed start, if there is one. */
void start_set_alarm(void);
