/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtual power management. Pre-launched VMs: ACPI sleep control/status registers
 * (hardware-reduced), reset register. Service VM: its writes to the machine's
 * PM1 control and reset registers are trapped here and mean "this VM" first:
 * S5 by PM1a_CNT, reset by 0xCF9, the FADT's reset register, the keyboard
 * controller or port 0x92. Whatever else it writes there goes to the machine,
 * but for other sleep states, which would stop all VMs.
 */
#pragma once

#include "lib/types.h"

struct vm;

#define VPM_SLEEP_CTL	0x400u	/* port: sleep control, pre-launched (ACPI 6.4, 4.8.3.7) */
#define VPM_SLEEP_STS	0x401u
#define VPM_RESET_PORT	0xcf9u	/* value 0x06/0x0e */
#define VPM_S5_TYPE	5u	/* SLP_TYP of S5 in the tables we build */

/* Called on the vCPU's thread, no lock held. */
struct vpm_ops {
	void (*power_off)(struct vm *vm);	/* guest asked for S5 */
	void (*reset)(struct vm *vm);		/* guest asked for a reset */
};

/* Before the VM runs; post-launched VMs have theirs in the device model. 0, -ENOMEM, -EEXIST, -EINVAL (post-launched). */
int vpm_create(struct vm *vm, const struct vpm_ops *ops) __must_check;
void vpm_destroy(struct vm *vm);
