// SPDX-License-Identifier: GPL-2.0
/*
 * I/O requests: from the hypervisor's slots to an ioeventfd or to the device
 * model, and back (public/ioreq.h has the slot's states).
 *
 * Everything happens in the upcall's interrupt handler, without a thread in
 * between: an ioeventfd is signalled and the vCPU released at once, and for the
 * rest the sleeping device-model thread is woken directly. Guests often make
 * one request after the other, so the device model's thread first looks for the
 * next one for a little while itself, which saves the upcall and the waking.
 *
 * The page is also mapped by the device model. What it does there can mislead
 * only its own VM: each field is read once, and what is with whom is kept in
 * vm->user_slots, not in the page.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/bitops.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hsm.h"
#include "hypercall.h"
#include "fold.h"

static unsigned int poll_us = 100;
module_param(poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us, "microseconds to look for a request before sleeping, at most 1000");

#define POLL_US_MAX	1000u
/* A VM whose requests come too late for polling is polled this seldom. */
#define POLL_SKIP_MAX	63u

/* hsm_ioreq_open() - pin the caller's page and make it the VM's IOREQ page. vm->sem written. */
int hsm_ioreq_open(struct hsm_vm *vm, unsigned long user_page)
{
	struct page *page;
	u64 *gpa;
	int ret;

	if (!user_page || !PAGE_ALIGNED(user_page)) {
		hsm_refuse("IOREQ page at 0x%lx: a page-aligned address is needed", user_page);
		return -EINVAL;
	}
	ret = pin_user_pages_fast(user_page, 1, FOLL_WRITE | FOLL_LONGTERM, &page);
	if (ret != 1) {
		hsm_refuse("IOREQ page at 0x%lx is not writable memory", user_page);
		return ret < 0 ? ret : -EFAULT;
	}
	gpa = kmalloc(sizeof(*gpa), GFP_KERNEL);
	if (!gpa) {
		ret = -ENOMEM;
		goto undo_pin;
	}
	*gpa = page_to_phys(page);
	ret = hc(HC_SET_IOREQ_BUFFER, vm->vmid, virt_to_phys(gpa));
	kfree(gpa);
	if (ret) {
		pr_err("VM %u: the hypervisor refused the IOREQ page (%d)\n", vm->vmid, ret);
		goto undo_pin;
	}
	vm->slots_page = page;
	spin_lock_irq(&vm->slot_lock);
	vm->slots = page_address(page);
	WRITE_ONCE(vm->slots[0].polled, 0);
	vm->state_seq = READ_ONCE(vm->slots[0].state_seq);
	vm->state_changed = false;
	vm->user_slots = 0;
	vm->conf_addr = 0;
	spin_unlock_irq(&vm->slot_lock);
	return 0;

undo_pin:
	unpin_user_page(page);
	return ret;
}

/* Caller holds slot_lock; the waiter leaves its own field only under it. */
static void wake_waiter(struct hsm_vm *vm)
{
	if (vm->waiter)
		wake_up_process(vm->waiter);
}

/* hsm_ioreq_close() - no more requests: who waits gets -ENODEV. The page stays pinned. */
void hsm_ioreq_close(struct hsm_vm *vm)
{
	spin_lock_irq(&vm->slot_lock);
	vm->slots = NULL;
	vm->has_client = false;
	vm->user_slots = 0;
	wake_waiter(vm);
	spin_unlock_irq(&vm->slot_lock);
}

/* hsm_ioreq_unpin() - give the page back, once the hypervisor has let go of it. */
void hsm_ioreq_unpin(struct hsm_vm *vm)
{
	if (vm->slots_page)
		unpin_user_pages_dirty_lock(&vm->slots_page, 1, true);
	vm->slots_page = NULL;
}

/* Hand a slot back to the hypervisor and let the vCPU go on. value is stored before. */
static void slot_complete(struct hsm_vm *vm, u32 vcpu)
{
	struct acrn_io_request *req = &vm->slots[vcpu];
	bool polling = READ_ONCE(req->completion_polling);

	/* Release: the hypervisor must see the value when it sees COMPLETE. */
	smp_store_release(&req->processed, IOREQ_COMPLETE);
	if (!polling)
		hc(HC_NOTIFY_REQUEST_FINISH, vm->vmid, vcpu);
}

