// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts into a VM: MSIs, interrupt lines, irqfds (an eventfd whose signal
 * is an MSI), and the monitor of interrupt counts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include "hsm.h"
#include "hypercall.h"

/*
 * One irqfd. Whoever takes it out of vm->irqfds (under event_lock) frees it:
 * the caller's DEASSIGN, the end of the VM, or the work that follows the
 * closing of the eventfd.
 */
struct hsm_irqfd {
	struct list_head list;		/* vm->irqfds; to itself when taken out */
	struct hsm_vm *vm;
	struct eventfd_ctx *eventfd;
	struct acrn_msi_entry msi;
	wait_queue_entry_t wait;	/* in the eventfd's queue */
	poll_table poll;
	struct work_struct closed;
};

static struct workqueue_struct *irqfd_wq;
/* One MSI per CPU, so that injecting allocates nothing. */
static struct acrn_msi_entry *msi_per_cpu;

/* hsm_irqfd_init() - at module load. */
int hsm_irqfd_init(void)
{
	msi_per_cpu = kcalloc(nr_cpu_ids, sizeof(*msi_per_cpu), GFP_KERNEL);
	if (!msi_per_cpu)
		return -ENOMEM;
	irqfd_wq = alloc_workqueue("quercus_hsm_irqfd", 0, 0);
	if (!irqfd_wq) {
		kfree(msi_per_cpu);
		return -ENOMEM;
	}
	return 0;
}

/* hsm_irqfd_fini() - at module unload, when no VM is left. */
void hsm_irqfd_fini(void)
{
	destroy_workqueue(irqfd_wq);
	kfree(msi_per_cpu);
}

/* Leave the eventfd: after this it injects nothing more. */
static void irqfd_leave(struct hsm_irqfd *irqfd)
{
	u64 count;

	eventfd_ctx_remove_wait_queue(irqfd->eventfd, &irqfd->wait, &count);
}

/* Free one taken out of the list, from anywhere but its own work. No lock held. */
static void irqfd_free(struct hsm_irqfd *irqfd)
{
	irqfd_leave(irqfd);
	/* The file may have been closed meanwhile; the work then finds nothing to do. */
	cancel_work_sync(&irqfd->closed);
	eventfd_ctx_put(irqfd->eventfd);
	kfree(irqfd);
}

/* The eventfd was closed by its last user. */
static void irqfd_closed(struct work_struct *work)
{
	struct hsm_irqfd *irqfd = container_of(work, struct hsm_irqfd, closed);
	struct hsm_vm *vm = irqfd->vm;
	bool mine;

	mutex_lock(&vm->event_lock);
	mine = !list_empty(&irqfd->list);
	list_del_init(&irqfd->list);
	mutex_unlock(&vm->event_lock);
	if (!mine)
		return;
	irqfd_leave(irqfd);
	eventfd_ctx_put(irqfd->eventfd);
	kfree(irqfd);
}

static void irqfd_inject(struct hsm_irqfd *irqfd)
{
	int ret = hc(HC_INJECT_MSI, irqfd->vm->vmid, virt_to_phys(&irqfd->msi));

	if (ret)
		pr_warn_ratelimited("VM %u: MSI 0x%llx, 0x%llx of an irqfd not injected (%d)\n",
				    irqfd->vm->vmid, irqfd->msi.msi_addr,
				    irqfd->msi.msi_data, ret);
}

/* The eventfd was signalled or closed. Its queue's lock is held, interrupts are off. */
static int irqfd_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct hsm_irqfd *irqfd = container_of(wait, struct hsm_irqfd, wait);
	__poll_t events = key_to_poll(key);
	u64 count;

	if (events & EPOLLIN) {
		/* Take the count, or writers would block one day. */
		eventfd_ctx_do_read(irqfd->eventfd, &count);
		irqfd_inject(irqfd);
	}
	if (events & EPOLLHUP)
		queue_work(irqfd_wq, &irqfd->closed);
	return 0;
}

static void irqfd_queue(struct file *file, wait_queue_head_t *head, poll_table *poll)
{
	struct hsm_irqfd *irqfd = container_of(poll, struct hsm_irqfd, poll);

	add_wait_queue(head, &irqfd->wait);
}

/* Join the eventfd's queue and the VM's list. Caller holds event_lock. */
static int irqfd_join(struct hsm_vm *vm, struct hsm_irqfd *irqfd, struct file *file)
{
	struct hsm_irqfd *other;

	list_for_each_entry(other, &vm->irqfds, list) {
		if (other->eventfd == irqfd->eventfd) {
			hsm_refuse("irqfd: this eventfd is one already");
			return -EBUSY;
		}
	}
	list_add_tail(&irqfd->list, &vm->irqfds);
	init_waitqueue_func_entry(&irqfd->wait, irqfd_wake);
	init_poll_funcptr(&irqfd->poll, irqfd_queue);
	/* What was signalled before nobody saw. */
	if (vfs_poll(file, &irqfd->poll) & EPOLLIN)
		irqfd_inject(irqfd);
	return 0;
}

