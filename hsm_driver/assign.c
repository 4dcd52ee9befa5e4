// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of a VM: physical PCI functions, MMIO devices, devices inside the
 * hypervisor, and INTx pins. The hypervisor checks who may have what; here the
 * caller's structure is copied once and passed on.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hsm.h"
#include "hypercall.h"

/* Copy size bytes from the caller and make hypercall id (vm, copy). */
static long pass_on(struct hsm_vm *vm, u32 id, unsigned long arg, size_t size)
{
	void *copy = memdup_user((void __user *)arg, size);
	long ret;

	if (IS_ERR(copy))
		return PTR_ERR(copy);
	ret = hc(id, vm->vmid, virt_to_phys(copy));
	kfree(copy);
	return ret;
}

/* hsm_pcidev_assign() - HSM_IOC_ASSIGN_PCIDEV. */
long hsm_pcidev_assign(struct hsm_vm *vm, unsigned long arg)
{
	return pass_on(vm, HC_ASSIGN_PCIDEV, arg, sizeof(struct acrn_pcidev));
}

/* hsm_pcidev_deassign() - HSM_IOC_DEASSIGN_PCIDEV. */
long hsm_pcidev_deassign(struct hsm_vm *vm, unsigned long arg)
{
	return pass_on(vm, HC_DEASSIGN_PCIDEV, arg, sizeof(struct acrn_pcidev));
}

/* hsm_mmiodev_assign() - HSM_IOC_ASSIGN_MMIODEV. */
long hsm_mmiodev_assign(struct hsm_vm *vm, unsigned long arg)
{
	return pass_on(vm, HC_ASSIGN_MMIODEV, arg, sizeof(struct acrn_mmiodev));
}

/* hsm_mmiodev_deassign() - HSM_IOC_DEASSIGN_MMIODEV. */
long hsm_mmiodev_deassign(struct hsm_vm *vm, unsigned long arg)
{
	return pass_on(vm, HC_DEASSIGN_MMIODEV, arg, sizeof(struct acrn_mmiodev));
}

/* hsm_vdev_create() - HSM_IOC_CREATE_VDEV. */
long hsm_vdev_create(struct hsm_vm *vm, unsigned long arg)
{
	return pass_on(vm, HC_ADD_VDEV, arg, sizeof(struct acrn_vdev));
}

/* hsm_vdev_destroy() - HSM_IOC_DESTROY_VDEV. */
long hsm_vdev_destroy(struct hsm_vm *vm, unsigned long arg)
{
	return pass_on(vm, HC_REMOVE_VDEV, arg, sizeof(struct acrn_vdev));
}

/* The hypervisor's structure is longer than the caller's; the rest is 0. */
static long ptdev_irq(struct hsm_vm *vm, u32 id, unsigned long arg)
{
	struct acrn_ptdev_irq user;
	struct hc_ptdev_irq *irq;
	long ret;

	if (copy_from_user(&user, (void __user *)arg, sizeof(user)))
		return -EFAULT;
	if (user.type != PTDEV_IRQ_INTX || user.pic_pin > 1) {
		hsm_refuse("pass-through interrupt: type %u, pic_pin %u; type 0 (INTx) and pic_pin 0 or 1 are possible",
			   user.type, user.pic_pin);
		return -EINVAL;
	}
	irq = kzalloc(sizeof(*irq), GFP_KERNEL);
	if (!irq)
		return -ENOMEM;
	irq->type = user.type;
	irq->virt_bdf = user.virt_bdf;
	irq->phys_bdf = user.phys_bdf;
	irq->virt_pin = user.virt_pin;
	irq->phys_pin = user.phys_pin;
	irq->pic_pin = user.pic_pin;
	ret = hc(id, vm->vmid, virt_to_phys(irq));
	kfree(irq);
	return ret;
}

/* hsm_ptdev_irq_set() - HSM_IOC_SET_PTDEV_INTR. */
long hsm_ptdev_irq_set(struct hsm_vm *vm, unsigned long arg)
{
	return ptdev_irq(vm, HC_SET_PTDEV_INTR, arg);
}

/* hsm_ptdev_irq_reset() - HSM_IOC_RESET_PTDEV_INTR. */
long hsm_ptdev_irq_reset(struct hsm_vm *vm, unsigned long arg)
{
	return ptdev_irq(vm, HC_RESET_PTDEV_INTR, arg);
}
