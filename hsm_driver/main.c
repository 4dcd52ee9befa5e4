// SPDX-License-Identifier: GPL-2.0
/*
 * Quercus HSM: the Service VM's kernel module. It offers /dev/acrn_hsm to the
 * device model; this file holds the device, the table of its calls, and the
 * sysfs file that hands a CPU to the hypervisor.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/smp.h>
#include "hsm.h"
#include "hypercall.h"

/* How the table's entry wants vm->sem. */
enum hsm_hold {
	HOLD_NONE,	/* takes it itself, or sleeps */
	HOLD_READ,	/* read, and there must be a VM */
};

struct hsm_call {
	u32 cmd;
	enum hsm_hold hold;
	long (*fn)(struct hsm_vm *vm, unsigned long arg);
};

#define CALL(command, how, function) \
	[(command) & 0xff] = { .cmd = (command), .hold = (how), .fn = (function) }

/* All calls, by the number in bits 7:0. */
static const struct hsm_call hsm_calls[256] = {
	CALL(HSM_IOC_CREATE_VM, HOLD_NONE, hsm_vm_create),
	CALL(HSM_IOC_DESTROY_VM, HOLD_NONE, hsm_vm_destroy),
	CALL(HSM_IOC_START_VM, HOLD_READ, hsm_vm_start),
	CALL(HSM_IOC_PAUSE_VM, HOLD_READ, hsm_vm_pause),
	CALL(HSM_IOC_RESET_VM, HOLD_READ, hsm_vm_reset),
	CALL(HSM_IOC_SET_VCPU_REGS, HOLD_READ, hsm_vm_set_regs),
	CALL(HSM_IOC_Q_VM_STATE, HOLD_READ, hsm_vm_state),
	CALL(HSM_IOC_Q_VM_INFO, HOLD_NONE, hsm_vm_info),
	CALL(HSM_IOC_Q_VCPU_STATS, HOLD_NONE, hsm_vcpu_stats),
	CALL(HSM_IOC_Q_CPUS, HOLD_NONE, hsm_cpus),
	CALL(HSM_IOC_PM_GET_CPU_STATE, HOLD_READ, hsm_vm_cpu_state),

	CALL(HSM_IOC_INJECT_MSI, HOLD_READ, hsm_inject_msi),
	CALL(HSM_IOC_SET_IRQLINE, HOLD_READ, hsm_set_irqline),
	CALL(HSM_IOC_VM_INTR_MONITOR, HOLD_READ, hsm_intr_monitor),

	CALL(HSM_IOC_CREATE_IOREQ_CLIENT, HOLD_READ, hsm_ioreq_client_create),
	CALL(HSM_IOC_DESTROY_IOREQ_CLIENT, HOLD_READ, hsm_ioreq_client_destroy),
	CALL(HSM_IOC_ATTACH_IOREQ_CLIENT, HOLD_NONE, hsm_ioreq_attach),
	CALL(HSM_IOC_NOTIFY_REQUEST_FINISH, HOLD_READ, hsm_ioreq_notify),
	CALL(HSM_IOC_Q_FINISH_AND_WAIT, HOLD_NONE, hsm_ioreq_finish_and_wait),
	CALL(HSM_IOC_CLEAR_VM_IOREQ, HOLD_READ, hsm_ioreq_clear),

	CALL(HSM_IOC_SET_MEMSEG, HOLD_READ, hsm_mem_set),
	CALL(HSM_IOC_UNSET_MEMSEG, HOLD_READ, hsm_mem_unset),

	CALL(HSM_IOC_SET_PTDEV_INTR, HOLD_READ, hsm_ptdev_irq_set),
	CALL(HSM_IOC_RESET_PTDEV_INTR, HOLD_READ, hsm_ptdev_irq_reset),
	CALL(HSM_IOC_ASSIGN_PCIDEV, HOLD_READ, hsm_pcidev_assign),
	CALL(HSM_IOC_DEASSIGN_PCIDEV, HOLD_READ, hsm_pcidev_deassign),
	CALL(HSM_IOC_ASSIGN_MMIODEV, HOLD_READ, hsm_mmiodev_assign),
	CALL(HSM_IOC_DEASSIGN_MMIODEV, HOLD_READ, hsm_mmiodev_deassign),
	CALL(HSM_IOC_CREATE_VDEV, HOLD_READ, hsm_vdev_create),
	CALL(HSM_IOC_DESTROY_VDEV, HOLD_READ, hsm_vdev_destroy),

	CALL(HSM_IOC_IOEVENTFD, HOLD_READ, hsm_ioeventfd),
	CALL(HSM_IOC_IRQFD, HOLD_READ, hsm_irqfd),
};

