/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of a VM (doc/journeys.md (c)). */
#include "machine/machine.h"

#include "cpu/percpu.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"
#include "machine/ownership.h"
#include "machine/parts.h"
#include "machine/slots.h"
#include "machine/wait.h"
#include "mm/frame.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define VM_PAGES	((uint32_t)PAGES(sizeof(struct vm)))
#define NR_PARTS	5u
#define VPIDS_PER_VM	MAX_VCPUS_PER_VM

static void vcpus_destroy(struct vm *vm)
{
	while (vm->nr_vcpus) {
		vm->nr_vcpus--;
		vcpu_destroy(vm->vcpus[vm->nr_vcpus]);
		vm->vcpus[vm->nr_vcpus] = NULL;
	}
}

/* One vCPU a bit of vm->affinity, in order. */
static int vcpus_create(struct vm *vm, const struct machine_request *req __unused)
{
	uint64_t left = vm->affinity;

	for (; left; left &= left - 1) {
		int err = vcpu_create(vm, vm->nr_vcpus, bit_lowest(left), &vm->vcpus[vm->nr_vcpus]);

		if (err) {
			vcpus_destroy(vm);
			return err;
		}
		if (vm->load_order == SCENARIO_SERVICE)
			vm->vcpus[vm->nr_vcpus]->thread.params.floor = slots_top_priority();
		vm->nr_vcpus++;
	}
	return 0;
}

static int devices_create(struct vm *vm, const struct machine_request *req);
static void devices_destroy(struct vm *vm);
static void devices_reset(struct vm *vm);

static int links_create(struct vm *vm, const struct machine_request *req __unused)
{
	machine_link(vm);
	return 0;
}

static const struct machine_part parts[NR_PARTS] = {
	{ "memory", FOR_ALL, memory_create, memory_destroy, NULL },
	{ "DMA", FOR_SERVICE, dma_create, dma_destroy, NULL },
	{ "devices", FOR_ALL, devices_create, devices_destroy, devices_reset },
	{ "vCPUs", FOR_ALL, vcpus_create, vcpus_destroy, NULL },
	{ "links", FOR_ALL, links_create, machine_unlink, NULL },
};

static uint32_t kind_of(const struct vm *vm)
{
	return 1u << vm->load_order;
}

/* Builds the parts of a list that this kind of VM has; all or none. */
static int build_list(struct vm *vm, const struct machine_request *req, const struct machine_part *list, unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		if (list[i].kinds & kind_of(vm))
			err = list[i].create(vm, req);
	}
	if (!err)
		return 0;
	log_err("vm %s: its %s could not be made (error %d)\n", vm->name, list[i - 1].name, err);
	for (i--; i--;)
		if (list[i].kinds & kind_of(vm))
			list[i].destroy(vm);
	return err;
}

static void destroy_list(struct vm *vm, const struct machine_part *list, unsigned int n)
{
	while (n--)
		if (list[n].kinds & kind_of(vm))
			list[n].destroy(vm);
}

static int devices_create(struct vm *vm, const struct machine_request *req)
{
	return build_list(vm, req, machine_devices, machine_nr_devices);
}

static void devices_destroy(struct vm *vm)
{
	destroy_list(vm, machine_devices, machine_nr_devices);
}

static void devices_reset(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < machine_nr_devices; i++)
		if ((machine_devices[i].kinds & kind_of(vm)) && machine_devices[i].reset)
			machine_devices[i].reset(vm);
}

static int check_request(uint16_t vm_id, const struct scenario_vm *cfg, const struct machine_request *req)
{
	if (vm_id >= MAX_VMS || !req->cpu_affinity || strnlen(req->name, SCENARIO_VM_NAME_SIZE) >= SCENARIO_VM_NAME_SIZE)
		return ERR(-EINVAL);
	if (vm_table[vm_id])
		return ERR(-EEXIST);
	if (nr_pcpus < 64 && req->cpu_affinity >> nr_pcpus)
		return ERR(-EINVAL);
	/* A real local APIC compares deadlines with the real TSC. */
	if (cfg->tsc_khz && (req->flags & SCENARIO_FLAG_LAPIC_PT)) {
		log_err("vm %s: tsc_khz of the scenario and LAPIC passthrough contradict each other; drop one\n", req->name);
		return -EINVAL;
	}
	return 0;
}

int machine_build(uint16_t vm_id, const struct scenario_vm *cfg, const struct machine_request *req, struct vm **out)
{
	int err = check_request(vm_id, cfg, req);
	struct vm *vm;

	if (err)
		return err;
	vm = frame_get(VM_PAGES);
	if (!vm)
		return ERR(-ENOMEM);
	vm->vm_id = vm_id;
	str_copy(vm->name, req->name, sizeof(vm->name));
	vm->cfg = cfg;
	vm->load_order = cfg->load_order;
	vm->flags = req->flags;
	vm->options = cfg->options;
	vm->affinity = req->cpu_affinity;
	vm->lapic_pt = req->flags & SCENARIO_FLAG_LAPIC_PT;
	vm->vpid_base = (uint16_t)(1 + vm_id * VPIDS_PER_VM);
	vm->state = VM_CREATED;
	vtsc_init(&vm->tsc, cfg->tsc_khz);
	err = build_list(vm, req, parts, NR_PARTS);
	if (err) {
		frame_put(vm, VM_PAGES);
		return err;
	}
	vm_table[vm_id] = vm;
	*out = vm;
	ownership_event("building a VM");
	return 0;
}