static int irqfd_assign(struct hsm_vm *vm, const struct acrn_irqfd *args)
{
	struct hsm_irqfd *irqfd;
	struct fd f;
	int ret;

	irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);
	if (!irqfd)
		return -ENOMEM;
	INIT_LIST_HEAD(&irqfd->list);
	INIT_WORK(&irqfd->closed, irqfd_closed);
	irqfd->vm = vm;
	irqfd->msi = args->msi;
	f = fdget(args->fd);
	if (!f.file) {
		ret = -EBADF;
		goto undo_alloc;
	}
	irqfd->eventfd = eventfd_ctx_fileget(f.file);
	if (IS_ERR(irqfd->eventfd)) {
		ret = PTR_ERR(irqfd->eventfd);
		goto undo_fd;
	}
	mutex_lock(&vm->event_lock);
	ret = irqfd_join(vm, irqfd, f.file);
	mutex_unlock(&vm->event_lock);
	if (ret)
		goto undo_eventfd;
	/* Until here the file kept the eventfd from being closed under us. */
	fdput(f);
	return 0;

undo_eventfd:
	eventfd_ctx_put(irqfd->eventfd);
undo_fd:
	fdput(f);
undo_alloc:
	kfree(irqfd);
	return ret;
}

static int irqfd_deassign(struct hsm_vm *vm, const struct acrn_irqfd *args)
{
	struct hsm_irqfd *irqfd, *found = NULL;
	struct eventfd_ctx *eventfd;

	eventfd = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	mutex_lock(&vm->event_lock);
	list_for_each_entry(irqfd, &vm->irqfds, list) {
		if (irqfd->eventfd == eventfd) {
			found = irqfd;
			list_del_init(&found->list);
			break;
		}
	}
	mutex_unlock(&vm->event_lock);
	if (found)
		irqfd_free(found);
	eventfd_ctx_put(eventfd);
	return found ? 0 : -ENOENT;
}

/* hsm_irqfd() - HSM_IOC_IRQFD. */
long hsm_irqfd(struct hsm_vm *vm, unsigned long arg)
{
	struct acrn_irqfd args;

	if (copy_from_user(&args, (void __user *)arg, sizeof(args)))
		return -EFAULT;
	if (args.flags & ~IRQFD_DEASSIGN) {
		hsm_refuse("irqfd: flags 0x%x, only bit 0 is known", args.flags);
		return -EINVAL;
	}
	if (args.flags & IRQFD_DEASSIGN)
		return irqfd_deassign(vm, &args);
	return irqfd_assign(vm, &args);
}

/* One irqfd taken out of the list, NULL when there is none. */
static struct hsm_irqfd *irqfd_take(struct hsm_vm *vm)
{
	struct hsm_irqfd *irqfd;

	mutex_lock(&vm->event_lock);
	irqfd = list_first_entry_or_null(&vm->irqfds, struct hsm_irqfd, list);
	if (irqfd)
		list_del_init(&irqfd->list);
	mutex_unlock(&vm->event_lock);
	return irqfd;
}

/* hsm_irqfd_release() - the VM ends: after this nothing is injected into it. */
void hsm_irqfd_release(struct hsm_vm *vm)
{
	struct hsm_irqfd *irqfd;

	while ((irqfd = irqfd_take(vm)) != NULL)
		irqfd_free(irqfd);
	/* Works that took their irqfd before us still use the VM. */
	flush_workqueue(irqfd_wq);
}

/* hsm_inject_msi() - HSM_IOC_INJECT_MSI; nothing is allocated. */
long hsm_inject_msi(struct hsm_vm *vm, unsigned long arg)
{
	struct acrn_msi_entry msi, *mine;
	int ret;

	if (copy_from_user(&msi, (void __user *)arg, sizeof(msi)))
		return -EFAULT;
	mine = &msi_per_cpu[get_cpu()];
	*mine = msi;
	ret = hc(HC_INJECT_MSI, vm->vmid, virt_to_phys(mine));
	put_cpu();
	return ret;
}

/* hsm_set_irqline() - HSM_IOC_SET_IRQLINE; arg is an IRQLINE() value. */
long hsm_set_irqline(struct hsm_vm *vm, unsigned long arg)
{
	if (IRQLINE_OP(arg) > IRQLINE_FALLING_PULSE) {
		hsm_refuse("irq line: operations 0 to 3 are known, not %u", IRQLINE_OP(arg));
		return -EINVAL;
	}
	return hc(HC_SET_IRQLINE, vm->vmid, arg);
}

/* hsm_intr_monitor() - HSM_IOC_VM_INTR_MONITOR; the answer overwrites the question. */
long hsm_intr_monitor(struct hsm_vm *vm, unsigned long arg)
{
	struct acrn_intr_monitor *monitor;
	long ret = -EINVAL;

	/* Smaller than the 512 bytes kmalloc rounds to, so within one page. */
	monitor = memdup_user((void __user *)arg, sizeof(*monitor));
	if (IS_ERR(monitor))
		return PTR_ERR(monitor);
	if (monitor->buf_cnt > INTR_MONITOR_WORDS)
		hsm_refuse("interrupt monitor: at most %d words", INTR_MONITOR_WORDS);
	else
		ret = hc(HC_VM_INTR_MONITOR, vm->vmid, virt_to_phys(monitor));
	if (!ret && copy_to_user((void __user *)arg, monitor, sizeof(*monitor)))
		ret = -EFAULT;
	kfree(monitor);
	return ret;
}
