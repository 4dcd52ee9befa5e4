// SPDX-License-Identifier: GPL-2.0
/* The fake hypervisor: as strict about states as the interface allows, no guest. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/irq_work.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "hsm.h"
#include "hypercall.h"
#include "public/mem.h"
#include "public/trace.h"
#include "fake_hv.h"

struct fake_vm {
	u32 state;
	struct acrn_io_request *slots;
	u32 notifies[IOREQ_SLOTS];
	u64 read_value[IOREQ_SLOTS];
	u32 msis;
	u64 last_msi;
	u64 mapped;
	u64 regions;
	struct shared_buf *ring;
	struct acrn_asyncio_info info[FAKE_ASYNCIO];
	u32 nr_infos;
};

/* Relative id n is vms[n - 1]. All under lock. */
static struct fake_vm vms[FAKE_VMS];
static DEFINE_SPINLOCK(lock);
static struct shared_buf *rings[FAKE_CPUS][2];
static u32 fail_id;
static int fail_with;

static void upcall(struct irq_work *work)
{
	hsm_upcall();
}
static struct irq_work upcall_work = IRQ_WORK_INIT_HARD(upcall);

static int vm_create(struct acrn_vm_creation *args)
{
	u32 i;

	for (i = 0; i < FAKE_VMS; i++) {
		if (vms[i].state != Q_VM_POWERED_OFF)
			continue;
		memset(&vms[i], 0, sizeof(vms[i]));
		vms[i].state = Q_VM_CREATED;
		args->vmid = i + 1;
		args->vcpu_num = 2;
		return 0;
	}
	return -EPERM;
}

static int ioreq_buffer(struct fake_vm *vm, u64 page_gpa)
{
	u32 i;

	if (vm->state != Q_VM_CREATED)
		return -EPERM;
	vm->slots = phys_to_virt(page_gpa);
	for (i = 0; i < IOREQ_SLOTS; i++)
		vm->slots[i].processed = IOREQ_FREE;
	return 0;
}

static int notify(struct fake_vm *vm, u64 vcpu)
{
	struct acrn_io_request *req;

	if (vcpu >= 2 || !vm->slots)
		return -EINVAL;
	req = &vm->slots[vcpu];
	if (smp_load_acquire(&req->processed) != IOREQ_COMPLETE)
		return -EINVAL;
	vm->read_value[vcpu] = req->type == IOREQ_TYPE_MMIO ?
			       req->reqs.mmio_request.value : req->reqs.pio_request.value;
	vm->notifies[vcpu]++;
	smp_store_release(&req->processed, IOREQ_FREE);
	return 0;
}

static int set_regions(const struct set_regions *set)
{
	const struct vm_memory_region *r = phys_to_virt(set->regions_gpa);
	struct fake_vm *vm = &vms[set->vmid - 1];
	u32 i;

	for (i = 0; i < set->mr_num; i++) {
		if (!r[i].size || ((r[i].gpa | r[i].service_vm_gpa | r[i].size) & 0xfff))
			return -EINVAL;
		if (r[i].type == MR_DEL) {
			vm->mapped -= min(vm->mapped, r[i].size);
			continue;
		}
		if (hweight32(r[i].prot & MEM_TYPE_MASK) != 1 ||
		    !(r[i].prot & MEM_ACCESS_RIGHT_MASK))
			return -EINVAL;
		vm->mapped += r[i].size;
		vm->regions++;
	}
	return 0;
}

static int asyncio_assign(struct fake_vm *vm, const struct acrn_asyncio_info *info)
{
	if (!vm->slots || vm->nr_infos == FAKE_ASYNCIO)
		return -ENOSPC;
	vm->info[vm->nr_infos++] = *info;
	return 0;
}

static int asyncio_deassign(struct fake_vm *vm, const struct acrn_asyncio_info *info)
{
	u32 i;

	for (i = 0; i < vm->nr_infos; i++) {
		if (memcmp(&vm->info[i], info, sizeof(*info)))
			continue;
		vm->info[i] = vm->info[--vm->nr_infos];
		return 0;
	}
	return -ENOENT;
}

/* A write that is put into the ring; false: it is a request. */
static bool asyncio_put(const struct fake_vm *vm, struct fake_cmd *cmd)
{
	struct shared_buf *ring = vm->ring;
	u32 i, at, next;

	for (i = 0; ring && cmd->direction == IOREQ_WRITE && i < vm->nr_infos; i++) {
		const struct acrn_asyncio_info *n = &vm->info[i];

		if (n->type != (cmd->type == IOREQ_TYPE_PORTIO ? ASYNCIO_PIO : ASYNCIO_MMIO) ||
		    n->addr != cmd->addr || (n->match_data && n->data != cmd->value))
			continue;
		at = ring->tail;
		next = (at + 8) % ring->size;
		if (next == READ_ONCE(ring->head))
			return false;
		((u64 *)(ring + 1))[at / 8] = n->fd;
		smp_store_release(&ring->tail, next);
		smp_mb();
		/* One that waits has had its upcall. */
		cmd->polled = READ_ONCE(vm->slots[0].polled) || READ_ONCE(ring->head) != at;
		cmd->taken = 1;
		return true;
	}
	return false;
}

