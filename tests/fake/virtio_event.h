/* SPDX-License-Identifier: BSD-3-Clause */
/* core/event.h for unit tests: the test is the event thread. */
#pragma once

/* Calls back what is ready, waiting up to @timeout_ms for something; returns how many were called. */
int virtio_event_run(int timeout_ms);

/* How many descriptors are watched. */
int virtio_event_count(void);
