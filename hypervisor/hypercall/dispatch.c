/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of hypercalls, and the checks they share. */
#include "hypercall/dispatch.h"

#include "hypercall/hc.h"
#include "lib/errno.h"
#include "machine/wait.h"
#include "public/hypercall.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define HC_MAX	0x100u
#define INDEX(id) ((id) & (HC_MAX - 1))

struct hc_row {
	int64_t (*fn)(struct hc_call *c);
	bool names_vm;		/* p1 is the relative id of an existing post-launched VM */
	bool life;		/* a step in the life of VMs: these are taken one at a time */
};

static const struct hc_row rows[HC_MAX] = {
	[INDEX(HC_GET_API_VERSION)] = { hc_api_version, false, false },
	[INDEX(HC_SERVICE_VM_OFFLINE_CPU)] = { hc_offline_cpu, false, false },
	[INDEX(HC_SET_CALLBACK_VECTOR)] = { hc_callback_vector, false, false },
	[INDEX(HC_CREATE_VM)] = { hc_vm_create, false, true },
	[INDEX(HC_DESTROY_VM)] = { hc_vm_destroy, true, true },
	[INDEX(HC_START_VM)] = { hc_vm_start, true, true },
	[INDEX(HC_PAUSE_VM)] = { hc_vm_pause, true, true },
	[INDEX(HC_CREATE_VCPU)] = { hc_vcpu_create, false, false },
	[INDEX(HC_RESET_VM)] = { hc_vm_reset, true, true },
	[INDEX(HC_SET_VCPU_REGS)] = { hc_vm_regs, true, true },
	[INDEX(HC_INJECT_MSI)] = { hc_irq_msi, true, false },
	[INDEX(HC_VM_INTR_MONITOR)] = { hc_irq_monitor, false, false },
	[INDEX(HC_SET_IRQLINE)] = { hc_irq_line, true, false },
	[INDEX(HC_SET_IOREQ_BUFFER)] = { hc_ioreq_buffer, true, true },
	[INDEX(HC_NOTIFY_REQUEST_FINISH)] = { hc_ioreq_done, true, false },
	[INDEX(HC_ASYNCIO_ASSIGN)] = { hc_asyncio_assign, true, false },
	[INDEX(HC_ASYNCIO_DEASSIGN)] = { hc_asyncio_deassign, true, false },
	[INDEX(HC_VM_GPA2HPA)] = { hc_mem_gpa2hpa, true, false },
	[INDEX(HC_VM_SET_MEMORY_REGIONS)] = { hc_mem_regions, false, false },
	[INDEX(HC_VM_WRITE_PROTECT_PAGE)] = { hc_mem_protect, true, false },
	[INDEX(HC_SETUP_SBUF)] = { hc_trace_ring, false, false },
	[INDEX(HC_ADD_VDEV)] = { hc_vdev_add, true, true },
	[INDEX(HC_REMOVE_VDEV)] = { hc_vdev_remove, true, true },
	[INDEX(HC_GET_HW_INFO)] = { hc_hw_info, false, false },
	[INDEX(HC_PM_GET_CPU_STATE)] = { hc_pm_state, false, false },
	[INDEX(HC_Q_VM_STATE)] = { hc_vm_state, false, false },
	[INDEX(HC_Q_VM_INFO)] = { hc_vm_info, false, false },
	[INDEX(HC_Q_VCPU_STATS)] = { hc_vcpu_stats, false, false },
	[INDEX(HC_Q_CPUS)] = { hc_cpus, false, false },
};

int hc_get(uint64_t at, void *buf, uint64_t size)
{
	return gpa_read(service_vm, gpa(at), buf, size);
}

int hc_put(uint64_t at, const void *buf, uint64_t size)
{
	return gpa_write(service_vm, gpa(at), buf, size);
}

struct vm *hc_vm_of(uint64_t relative_id)
{
	uint64_t id = relative_id + service_vm->vm_id;
	struct vm *vm;

	if (!relative_id || relative_id >= MAX_VMS || id >= MAX_VMS)
		return NULL;
	vm = vm_table[id];
	return vm && vm->load_order == SCENARIO_POST_LAUNCHED ? vm : NULL;
}

/*
 * The turn of a step in the life of VMs; who has it may sleep, so others wait sleeping. It stands in for
 * vm_table_enter(): only who has the turn destroys, and a destroyer waits until nobody is inside. Waiting for
 * the turn from inside would be waiting for each other.
 */
static uint32_t busy;

static bool got_turn(void *unused __unused)
{
	return !__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE);
}

void hypercall_take_turn(void)
{
	wait_until(got_turn, NULL);
}

void hypercall_give_turn(void)
{
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

static int64_t call(const struct hc_row *row, struct hc_call *c)
{
	if (row->names_vm) {
		c->target = hc_vm_of(c->p1);
		if (!c->target)
			return -EINVAL;
	}
	return row->fn(c);
}

int64_t hypercall(struct vcpu *vcpu, uint64_t id, uint64_t p1, uint64_t p2)
{
	struct hc_call c = { .vcpu = vcpu, .p1 = p1, .p2 = p2 };
	const struct hc_row *row;
	int64_t result;

	if ((id & ~(uint64_t)(HC_MAX - 1)) != HC_ID(0))
		return -ENOTTY;
	row = &rows[INDEX(id)];
	if (!row->fn)
		return -ENOTTY;
	if (row->life) {
		hypercall_take_turn();
		result = call(row, &c);
		hypercall_give_turn();
		return result;
	}
	vm_table_enter();
	result = call(row, &c);
	vm_table_leave();
	return result;
}
