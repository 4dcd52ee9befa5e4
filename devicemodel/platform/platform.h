/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Platform devices: the ones at fixed ports and addresses that every PC has. Each is a const ops table,
 * one line in devices.c, and its own state behind a pointer.
 */
#pragma once

struct vm;

struct platform_ops {
	const char *name;
	/* Build the device and put it on the bus; *@state is handed back to the others. -errno. */
	int (*init)(struct vm *vm, void **state);
	void (*fini)(void *state);
	/* Back to power-on. Device lock held. */
	void (*reset)(void *state);
};

extern const struct platform_ops uart_ops;	/* com1..com4, as -l says */
extern const struct platform_ops rtc_ops;
extern const struct platform_ops pit_ops;
extern const struct platform_ops hpet_ops;
extern const struct platform_ops i8042_ops;
extern const struct platform_ops pm_ops;
extern const struct platform_ops debugexit_ops;
