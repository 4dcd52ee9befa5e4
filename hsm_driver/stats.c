// SPDX-License-Identifier: GPL-2.0
/* What the hypervisor says of the machine and of every VM, whoever launched it: passed on to whoever may open the device. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hsm.h"
#include "hypercall.h"

/* One call whose answer is a structure of its own, its only argument where @which is NULL; -ENOTTY from a hypervisor without it. */
static long ask(u32 id, const u64 *which, unsigned long arg, size_t size)
{
	void *answer;
	long ret;

	if (!(hc_extensions() & HV_EXT_Q_STATS))
		return -ENOTTY;
	answer = kzalloc(size, GFP_KERNEL);
	if (!answer)
		return -ENOMEM;
	ret = which ? hc(id, *which, virt_to_phys(answer)) : hc(id, virt_to_phys(answer), 0);
	if (!ret && copy_to_user((void __user *)arg, answer, size))
		ret = -EFAULT;
	kfree(answer);
	return ret;
}

/* hsm_vm_info() - HSM_IOC_Q_VM_INFO of any VM. */
long hsm_vm_info(struct hsm_vm *vm, unsigned long arg)
{
	u64 whose;
	u32 which;

	if (get_user(which, &((struct hc_q_vm_info __user *)arg)->which))
		return -EFAULT;
	whose = which;
	return ask(HC_Q_VM_INFO, &whose, arg, sizeof(struct hc_q_vm_info));
}

/* hsm_vcpu_stats() - HSM_IOC_Q_VCPU_STATS of any VM's vCPU. */
long hsm_vcpu_stats(struct hsm_vm *vm, unsigned long arg)
{
	struct hc_q_vcpu_stats __user *user = (void __user *)arg;
	u32 which, vcpu_id;
	u64 whose;

	if (get_user(which, &user->which) || get_user(vcpu_id, &user->vcpu_id))
		return -EFAULT;
	whose = which | (u64)vcpu_id << 32;
	return ask(HC_Q_VCPU_STATS, &whose, arg, sizeof(*user));
}

/* hsm_cpus() - HSM_IOC_Q_CPUS; the call's only argument is where the answer goes. */
long hsm_cpus(struct hsm_vm *vm, unsigned long arg)
{
	return ask(HC_Q_CPUS, NULL, arg, sizeof(struct hc_q_cpus));
}
