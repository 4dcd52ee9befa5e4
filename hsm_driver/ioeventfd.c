// SPDX-License-Identifier: GPL-2.0
/*
 * ioeventfds: a guest's write at a certain address becomes a signal on an
 * eventfd, in the upcall's interrupt handler, without the device model.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/eventfd.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hsm.h"
#include "match.h"

struct hsm_ioeventfd {
	struct list_head list;		/* vm->doorbells */
	struct eventfd_ctx *eventfd;
	struct hsm_doorbell bell;
};

/* hsm_ioeventfd_ring() - signal the eventfd an access belongs to; false: none. slot_lock held. */
bool hsm_ioeventfd_ring(struct hsm_vm *vm, const struct hsm_access *access)
{
	struct hsm_ioeventfd *e;

	list_for_each_entry(e, &vm->doorbells, list) {
		if (doorbell_hit(&e->bell, access)) {
			eventfd_signal(e->eventfd, 1);
			return true;
		}
	}
	return false;
}

static int ioeventfd_add(struct hsm_vm *vm, struct eventfd_ctx *eventfd,
			 const struct hsm_doorbell *bell)
{
	struct hsm_ioeventfd *e, *other;

	e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	e->eventfd = eventfd;
	e->bell = *bell;
	mutex_lock(&vm->event_lock);
	list_for_each_entry(other, &vm->doorbells, list) {
		if (!doorbell_clash(&other->bell, bell))
			continue;
		mutex_unlock(&vm->event_lock);
		kfree(e);
		hsm_refuse("ioeventfd: 0x%llx has one already", bell->addr);
		return -EEXIST;
	}
	spin_lock_irq(&vm->slot_lock);
	list_add_tail(&e->list, &vm->doorbells);
	spin_unlock_irq(&vm->slot_lock);
	mutex_unlock(&vm->event_lock);
	return 0;
}

/* Out of the list and freed; caller holds event_lock. */
static void ioeventfd_remove(struct hsm_vm *vm, struct hsm_ioeventfd *e)
{
	spin_lock_irq(&vm->slot_lock);
	list_del(&e->list);
	spin_unlock_irq(&vm->slot_lock);
	eventfd_ctx_put(e->eventfd);
	kfree(e);
}

static int ioeventfd_del(struct hsm_vm *vm, struct eventfd_ctx *eventfd,
			 const struct hsm_doorbell *bell)
{
	struct hsm_ioeventfd *e, *next;
	int ret = -ENOENT;

	mutex_lock(&vm->event_lock);
	list_for_each_entry_safe(e, next, &vm->doorbells, list) {
		if (e->eventfd != eventfd || e->bell.len != bell->len ||
		    e->bell.wildcard != bell->wildcard || !doorbell_clash(&e->bell, bell))
			continue;
		ioeventfd_remove(vm, e);
		ret = 0;
		break;
	}
	mutex_unlock(&vm->event_lock);
	return ret;
}

/*
 * hsm_ioeventfd() - HSM_IOC_IOEVENTFD. IOEVENTFD_ASYNCIO only asks for speed, so
 * it is accepted and served like any other.
 */
long hsm_ioeventfd(struct hsm_vm *vm, unsigned long arg)
{
	struct acrn_ioeventfd args;
	struct hsm_doorbell bell;
	struct eventfd_ctx *eventfd;
	int ret;

	if (copy_from_user(&args, (void __user *)arg, sizeof(args)))
		return -EFAULT;
	if (doorbell_init(&bell, &args)) {
		hsm_refuse("ioeventfd: flags 0x%x, address 0x%llx, %u bytes: unknown or impossible",
			   args.flags, args.addr, args.len);
		return -EINVAL;
	}
	eventfd = eventfd_ctx_fdget(args.fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	if (args.flags & IOEVENTFD_DEASSIGN) {
		ret = ioeventfd_del(vm, eventfd, &bell);
		eventfd_ctx_put(eventfd);
		return ret;
	}
	ret = ioeventfd_add(vm, eventfd, &bell);
	if (ret)
		eventfd_ctx_put(eventfd);
	return ret;
}

/* hsm_ioeventfd_release() - the VM ends. */
void hsm_ioeventfd_release(struct hsm_vm *vm)
{
	struct hsm_ioeventfd *e, *next;

	mutex_lock(&vm->event_lock);
	list_for_each_entry_safe(e, next, &vm->doorbells, list)
		ioeventfd_remove(vm, e);
	mutex_unlock(&vm->event_lock);
}