static int vm_call(u32 id, struct fake_vm *vm, u64 param2)
{
	struct acrn_msi_entry *msi;

	if (vm->state == Q_VM_POWERED_OFF)
		return -EINVAL;
	switch (id) {
	case HC_DESTROY_VM:
		if (vm->state != Q_VM_PAUSED)
			return -EPERM;
		vm->state = Q_VM_POWERED_OFF;
		vm->slots = NULL;
		return 0;
	case HC_START_VM:
		if (vm->state != Q_VM_CREATED || !vm->slots)
			return -EPERM;
		vm->state = Q_VM_RUNNING;
		return 0;
	case HC_PAUSE_VM:
		vm->state = Q_VM_PAUSED;
		return 0;
	case HC_RESET_VM:
		if (vm->state != Q_VM_PAUSED)
			return -EPERM;
		vm->state = Q_VM_CREATED;
		return 0;
	case HC_SET_IOREQ_BUFFER:
		return ioreq_buffer(vm, *(u64 *)phys_to_virt(param2));
	case HC_NOTIFY_REQUEST_FINISH:
		return notify(vm, param2);
	case HC_ASYNCIO_ASSIGN:
		return asyncio_assign(vm, phys_to_virt(param2));
	case HC_ASYNCIO_DEASSIGN:
		return asyncio_deassign(vm, phys_to_virt(param2));
	case HC_INJECT_MSI:
		msi = phys_to_virt(param2);
		vm->msis++;
		vm->last_msi = msi->msi_data;
		return 0;
	case HC_Q_VM_STATE:
		((struct hc_q_vm_state *)phys_to_virt(param2))->state = vm->state;
		return 0;
	case HC_SET_VCPU_REGS:
	case HC_SET_IRQLINE:
		return 0;
	}
	return -ENOTTY;
}

static int setup_sbuf(u64 vm, const struct acrn_sbuf_param *param)
{
	struct shared_buf *buf = param->gpa ? phys_to_virt(param->gpa) : NULL;

	if (vm && vm <= FAKE_VMS && param->sbuf_id == ACRN_SBUF_ASYNCIO) {
		vms[vm - 1].ring = buf;
		return 0;
	}
	if (vm)
		return -EINVAL;
	if (param->cpu_id >= FAKE_CPUS || param->sbuf_id > ACRN_SBUF_LOG ||
	    (buf && (buf->magic != SBUF_MAGIC || buf->size != buf->ele_num * buf->ele_size)))
		return -EINVAL;
	rings[param->cpu_id][param->sbuf_id] = buf;
	return 0;
}

static int ring_put(struct fake_cmd *cmd)
{
	struct shared_buf *buf = rings[cmd->vcpu % FAKE_CPUS][ACRN_SBUF_TRACE];
	u32 i;

	for (i = 0; buf && i < cmd->size; i++) {
		struct acrn_trace_entry *e = (void *)(buf + 1) + buf->tail;

		e->e = cmd->value + i;
		smp_store_release(&buf->tail, (buf->tail + 32) % buf->size);
	}
	cmd->nr_vms = 0;
	for (i = 0; i < FAKE_CPUS; i++)
		cmd->nr_vms += rings[i][ACRN_SBUF_TRACE] != NULL;
	return 0;
}

bool fake_has_stats = true;

/* Slot n is relative id n: the Service VM in slot 0, then the others. */
static int vm_of(u64 which)
{
	u32 slot = (u32)which & ~Q_VM_SLOT(0);

	if (slot >= Q_VM_SLOTS || (u32)which >= Q_VM_SLOT(Q_VM_SLOTS))
		return -EINVAL;
	if (slot && (slot > FAKE_VMS || vms[slot - 1].state == Q_VM_POWERED_OFF))
		return -ENOENT;
	return slot;
}

static int vm_info(u64 which, struct hc_q_vm_info *info)
{
	int slot = vm_of(which);

	if (slot < 0)
		return slot;
	*info = (struct hc_q_vm_info){ .which = which, .slot = slot, .vmid = slot, .nr_vcpus = 2,
				       .load_order = slot ? Q_VM_POST_LAUNCHED : Q_VM_SERVICE,
				       .state = slot ? vms[slot - 1].state : Q_VM_RUNNING };
	return 0;
}

static int vcpu_stats(u64 which, struct hc_q_vcpu_stats *s)
{
	static u64 now;
	int slot = vm_of(which);

	if (slot < 0)
		return slot;
	if (which >> 32 >= 2)
		return -ENOENT;
	now += 1000;
	*s = (struct hc_q_vcpu_stats){ .which = which, .vcpu_id = which >> 32, .time_ns = now, .run_ns = now / 2 };
	return 0;
}

