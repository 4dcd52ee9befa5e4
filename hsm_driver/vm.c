// SPDX-License-Identifier: GPL-2.0
/* A VM's life: create, start, pause, reset, destroy; and the list upcalls scan. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hsm.h"
#include "hypercall.h"

static LIST_HEAD(hsm_vms);
static DEFINE_SPINLOCK(hsm_vms_lock);

/* hsm_upcall() - the hypervisor has something for some VM. Hard interrupt context. */
void hsm_upcall(void)
{
	struct hsm_vm *vm;
	unsigned long flags;

	spin_lock_irqsave(&hsm_vms_lock, flags);
	list_for_each_entry(vm, &hsm_vms, list)
		hsm_ioreq_scan(vm);
	spin_unlock_irqrestore(&hsm_vms_lock, flags);
}

static void vm_list(struct hsm_vm *vm)
{
	spin_lock_irq(&hsm_vms_lock);
	list_add_tail(&vm->list, &hsm_vms);
	spin_unlock_irq(&hsm_vms_lock);
}

/* After this no upcall looks at the VM, and none is looking. */
static void vm_unlist(struct hsm_vm *vm)
{
	spin_lock_irq(&hsm_vms_lock);
	list_del_init(&vm->list);
	spin_unlock_irq(&hsm_vms_lock);
}

/* hsm_vm_init() - prepare the zeroed VM of a newly opened file. */
void hsm_vm_init(struct hsm_vm *vm)
{
	init_rwsem(&vm->sem);
	vm->vmid = HSM_NO_VM;
	INIT_LIST_HEAD(&vm->list);
	spin_lock_init(&vm->slot_lock);
	INIT_LIST_HEAD(&vm->doorbells);
	mutex_init(&vm->event_lock);
	INIT_LIST_HEAD(&vm->irqfds);
	mutex_init(&vm->mem_lock);
	INIT_LIST_HEAD(&vm->segments);
}

/*
 * Stop the VM and let the hypervisor forget it, then give back its memory. On
 * failure the VM stays known, without events, and may be destroyed again.
 * Caller holds vm->sem for writing.
 */
static int vm_end(struct hsm_vm *vm)
{
	int ret;

	vm_unlist(vm);
	hsm_irqfd_release(vm);
	hsm_ioeventfd_release(vm);
	hsm_ioreq_close(vm);
	/* A VM that never ran or is paused already may refuse; destroying it decides. */
	hc(HC_PAUSE_VM, vm->vmid, 0);
	ret = hc(HC_DESTROY_VM, vm->vmid, 0);
	if (ret) {
		pr_err("VM %u cannot be destroyed (%d)\n", vm->vmid, ret);
		return ret;
	}
	vm->vmid = HSM_NO_VM;
	hsm_mem_release(vm, true);
	hsm_ioeventfd_unshare(vm);
	hsm_ioreq_unpin(vm);
	return 0;
}

/*
 * hsm_vm_release() - the file is closed: end the VM and free it. If the
 * hypervisor keeps the VM, pages it may still use stay pinned for good.
 */
void hsm_vm_release(struct hsm_vm *vm)
{
	down_write(&vm->sem);
	if (vm->vmid != HSM_NO_VM && vm_end(vm)) {
		hsm_mem_release(vm, false);
		pr_err("VM %u stays behind, and its IOREQ page stays pinned\n", vm->vmid);
	}
	up_write(&vm->sem);
	kfree(vm);
}

/* Ask the hypervisor for the VM, then give it its IOREQ page. Caller holds vm->sem for writing. */
static int vm_begin(struct hsm_vm *vm, struct acrn_vm_creation *args)
{
	int ret;

	ret = hc(HC_CREATE_VM, virt_to_phys(args), 0);
	if (ret) {
		hsm_refuse("the hypervisor did not create VM \"%.*s\" (%d)",
			   ACRN_VM_NAME_LEN, args->name, ret);
		return ret;
	}
	if (args->vmid == 0 || args->vmid == HSM_NO_VM ||
	    args->vcpu_num == 0 || args->vcpu_num > IOREQ_SLOTS) {
		pr_err("created VM has id %u and %u vCPUs; ids from 1 and 1 to %u vCPUs are possible\n",
		       args->vmid, args->vcpu_num, IOREQ_SLOTS);
		hc(HC_PAUSE_VM, args->vmid, 0);
		hc(HC_DESTROY_VM, args->vmid, 0);
		return -EIO;
	}
	vm->vmid = args->vmid;
	vm->vcpu_num = args->vcpu_num;
	ret = hsm_ioreq_open(vm, args->ioreq_buf);
	if (ret) {
		vm_end(vm);
		return ret;
	}
	vm_list(vm);
	return 0;
}

/* hsm_vm_create() - HSM_IOC_CREATE_VM: one VM per open file. */
long hsm_vm_create(struct hsm_vm *vm, unsigned long arg)
{
	struct acrn_vm_creation *args;
	long ret;

	args = memdup_user((void __user *)arg, sizeof(*args));
	if (IS_ERR(args))
		return PTR_ERR(args);
	ret = -EINVAL;
	if (args->reserved0 || args->reserved1 ||
	    strnlen(args->name, ACRN_VM_NAME_LEN) == ACRN_VM_NAME_LEN) {
		hsm_refuse("create VM: reserved fields must be 0, the name shorter than %d",
			   ACRN_VM_NAME_LEN);
		goto out_free;
	}
	ret = -EINTR;
	if (down_write_killable(&vm->sem))
		goto out_free;
	ret = -EBUSY;
	if (vm->vmid != HSM_NO_VM) {
		hsm_refuse("create VM: this file already has VM %u", vm->vmid);
		goto out_unlock;
	}
	ret = vm_begin(vm, args);
	if (!ret && copy_to_user((void __user *)arg, args, sizeof(*args))) {
		vm_end(vm);
		ret = -EFAULT;
	}
out_unlock:
	up_write(&vm->sem);
out_free:
	kfree(args);
	return ret;
}

