/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults in the hypervisor that a guest asks for by a port, to see what becomes of them (exit/fault.c). Linked around
 * vpm_create() into a hypervisor of its own, which no product is made of.
 */
#include "cpu/tsc.h"
#include "emul/vpm.h"
#include "io/region.h"
#include "irq/timer.h"
#include "lib/spinlock.h"
#include "vm/vm.h"

#define PLANT_PORT 0x5e0u

int __real_vpm_create(struct vm *vm, const struct vpm_ops *ops);
int __wrap_vpm_create(struct vm *vm, const struct vpm_ops *ops);

static struct spinlock lock;
static struct timer timer;

static void undefined(void *unused __unused)
{
	__asm__ volatile("ud2");
}

static void stray_write(void)
{
	volatile uint64_t *nowhere = (volatile uint64_t *)0x7ffff0000000ul;

	*nowhere = 1;
}

static void stray_jump(void)
{
	void (*nowhere)(void) = (void (*)(void))0x7ffff0000000ul;

	nowhere();
}

static int plant(struct vcpu *vcpu __unused, void *dev __unused, struct io_access *acc)
{
	switch (acc->write ? acc->value : 0) {
	case 1:
		undefined(NULL);
		break;
	case 2:
		stray_write();
		break;
	case 3:
		spin_lock(&lock);
		undefined(NULL);
		break;
	case 4:
		timer_init(&timer, undefined, NULL);
		timer_start(&timer, tsc_now());
		break;
	case 5:
		stray_jump();
		break;
	default:
		break;
	}
	return IO_DONE;
}

int __wrap_vpm_create(struct vm *vm, const struct vpm_ops *ops)
{
	int err = __real_vpm_create(vm, ops);

	return err ? err : io_region_add(vm, &(struct io_region){ IO_PORT, PLANT_PORT, 1, plant, NULL });
}
