// SPDX-License-Identifier: GPL-2.0
/*
 * ioeventfds: a guest's write at a certain address becomes a signal on an
 * eventfd, in the upcall's interrupt handler, without the device model.
 *
 * With IOEVENTFD_ASYNCIO the hypervisor knows the address, too: it puts the
 * ioeventfd's number into a ring of the VM and the guest goes on. The rest is
 * the same, and what finds no room in the ring comes as a request.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/eventfd.h>
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hsm.h"
#include "hypercall.h"
#include "match.h"

struct hsm_ioeventfd {
	struct list_head list;		/* vm->doorbells */
	struct eventfd_ctx *eventfd;
	struct hsm_doorbell bell;
	u64 number;			/* what the hypervisor puts into the ring, 0: it does not */
};

#define RING_ENTRIES	((PAGE_SIZE - sizeof(struct shared_buf)) / sizeof(u64))

/* hsm_ioeventfd_waits() - whether the ring holds something. A glance, no lock but vm->sem. */
bool hsm_ioeventfd_waits(const struct hsm_vm *vm)
{
	const struct shared_buf *ring = READ_ONCE(vm->ring);

	return ring && READ_ONCE(ring->tail) != READ_ONCE(ring->head);
}

static void signal_number(struct hsm_vm *vm, u64 number)
{
	struct hsm_ioeventfd *e;

	list_for_each_entry(e, &vm->doorbells, list) {
		if (READ_ONCE(e->number) == number) {
			eventfd_signal(e->eventfd, 1);
			return;
		}
	}
	/* Its ioeventfd went meanwhile. */
}

/* hsm_ioeventfd_drain() - signal what the ring names. slot_lock held. */
void hsm_ioeventfd_drain(struct hsm_vm *vm)
{
	struct shared_buf *ring = vm->ring;
	const u64 *data;
	u32 head;

	if (!ring)
		return;
	data = (const u64 *)(ring + 1);
	head = ring->head;
	/* Acquire: the number was written before the index. */
	while (smp_load_acquire(&ring->tail) != head) {
		u64 number = data[head / sizeof(u64)];

		head = (head / sizeof(u64) + 1) % RING_ENTRIES * sizeof(u64);
		/* Barrier: an entry for which no upcall is made, as this one lay there, is seen by the next look at tail. */
		smp_store_mb(ring->head, head);
		signal_number(vm, number);
	}
}

/* Give the hypervisor a ring, unless it has one. Caller holds event_lock. */
static bool share_ring(struct hsm_vm *vm)
{
	struct acrn_sbuf_param *param;
	struct shared_buf *ring;
	int ret = -ENOMEM;

	if (vm->ring)
		return true;
	ring = (struct shared_buf *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	param = kzalloc(sizeof(*param), GFP_KERNEL);
	if (ring && param) {
		ring->magic = SBUF_MAGIC;
		ring->ele_num = RING_ENTRIES;
		ring->ele_size = sizeof(u64);
		ring->size = RING_ENTRIES * sizeof(u64);
		param->sbuf_id = ACRN_SBUF_ASYNCIO;
		param->gpa = virt_to_phys(ring);
		ret = hc(HC_SETUP_SBUF, vm->vmid, virt_to_phys(param));
	}
	kfree(param);
	if (ret) {
		free_page((unsigned long)ring);
		return false;
	}
	spin_lock_irq(&vm->slot_lock);
	vm->ring = ring;
	spin_unlock_irq(&vm->slot_lock);
	return true;
}

/* hsm_ioeventfd_unshare() - free the ring, once the hypervisor has let go of the VM. vm->sem written. */
void hsm_ioeventfd_unshare(struct hsm_vm *vm)
{
	free_page((unsigned long)vm->ring);
	vm->ring = NULL;
}

/* Tell the hypervisor that the ioeventfd comes or goes. */
static int tell(struct hsm_vm *vm, u32 call, const struct hsm_doorbell *bell, u64 number)
{
	struct acrn_asyncio_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
	int ret;

	if (!info)
		return -ENOMEM;
	info->type = bell->type == IOREQ_TYPE_PORTIO ? ASYNCIO_PIO : ASYNCIO_MMIO;
	info->match_data = !bell->wildcard;
	info->addr = bell->addr;
	info->fd = number;
	info->data = bell->data;
	ret = hc(call, vm->vmid, virt_to_phys(info));
	kfree(info);
	return ret;
}

/* Let the hypervisor take the writes; where it will not, they are requests. Caller holds event_lock. */
static void hand_over(struct hsm_vm *vm, struct hsm_ioeventfd *e)
{
	u64 number = vm->last_number + 1;

	if (!share_ring(vm))
		return;
	vm->last_number = number;
	/* In the list it is already: a number that comes at once must find it. */
	WRITE_ONCE(e->number, number);
	if (tell(vm, HC_ASYNCIO_ASSIGN, &e->bell, number))
		WRITE_ONCE(e->number, 0);
}

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
			 const struct hsm_doorbell *bell, bool async)
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
	if (async)
		hand_over(vm, e);
	mutex_unlock(&vm->event_lock);
	return 0;
}

/* Out of the list and freed; caller holds event_lock. */
static void ioeventfd_remove(struct hsm_vm *vm, struct hsm_ioeventfd *e)
{
	/* Without memory for the call the hypervisor keeps it: its numbers mean nobody then. */
	if (e->number)
		tell(vm, HC_ASYNCIO_DEASSIGN, &e->bell, e->number);
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

/* hsm_ioeventfd() - HSM_IOC_IOEVENTFD. IOEVENTFD_ASYNCIO only asks for speed: without help it is one like any other. */
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
	ret = ioeventfd_add(vm, eventfd, &bell, args.flags & IOEVENTFD_ASYNCIO);
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
