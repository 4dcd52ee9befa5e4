/* SPDX-License-Identifier: BSD-3-Clause */
/* Every device this program knows, and their life together. */
#pragma once

struct vm;

/* Build the platform devices and the PCI devices the configuration names. -errno with a message. */
int devices_init(struct vm *vm);

/* Undo devices_init(), also a partial one. Event thread stopped, VM paused or never started. */
void devices_fini(struct vm *vm);

/* Everything back to power-on. Takes the device lock; VM paused. */
void devices_reset(struct vm *vm);