/* hsm_vm_destroy() - HSM_IOC_DESTROY_VM, in any state of the VM. */
long hsm_vm_destroy(struct hsm_vm *vm, unsigned long arg)
{
	long ret;

	if (down_write_killable(&vm->sem))
		return -EINTR;
	ret = vm->vmid == HSM_NO_VM ? -EINVAL : vm_end(vm);
	up_write(&vm->sem);
	return ret;
}

/* hsm_vm_start() - HSM_IOC_START_VM. */
long hsm_vm_start(struct hsm_vm *vm, unsigned long arg)
{
	return hc(HC_START_VM, vm->vmid, 0);
}

/* hsm_vm_pause() - HSM_IOC_PAUSE_VM. */
long hsm_vm_pause(struct hsm_vm *vm, unsigned long arg)
{
	return hc(HC_PAUSE_VM, vm->vmid, 0);
}

/* hsm_vm_reset() - HSM_IOC_RESET_VM of a paused VM; requests in flight are void. */
long hsm_vm_reset(struct hsm_vm *vm, unsigned long arg)
{
	int ret = hc(HC_RESET_VM, vm->vmid, 0);

	if (!ret)
		hsm_ioreq_forget(vm);
	return ret;
}

static bool regs_reserved_clear(const struct acrn_vcpu_regs *r)
{
	return !memchr_inv(r->reserved, 0, sizeof(r->reserved)) &&
	       !memchr_inv(r->vcpu_regs.gdt.reserved, 0, sizeof(r->vcpu_regs.gdt.reserved)) &&
	       !memchr_inv(r->vcpu_regs.idt.reserved, 0, sizeof(r->vcpu_regs.idt.reserved)) &&
	       !memchr_inv(r->vcpu_regs.reserved_64, 0, sizeof(r->vcpu_regs.reserved_64)) &&
	       !memchr_inv(r->vcpu_regs.reserved_32, 0, sizeof(r->vcpu_regs.reserved_32));
}

/* hsm_vm_set_regs() - HSM_IOC_SET_VCPU_REGS; the hypervisor checks the values. */
long hsm_vm_set_regs(struct hsm_vm *vm, unsigned long arg)
{
	struct acrn_vcpu_regs *regs;
	long ret = -EINVAL;

	regs = memdup_user((void __user *)arg, sizeof(*regs));
	if (IS_ERR(regs))
		return PTR_ERR(regs);
	if (!regs_reserved_clear(regs) || regs->vcpu_id >= vm->vcpu_num)
		hsm_refuse("set registers: reserved fields must be 0, the vCPU below %u",
			   vm->vcpu_num);
	else
		ret = hc(HC_SET_VCPU_REGS, vm->vmid, virt_to_phys(regs));
	kfree(regs);
	return ret;
}

/* hsm_vm_state() - HSM_IOC_Q_VM_STATE; -ENOTTY from a hypervisor without it. */
long hsm_vm_state(struct hsm_vm *vm, unsigned long arg)
{
	struct hc_q_vm_state *state;
	long ret = -ENOTTY;

	if (!(hc_extensions() & HV_EXT_Q_HYPERCALLS))
		return ret;
	state = kzalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	ret = hc(HC_Q_VM_STATE, vm->vmid, virt_to_phys(state));
	if (!ret && copy_to_user((void __user *)arg, state, sizeof(*state)))
		ret = -EFAULT;
	kfree(state);
	return ret;
}

/* Bytes HSM_IOC_PM_GET_CPU_STATE copies out for a command, 0 for an unknown one. */
static size_t cpu_state_size(u64 cmd)
{
	switch (PMCMD_TYPE(cmd)) {
	case PMCMD_GET_PX_CNT:
	case PMCMD_GET_CX_CNT:
		return sizeof(u64);
	case PMCMD_GET_PX_DATA:
		return sizeof(struct acrn_pstate_data);
	case PMCMD_GET_CX_DATA:
		return sizeof(struct acrn_cstate_data);
	}
	return 0;
}

/* hsm_vm_cpu_state() - HSM_IOC_PM_GET_CPU_STATE, always of the file's own VM. */
long hsm_vm_cpu_state(struct hsm_vm *vm, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	size_t size;
	void *data;
	u64 cmd;
	long ret;

	if (copy_from_user(&cmd, user, sizeof(cmd)))
		return -EFAULT;
	size = cpu_state_size(cmd);
	if (!size) {
		hsm_refuse("CPU state: commands 0 to 3 are known, not %u", PMCMD_TYPE(cmd));
		return -EINVAL;
	}
	if (vm->vmid > PMCMD_VM_MASK >> PMCMD_VM_SHIFT) {
		hsm_refuse("CPU state: VM id %u does not fit the command", vm->vmid);
		return -EINVAL;
	}
	data = kzalloc(size, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	cmd = (u32)cmd & ~PMCMD_VM_MASK;
	cmd |= (u64)vm->vmid << PMCMD_VM_SHIFT;
	ret = hc(HC_PM_GET_CPU_STATE, cmd, virt_to_phys(data));
	if (!ret && copy_to_user(user, data, size))
		ret = -EFAULT;
	kfree(data);
	return ret;
}