int machine_start(struct vm *vm)
{
	uint16_t i;

	spin_lock(&vm->lock);
	if (vm->state != VM_CREATED) {
		spin_unlock(&vm->lock);
		return ERR(-EINVAL);
	}
	vm->state = VM_RUNNING;
	spin_unlock(&vm->lock);
	for (i = 0; i < vm->nr_vcpus; i++)
		thread_start(&vm->vcpus[i]->thread);
	return 0;
}

static bool is_parked(void *arg)
{
	struct vcpu *vcpu = arg;

	if (READ_ONCE(vcpu->state) == VCPU_PAUSED)
		return true;
	/* An NMI kick can meet the CPU between its last look and the entry: ask again. */
	vcpu_request(vcpu, REQ_PAUSE);
	return false;
}

static bool all_parked(void *arg)
{
	const struct vm *vm = arg;
	uint16_t i;

	for (i = 0; i < vm->nr_vcpus; i++)
		if (!is_parked(vm->vcpus[i]))
			return false;
	return true;
}

int machine_pause(struct vm *vm)
{
	uint16_t i;

	spin_lock(&vm->lock);
	if (vm->state != VM_RUNNING) {
		int err = vm->state == VM_PAUSED ? 0 : -EINVAL;

		spin_unlock(&vm->lock);
		return err;
	}
	vm->state = VM_PAUSED;
	spin_unlock(&vm->lock);
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_request(vm->vcpus[i], REQ_PAUSE);
	wait_until(all_parked, vm);
	return 0;
}

static bool has_stopped(const struct vm *vm)
{
	return READ_ONCE(vm->crashed) || READ_ONCE(vm->stop) != VM_STOP_NONE;
}

/* A VM that stops by itself notes that first and then asks for the pause: seen here, or its request comes after our clearing. */
static void let_go(struct vcpu *vcpu)
{
	atomic_clear_bit(&vcpu->requests, REQ_PAUSE);
	if (has_stopped(vcpu->vm))
		vcpu_request(vcpu, REQ_PAUSE);
	else
		thread_wake(&vcpu->thread);
}

int machine_resume(struct vm *vm)
{
	uint16_t i;

	spin_lock(&vm->lock);
	if (vm->state != VM_PAUSED || has_stopped(vm)) {
		spin_unlock(&vm->lock);
		return ERR(-EINVAL);
	}
	vm->state = VM_RUNNING;
	vm->held = false;
	spin_unlock(&vm->lock);
	for (i = 0; i < vm->nr_vcpus; i++)
		if (!READ_ONCE(vm->vcpus[i]->held))
			let_go(vm->vcpus[i]);
	return 0;
}

int machine_pause_vcpu(struct vm *vm, uint16_t vcpu_id)
{
	if (vcpu_id >= vm->nr_vcpus || (vm->state != VM_RUNNING && vm->state != VM_PAUSED))
		return ERR(-EINVAL);
	WRITE_ONCE(vm->vcpus[vcpu_id]->held, true);
	wait_until(is_parked, vm->vcpus[vcpu_id]);
	return 0;
}

int machine_resume_vcpu(struct vm *vm, uint16_t vcpu_id)
{
	if (vcpu_id >= vm->nr_vcpus || !vm->vcpus[vcpu_id]->held)
		return ERR(-EINVAL);
	WRITE_ONCE(vm->vcpus[vcpu_id]->held, false);
	if (vm->state == VM_RUNNING)
		let_go(vm->vcpus[vcpu_id]);
	return 0;
}

static bool all_ended(void *arg)
{
	const struct vm *vm = arg;
	uint16_t i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		if (!thread_is_dead(&vm->vcpus[i]->thread)) {
			vcpu_request(vm->vcpus[i], REQ_EXIT);
			return false;
		}
	}
	return true;
}

/* Ends every vCPU thread; a VM that was never started has none. */
void machine_stop(struct vm *vm)
{
	bool started;
	uint16_t i;

	spin_lock(&vm->lock);
	started = vm->state != VM_CREATED && vm->state != VM_POWERED_OFF;
	vm->state = VM_POWERED_OFF;
	spin_unlock(&vm->lock);
	if (!started)
		return;
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_request(vm->vcpus[i], REQ_EXIT);
	wait_until(all_ended, vm);
}

void machine_destroy(struct vm *vm)
{
	machine_stop(vm);
	__atomic_store_n(&vm_table[vm->vm_id], NULL, __ATOMIC_SEQ_CST);
	if (service_vm == vm)
		service_vm = NULL;
	wait_until(vm_table_quiet, NULL);
	destroy_list(vm, parts, NR_PARTS);
	frame_put(vm, VM_PAGES);
	ownership_event("destroying a VM");
}

int machine_reset(struct vm *vm)
{
	uint16_t i;
	int err;

	machine_stop(vm);
	devices_reset(vm);
	for (i = 0; i < vm->nr_vcpus; i++) {
		err = vcpu_renew(vm->vcpus[i]);
		if (err)
			return err;
	}
	vm->crashed = false;
	vm->stop = VM_STOP_NONE;
	vm->held = false;
	WRITE_ONCE(vm->intr_delay, 0);
	spin_lock(&vm->lock);
	vm->state = VM_CREATED;
	spin_unlock(&vm->lock);
	ownership_event("resetting a VM");
	return 0;
}