static void slot_read(struct acrn_io_request *req, struct hsm_access *a)
{
	const struct acrn_mmio_request *r = &req->reqs.mmio_request;

	a->type = READ_ONCE(req->type);
	a->direction = READ_ONCE(r->direction);
	a->address = READ_ONCE(r->address);
	a->size = READ_ONCE(r->size);
	/* The upper half of a port's value is not defined. */
	a->value = READ_ONCE(r->value);
	if (a->type == IOREQ_TYPE_PORTIO)
		a->value = (u32)a->value;
}

/* Give a slot to the device model, and wake it. Caller holds slot_lock. */
static void slot_to_user(struct hsm_vm *vm, u32 vcpu)
{
	struct acrn_io_request *req = &vm->slots[vcpu];

	WRITE_ONCE(req->kernel_handled, 0);
	/* Release: the folded request must be there when the device model sees PROCESSING. */
	smp_store_release(&req->processed, IOREQ_PROCESSING);
	vm->user_slots |= BIT(vcpu);
	wake_waiter(vm);
}

/* Sort one PENDING slot. Caller holds slot_lock. */
static void slot_dispatch(struct hsm_vm *vm, u32 vcpu)
{
	struct acrn_io_request *req = &vm->slots[vcpu];
	struct acrn_pci_request *pci = &req->reqs.pci_request;
	struct hsm_pci_target target;
	struct hsm_access access;

	slot_read(req, &access);
	switch (fold_access(&vm->conf_addr, &access, &target)) {
	case FOLD_DONE:
		if (access.direction == IOREQ_READ)
			WRITE_ONCE(req->reqs.pio_request.value, vm->conf_addr);
		slot_complete(vm, vcpu);
		return;
	case FOLD_PCI:
		WRITE_ONCE(pci->bus, target.bus);
		WRITE_ONCE(pci->dev, target.dev);
		WRITE_ONCE(pci->func, target.func);
		WRITE_ONCE(pci->reg, target.reg);
		WRITE_ONCE(req->type, IOREQ_TYPE_PCICFG);
		break;
	case FOLD_NONE:
		if (hsm_ioeventfd_ring(vm, &access)) {
			slot_complete(vm, vcpu);
			return;
		}
		break;
	}
	slot_to_user(vm, vcpu);
}

/*
 * hsm_ioreq_scan() - look for new requests and a changed state. Any context.
 * Without a client requests stay PENDING until there is one.
 */
void hsm_ioreq_scan(struct hsm_vm *vm)
{
	unsigned long flags;
	u32 vcpu, seq;

	spin_lock_irqsave(&vm->slot_lock, flags);
	hsm_ioeventfd_drain(vm);
	if (!vm->slots || !vm->has_client)
		goto out;
	for (vcpu = 0; vcpu < vm->vcpu_num; vcpu++) {
		/* Acquire: the request was written before PENDING. */
		if (smp_load_acquire(&vm->slots[vcpu].processed) == IOREQ_PENDING)
			slot_dispatch(vm, vcpu);
	}
	seq = READ_ONCE(vm->slots[0].state_seq);
	if (unlikely(seq != vm->state_seq)) {
		vm->state_seq = seq;
		vm->state_changed = true;
		wake_waiter(vm);
	}
out:
	spin_unlock_irqrestore(&vm->slot_lock, flags);
}

/* hsm_ioreq_forget() - the VM was reset: no slot is in use, no stop is news. */
void hsm_ioreq_forget(struct hsm_vm *vm)
{
	spin_lock_irq(&vm->slot_lock);
	vm->user_slots = 0;
	vm->conf_addr = 0;
	if (vm->slots)
		vm->state_seq = READ_ONCE(vm->slots[0].state_seq);
	vm->state_changed = false;
	spin_unlock_irq(&vm->slot_lock);
}

/* hsm_ioreq_client_create() - HSM_IOC_CREATE_IOREQ_CLIENT: the device model takes requests now. */
long hsm_ioreq_client_create(struct hsm_vm *vm, unsigned long arg)
{
	long ret = 0;

	spin_lock_irq(&vm->slot_lock);
	if (!vm->slots)
		ret = -ENODEV;
	else if (vm->has_client)
		ret = -EEXIST;
	else
		vm->has_client = true;
	spin_unlock_irq(&vm->slot_lock);
	if (!ret)
		hsm_ioreq_scan(vm);
	return ret;
}

