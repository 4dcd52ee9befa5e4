/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of this module share: the VM behind an open file.
 *
 * Locks, outermost first:
 *	vm->sem		rwsem. Written by create and destroy, read by all other
 *			calls: whoever holds it can rely on vm->vmid.
 *	vm->mem_lock	mutex: vm->segments.
 *	vm->event_lock	mutex: vm->irqfds, and changes of vm->doorbells.
 *	hsm_vms_lock	spinlock (interrupts off): the list of VMs that upcalls scan.
 *	vm->slot_lock	spinlock (interrupts off): the IOREQ slots' bookkeeping and
 *			vm->doorbells.
 *
 * The fields of polling are used by whoever waits for requests, normally one
 * thread; several of them at worst poll too much or too little.
 */
#pragma once
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/sched.h>
#include "public/hsm_ioctl.h"
#include "public/ioreq.h"
#include "public/trace.h"

#define HSM_NO_VM	0xFFFFu

/* Tell the person at the console what a caller did wrong, but not too often. */
#define hsm_refuse(fmt, ...) \
	pr_info_ratelimited("refused: " fmt "\n", ##__VA_ARGS__)

struct hsm_vm {
	struct rw_semaphore sem;
	u16 vmid;			/* relative VM id, HSM_NO_VM before creation [sem] */
	u16 vcpu_num;			/* [sem] */

	struct list_head list;		/* in the list of VMs [hsm_vms_lock] */

	spinlock_t slot_lock;
	struct acrn_io_request *slots;	/* the IOREQ page, NULL without VM [slot_lock] */
	struct page *slots_page;	/* the same, pinned [sem] */
	bool has_client;		/* the device model takes requests [slot_lock] */
	bool state_changed;		/* state_seq moved, not told yet [slot_lock] */
	u32 state_seq;			/* last seen [slot_lock] */
	u32 user_slots;			/* bit n: slot n is with the device model [slot_lock] */
	u32 conf_addr;			/* PCI configuration address register [slot_lock] */
	u32 poll_skip;			/* waits left before polling is tried again */
	u32 poll_backoff;		/* poll_skip after the next vain try */
	struct task_struct *waiter;	/* who sleeps in hsm_ioreq_wait() [slot_lock] */
	struct list_head doorbells;	/* ioeventfds [slot_lock, event_lock] */
	struct shared_buf *ring;	/* numbers of ioeventfds that rang, NULL: none [slot_lock, event_lock] */
	u64 last_number;		/* given to an ioeventfd [event_lock] */

	struct mutex event_lock;
	struct list_head irqfds;	/* [event_lock] */

	struct mutex mem_lock;
	struct list_head segments;	/* pinned RAM [mem_lock] */
};

/* vm.c */
void hsm_vm_init(struct hsm_vm *vm);
void hsm_vm_release(struct hsm_vm *vm);
long hsm_vm_create(struct hsm_vm *vm, unsigned long arg);
long hsm_vm_destroy(struct hsm_vm *vm, unsigned long arg);
long hsm_vm_start(struct hsm_vm *vm, unsigned long arg);
long hsm_vm_pause(struct hsm_vm *vm, unsigned long arg);
long hsm_vm_reset(struct hsm_vm *vm, unsigned long arg);
long hsm_vm_set_regs(struct hsm_vm *vm, unsigned long arg);
long hsm_vm_state(struct hsm_vm *vm, unsigned long arg);
long hsm_vm_cpu_state(struct hsm_vm *vm, unsigned long arg);
void hsm_upcall(void);

/* stats.c */
long hsm_vm_info(struct hsm_vm *vm, unsigned long arg);
long hsm_cpus(struct hsm_vm *vm, unsigned long arg);
long hsm_vcpu_stats(struct hsm_vm *vm, unsigned long arg);

/* mem.c */
long hsm_mem_set(struct hsm_vm *vm, unsigned long arg);
long hsm_mem_unset(struct hsm_vm *vm, unsigned long arg);
void hsm_mem_release(struct hsm_vm *vm, bool vm_gone);

/* ioreq.c */
int hsm_ioreq_open(struct hsm_vm *vm, unsigned long user_page);
void hsm_ioreq_close(struct hsm_vm *vm);
void hsm_ioreq_unpin(struct hsm_vm *vm);
void hsm_ioreq_scan(struct hsm_vm *vm);
void hsm_ioreq_forget(struct hsm_vm *vm);
long hsm_ioreq_client_create(struct hsm_vm *vm, unsigned long arg);
long hsm_ioreq_client_destroy(struct hsm_vm *vm, unsigned long arg);
long hsm_ioreq_attach(struct hsm_vm *vm, unsigned long arg);
long hsm_ioreq_clear(struct hsm_vm *vm, unsigned long arg);
long hsm_ioreq_notify(struct hsm_vm *vm, unsigned long arg);
long hsm_ioreq_finish_and_wait(struct hsm_vm *vm, unsigned long arg);

/* ioeventfd.c */
struct hsm_access;
bool hsm_ioeventfd_ring(struct hsm_vm *vm, const struct hsm_access *access);
bool hsm_ioeventfd_waits(const struct hsm_vm *vm);
void hsm_ioeventfd_drain(struct hsm_vm *vm);
void hsm_ioeventfd_unshare(struct hsm_vm *vm);
long hsm_ioeventfd(struct hsm_vm *vm, unsigned long arg);
void hsm_ioeventfd_release(struct hsm_vm *vm);

/* irqfd.c */
int hsm_irqfd_init(void);
void hsm_irqfd_fini(void);
long hsm_irqfd(struct hsm_vm *vm, unsigned long arg);
void hsm_irqfd_release(struct hsm_vm *vm);
long hsm_inject_msi(struct hsm_vm *vm, unsigned long arg);
long hsm_set_irqline(struct hsm_vm *vm, unsigned long arg);
long hsm_intr_monitor(struct hsm_vm *vm, unsigned long arg);

/* assign.c */
long hsm_pcidev_assign(struct hsm_vm *vm, unsigned long arg);
long hsm_pcidev_deassign(struct hsm_vm *vm, unsigned long arg);
long hsm_mmiodev_assign(struct hsm_vm *vm, unsigned long arg);
long hsm_mmiodev_deassign(struct hsm_vm *vm, unsigned long arg);
long hsm_vdev_create(struct hsm_vm *vm, unsigned long arg);
long hsm_vdev_destroy(struct hsm_vm *vm, unsigned long arg);
long hsm_ptdev_irq_set(struct hsm_vm *vm, unsigned long arg);
long hsm_ptdev_irq_reset(struct hsm_vm *vm, unsigned long arg);

/* log_trace.c */
void hsm_log_trace_init(void);
void hsm_log_trace_fini(void);

/* notify.c */
int hsm_notify_init(void);
void hsm_notify_fini(void);