static long hsm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct hsm_call *call = &hsm_calls[cmd & 0xff];
	struct hsm_vm *vm = file->private_data;
	long ret;

	if (!call->fn || call->cmd != cmd)
		return -ENOTTY;
	if (call->hold == HOLD_NONE)
		return call->fn(vm, arg);

	down_read(&vm->sem);
	ret = vm->vmid == HSM_NO_VM ? -EINVAL : call->fn(vm, arg);
	up_read(&vm->sem);
	return ret;
}

static int hsm_open(struct inode *inode, struct file *file)
{
	struct hsm_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL);

	if (!vm)
		return -ENOMEM;
	hsm_vm_init(vm);
	file->private_data = vm;
	return 0;
}

/* The last reference is gone, so no call is running: end the VM whatever it does. */
static int hsm_release(struct inode *inode, struct file *file)
{
	hsm_vm_release(file->private_data);
	return 0;
}

static const struct file_operations hsm_fops = {
	.owner = THIS_MODULE,
	.open = hsm_open,
	.release = hsm_release,
	.unlocked_ioctl = hsm_ioctl,
	.llseek = no_llseek,
};

/* A CPU number written here is taken from Linux and given to the hypervisor. */
static ssize_t remove_cpu_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t count)
{
	unsigned int cpu;
	int ret;

	ret = kstrtouint(buf, 10, &cpu);
	if (ret)
		return ret;
	if (cpu == 0 || cpu >= nr_cpu_ids || !cpu_possible(cpu)) {
		hsm_refuse("remove_cpu %u: a CPU of this VM other than 0 is needed", cpu);
		return -EINVAL;
	}
	ret = remove_cpu(cpu);
	if (ret)
		return ret;
	ret = hc(HC_SERVICE_VM_OFFLINE_CPU, per_cpu(x86_cpu_to_apicid, cpu), 0);
	if (ret) {
		pr_err("the hypervisor did not take CPU %u (%d), Linux gets it back\n", cpu, ret);
		add_cpu(cpu);
		return ret;
	}
	return count;
}
static DEVICE_ATTR_WO(remove_cpu);

static struct attribute *hsm_attrs[] = {
	&dev_attr_remove_cpu.attr,
	NULL
};
ATTRIBUTE_GROUPS(hsm);

static struct miscdevice hsm_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "acrn_hsm",
	.fops = &hsm_fops,
	.groups = hsm_groups,
	.mode = 0600,
};

static int __init hsm_init(void)
{
	int ret;

	if (!hc_present()) {
		pr_err("no ACRN-compatible hypervisor here, so no VMs to serve\n");
		return -ENODEV;
	}
	if (!hc_privileged()) {
		pr_err("this VM is not the Service VM and may not manage others\n");
		return -EPERM;
	}
	ret = hsm_irqfd_init();
	if (ret)
		return ret;
	ret = hsm_notify_init();
	if (ret)
		goto undo_irqfd;
	ret = misc_register(&hsm_device);
	if (ret) {
		pr_err("/dev/acrn_hsm cannot be made (%d); is another HSM loaded?\n", ret);
		goto undo_notify;
	}
	hsm_log_trace_init();
	return 0;

undo_notify:
	hsm_notify_fini();
undo_irqfd:
	hsm_irqfd_fini();
	return ret;
}

static void __exit hsm_exit(void)
{
	hsm_log_trace_fini();
	misc_deregister(&hsm_device);
	hsm_notify_fini();
	hsm_irqfd_fini();
}

module_init(hsm_init);
module_exit(hsm_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Quercus hypervisor service module (/dev/acrn_hsm)");
MODULE_VERSION("0.1");