/* hsm_ioreq_client_destroy() - HSM_IOC_DESTROY_IOREQ_CLIENT: who waits gets -ENODEV. */
long hsm_ioreq_client_destroy(struct hsm_vm *vm, unsigned long arg)
{
	spin_lock_irq(&vm->slot_lock);
	vm->has_client = false;
	wake_waiter(vm);
	spin_unlock_irq(&vm->slot_lock);
	return 0;
}

/*
 * Sleep until the device model has something to do. Returns the slots that are
 * with it (0: look at state_seq), -ENODEV without client, -EINTR on a signal,
 * -EBUSY while another thread sleeps here. Holds no lock while it sleeps.
 */
static long ioreq_wait(struct hsm_vm *vm)
{
	long ret;

	spin_lock_irq(&vm->slot_lock);
	if (vm->waiter) {
		spin_unlock_irq(&vm->slot_lock);
		hsm_refuse("wait for requests: another thread of this VM already does");
		return -EBUSY;
	}
	for (;;) {
		ret = -ENODEV;
		if (!vm->has_client)
			break;
		ret = vm->user_slots;
		if (ret || vm->state_changed)
			break;
		ret = -EINTR;
		if (signal_pending(current))
			break;
		vm->waiter = current;
		/* Before the unlock, so that a wake-up after it is not lost. */
		set_current_state(TASK_INTERRUPTIBLE);
		spin_unlock_irq(&vm->slot_lock);
		schedule();
		spin_lock_irq(&vm->slot_lock);
	}
	if (ret >= 0)
		vm->state_changed = false;
	vm->waiter = NULL;
	spin_unlock_irq(&vm->slot_lock);
	return ret;
}

/* Whether ioreq_wait() would return at once. A glance without lock. */
static bool ioreq_ready(const struct hsm_vm *vm)
{
	return READ_ONCE(vm->user_slots) || READ_ONCE(vm->state_changed) ||
	       !READ_ONCE(vm->has_client);
}

/* Whether a scan would find something. Caller holds vm->sem. */
static bool ioreq_pending(const struct hsm_vm *vm)
{
	u32 vcpu;

	for (vcpu = 0; vcpu < vm->vcpu_num; vcpu++)
		if (READ_ONCE(vm->slots[vcpu].processed) == IOREQ_PENDING)
			return true;
	return hsm_ioeventfd_waits(vm);
}

/*
 * Look for requests until there is one for the device model, for us at most;
 * what ioeventfds take does not count. Returns whether there was any.
 */
static bool ioreq_look(struct hsm_vm *vm, unsigned int us)
{
	u64 end = local_clock() + us * (u64)NSEC_PER_USEC;
	bool found = false;

	/* Who is not on a CPU does not look: nobody may take it from us silently. */
	preempt_disable();
	WRITE_ONCE(vm->slots[0].polled, 1);
	do {
		cpu_relax();
		if (ioreq_pending(vm)) {
			hsm_ioreq_scan(vm);
			found = true;
		}
	} while (!ioreq_ready(vm) && !need_resched() && single_task_running() &&
		 !signal_pending(current) && local_clock() < end);
	WRITE_ONCE(vm->slots[0].polled, 0);
	preempt_enable();
	return found;
}

/*
 * Take the requests there are; if there is none, look for one for a while.
 * Where looking was in vain, as in a VM with few requests or on a CPU the guest
 * needs itself, the next tries are left out, more of them each time. Caller
 * holds vm->sem and there is a VM.
 */
static void ioreq_poll(struct hsm_vm *vm)
{
	unsigned int us = min(READ_ONCE(poll_us), POLL_US_MAX);

	/* After a destroy that the hypervisor refused there is no page. */
	if (!vm->slots)
		return;
	hsm_ioreq_scan(vm);
	/* PREEMPT_RT: the scan's locks do not go with disabled preemption. */
	if (!us || ioreq_ready(vm) || IS_ENABLED(CONFIG_PREEMPT_RT))
		return;
	if (vm->poll_skip) {
		vm->poll_skip--;
		return;
	}
	if (ioreq_look(vm, us))
		vm->poll_backoff = 0;
	else
		vm->poll_backoff = min(vm->poll_backoff * 2 + 1, POLL_SKIP_MAX);
	vm->poll_skip = vm->poll_backoff;
	/* A request whose upcall was left out just before we stopped must not be missed. */
	smp_mb();
	hsm_ioreq_scan(vm);
}

