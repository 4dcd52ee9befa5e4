/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --intr_monitor: watches how often the VM's passed-through devices interrupt. One that storms has
 * the hypervisor hold the VM's device interrupts back for a while.
 */
#pragma once

struct vm;
struct intr_monitor;

/* Start as the configuration says; *@out is NULL when it asks for none. After event_open(). -errno with a message. */
int intr_monitor_open(struct vm *vm, struct intr_monitor **out);

/* NULL is allowed. Event thread not running. */
void intr_monitor_close(struct intr_monitor *m);