static int dispatch(u32 id, u64 param1, u64 param2)
{
	if (id == HC_Q_VM_INFO)
		return vm_info(param1, phys_to_virt(param2));
	if (id == HC_Q_VCPU_STATS)
		return vcpu_stats(param1, phys_to_virt(param2));
	if (id == HC_Q_CPUS) {
		*(struct hc_q_cpus *)phys_to_virt(param1) = (struct hc_q_cpus){ .nr = FAKE_CPUS, .apic_id = { 0, 2 } };
		return 0;
	}
	if (id == HC_GET_HW_INFO) {
		*(u16 *)phys_to_virt(param1) = FAKE_CPUS;
		return 0;
	}
	if (id == HC_SETUP_SBUF)
		return setup_sbuf(param1, phys_to_virt(param2));
	if (id == HC_CREATE_VM)
		return vm_create(phys_to_virt(param1));
	if (id == HC_VM_SET_MEMORY_REGIONS)
		return set_regions(phys_to_virt(param1));
	if (param1 == 0 || param1 > FAKE_VMS)
		return -EINVAL;
	return vm_call(id, &vms[param1 - 1], param2);
}

/* hc() - the hypercall; any context. */
int hc(u32 id, u64 param1, u64 param2)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&lock, flags);
	if (id == fail_id) {
		fail_id = 0;
		ret = fail_with;
	} else {
		ret = dispatch(id, param1, param2);
	}
	spin_unlock_irqrestore(&lock, flags);
	return ret;
}

static int post(const struct fake_vm *vm, struct fake_cmd *cmd)
{
	struct acrn_io_request *req;

	if (!vm->slots || cmd->vcpu >= 2)
		return -EINVAL;
	cmd->taken = 0;
	if (asyncio_put(vm, cmd))
		return 0;
	req = &vm->slots[cmd->vcpu];
	if (READ_ONCE(req->processed) != IOREQ_FREE)
		return -EBUSY;
	memset(&req->reqs, 0, sizeof(req->reqs));
	req->type = cmd->type;
	req->completion_polling = cmd->polling;
	req->reqs.mmio_request.direction = cmd->direction;
	req->reqs.mmio_request.address = cmd->addr;
	req->reqs.mmio_request.size = cmd->size;
	req->reqs.mmio_request.value = cmd->value;
	WRITE_ONCE(req->processed, IOREQ_PENDING);
	/* PENDING first, or a poller that stops now would miss it. */
	smp_mb();
	cmd->polled = READ_ONCE(vm->slots[0].polled);
	return 0;
}

static void stats(const struct fake_vm *vm, struct fake_cmd *cmd)
{
	u32 i;

	cmd->nr_vms = 0;
	for (i = 0; i < FAKE_VMS; i++)
		cmd->nr_vms += vms[i].state != Q_VM_POWERED_OFF;
	cmd->notifies = vm->notifies[cmd->vcpu % IOREQ_SLOTS];
	cmd->value = vm->read_value[cmd->vcpu % IOREQ_SLOTS];
	cmd->processed = vm->slots ? vm->slots[cmd->vcpu % IOREQ_SLOTS].processed : ~0u;
	cmd->msis = vm->msis;
	cmd->last_msi = vm->last_msi;
	cmd->mapped = vm->mapped;
	cmd->regions = vm->regions;
}

static int play(struct fake_cmd *cmd)
{
	struct fake_vm *vm = &vms[(cmd->vm - 1) % FAKE_VMS];

	switch (cmd->op) {
	case FAKE_POST:
		return post(vm, cmd);
	case FAKE_STOP:
		if (!vm->slots)
			return -EINVAL;
		vm->state = Q_VM_STOPPED;
		vm->slots[0].state_seq++;
		return 0;
	case FAKE_FAIL:
		fail_id = cmd->addr;
		fail_with = -(int)cmd->value;
		return 0;
	case FAKE_NO_STATS:
		fake_has_stats = !cmd->value;
		return 0;
	case FAKE_RING:
		return ring_put(cmd);
	case FAKE_STATS:
		stats(vm, cmd);
		return 0;
	}
	return -EINVAL;
}

static long fake_ioctl(struct file *file, unsigned int nr, unsigned long arg)
{
	struct fake_cmd cmd;
	int ret;

	if (nr != FAKE_IOC)
		return -ENOTTY;
	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;
	spin_lock_irq(&lock);
	ret = play(&cmd);
	spin_unlock_irq(&lock);
	if (ret)
		return ret;
	if (cmd.op == FAKE_STOP || (cmd.op == FAKE_POST && !cmd.polled))
		irq_work_queue(&upcall_work);
	irq_work_sync(&upcall_work);
	return copy_to_user((void __user *)arg, &cmd, sizeof(cmd)) ? -EFAULT : 0;
}

static const struct file_operations fake_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = fake_ioctl,
};

static struct miscdevice fake_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "fake_hv",
	.fops = &fake_fops,
};

/* hsm_notify_init() - upcalls come from /dev/fake_hv's commands. */
int hsm_notify_init(void)
{
	return misc_register(&fake_device);
}

/* hsm_notify_fini() - see hsm_notify_init(). */
void hsm_notify_fini(void)
{
	misc_deregister(&fake_device);
	irq_work_sync(&upcall_work);
}