/* hsm_ioreq_attach() - HSM_IOC_ATTACH_IOREQ_CLIENT: 0 when there is work. */
long hsm_ioreq_attach(struct hsm_vm *vm, unsigned long arg)
{
	long ret;

	down_read(&vm->sem);
	if (vm->vmid != HSM_NO_VM)
		ioreq_poll(vm);
	up_read(&vm->sem);
	ret = ioreq_wait(vm);
	return ret < 0 ? ret : 0;
}

/*
 * The device model is done with a slot. Caller holds vm->sem. -EINVAL when the
 * slot is not with the device model.
 *
 * complete: a slot still PROCESSING is completed for the device model. Without
 * it PROCESSING means that the vCPU saw the device model's COMPLETE, went on,
 * and is back with its next request before we are here; so it does for polling
 * vCPUs in any case.
 */
static int ioreq_finish(struct hsm_vm *vm, u32 vcpu, bool complete)
{
	struct acrn_io_request *req;
	bool polling;

	spin_lock_irq(&vm->slot_lock);
	if (vcpu >= vm->vcpu_num || !vm->slots || !(vm->user_slots & BIT(vcpu))) {
		spin_unlock_irq(&vm->slot_lock);
		hsm_refuse("finish request of vCPU %u: it has none open", vcpu);
		return -EINVAL;
	}
	req = &vm->slots[vcpu];
	polling = READ_ONCE(req->completion_polling);
	if (READ_ONCE(req->processed) == IOREQ_PROCESSING) {
		if (!complete || polling) {
			spin_unlock_irq(&vm->slot_lock);
			return 0;
		}
		/* Release: the value is visible before the state that says so. */
		smp_store_release(&req->processed, IOREQ_COMPLETE);
	}
	vm->user_slots &= ~BIT(vcpu);
	spin_unlock_irq(&vm->slot_lock);
	return polling ? 0 : hc(HC_NOTIFY_REQUEST_FINISH, vm->vmid, vcpu);
}

/* hsm_ioreq_notify() - HSM_IOC_NOTIFY_REQUEST_FINISH. */
long hsm_ioreq_notify(struct hsm_vm *vm, unsigned long arg)
{
	struct acrn_ioreq_notify notify;

	if (copy_from_user(&notify, (void __user *)arg, sizeof(notify)))
		return -EFAULT;
	if (notify.reserved) {
		hsm_refuse("finish request: the reserved field must be 0");
		return -EINVAL;
	}
	return ioreq_finish(vm, notify.vcpu, true);
}

/* hsm_ioreq_finish_and_wait() - HSM_IOC_Q_FINISH_AND_WAIT; arg is the set of finished slots. */
long hsm_ioreq_finish_and_wait(struct hsm_vm *vm, unsigned long arg)
{
	unsigned long rest = arg;
	int ret = 0;

	if (arg >> IOREQ_SLOTS)
		return -EINVAL;
	down_read(&vm->sem);
	if (vm->vmid == HSM_NO_VM)
		ret = -EINVAL;
	for (; rest && !ret; rest &= rest - 1)
		ret = ioreq_finish(vm, __ffs(rest), false);
	if (!ret)
		ioreq_poll(vm);
	up_read(&vm->sem);
	return ret ? ret : ioreq_wait(vm);
}

/*
 * hsm_ioreq_clear() - HSM_IOC_CLEAR_VM_IOREQ: end all open requests; reads give
 * all ones, as from nowhere.
 */
long hsm_ioreq_clear(struct hsm_vm *vm, unsigned long arg)
{
	struct acrn_io_request *req;
	u32 vcpu, state;

	spin_lock_irq(&vm->slot_lock);
	for (vcpu = 0; vm->slots && vcpu < vm->vcpu_num; vcpu++) {
		req = &vm->slots[vcpu];
		state = READ_ONCE(req->processed);
		if (state != IOREQ_PENDING && state != IOREQ_PROCESSING)
			continue;
		if (READ_ONCE(req->reqs.mmio_request.direction) == IOREQ_READ)
			WRITE_ONCE(req->reqs.mmio_request.value, ~0ull);
		slot_complete(vm, vcpu);
	}
	vm->user_slots = 0;
	spin_unlock_irq(&vm->slot_lock);
	return 0;
}
