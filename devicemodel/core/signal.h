/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals: SIGTERM, SIGINT and SIGHUP stop the VM in order; SIGUSR1 wakes the IOREQ loop. */
#pragma once

struct event;
struct vm;

/*
 * Take the signals over: call in the main thread before any other thread exists, after event_open().
 * *@out is for signal_close(). -errno.
 */
int signal_open(struct vm *vm, struct event **out);
void signal_close(struct event *ev);
