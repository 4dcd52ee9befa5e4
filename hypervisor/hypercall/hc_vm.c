/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of post-launched VMs. */
#include "cpu/percpu.h"
#include "cpu/smp.h"
#include "hypercall/hc.h"
#include "io/ioreq.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "log/log.h"
#include "machine/machine.h"
#include "machine/slots.h"
#include "public/hypercall.h"
#include "public/ioreq.h"
#include "public/vm.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

int64_t hc_api_version(struct hc_call *c)
{
	const struct acrn_api_version v = { HC_API_MAJOR, HC_API_MINOR };

	return hc_put(c->p1, &v, sizeof(v));
}

int64_t hc_callback_vector(struct hc_call *c)
{
	if (c->p1 < HV_UPCALL_VECTOR_MIN || c->p1 > HV_UPCALL_VECTOR_MAX)
		return -EINVAL;
	service_vm->upcall_vector = (uint8_t)c->p1;
	return 0;
}

/* The Service VM has taken the CPU's vCPU offline in its kernel: it is parked, and the CPU is free for others. */
int64_t hc_offline_cpu(struct hc_call *c)
{
	uint16_t i;

	for (i = 1; i < service_vm->nr_vcpus; i++) {
		struct vcpu *vcpu = service_vm->vcpus[i];

		if (vcpu->vapic_id == c->p1 && vcpu != c->vcpu) {
			WRITE_ONCE(vcpu->held, true);
			vcpu_request(vcpu, REQ_PAUSE);
			return 0;
		}
	}
	return -EPERM;
}

int64_t hc_vcpu_create(struct hc_call *c __unused)
{
	return 0;
}

/* Letters as in scenario names: what is logged and listed must not play with the console. */
static bool name_is_fine(const uint8_t *name, size_t size)
{
	size_t i;

	for (i = 0; i < size && name[i]; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return i && i < size;
}

/* A local APIC passed through is one VM's alone, and so is its CPU. */
static bool cpus_are_free(const struct machine_request *req)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++)
		if (vm_table[i] && (vm_table[i]->affinity & req->cpu_affinity) &&
		    (vm_table[i]->lapic_pt || (req->flags & SCENARIO_FLAG_LAPIC_PT)))
			return false;
	return true;
}

/* Vets the block: reads nothing from guest memory again. */
static int64_t create(struct acrn_vm_creation *v)
{
	const uint64_t accepted = SCENARIO_FLAG_SECURE_WORLD | SCENARIO_FLAG_LAPIC_PT | SCENARIO_FLAG_RT |
				  SCENARIO_FLAG_IO_POLLING;
	struct machine_request req = { .name = (const char *)v->name };
	const struct scenario_vm *cfg;
	struct vm *vm;
	int vm_id, err;

	if (!name_is_fine(v->name, sizeof(v->name)))
		return ERR(-EINVAL);
	req.flags = v->vm_flag & accepted;
	if ((req.flags & SCENARIO_FLAG_LAPIC_PT) && !(req.flags & SCENARIO_FLAG_RT))
		return ERR(-EINVAL);
	vm_id = slots_find(req.name, &cfg);
	if (vm_id < 0)
		return vm_id;
	req.cpu_affinity = v->cpu_affinity ? v->cpu_affinity : cfg->cpu_affinity;
	if ((req.cpu_affinity & ~cfg->cpu_affinity) || bits_count(req.cpu_affinity) > IOREQ_SLOTS) {
		log_warn("vm %s: CPUs %lx asked for, %lx are allowed\n", req.name, req.cpu_affinity, cfg->cpu_affinity);
		return -EINVAL;
	}
	req.flags |= cfg->guest_flags & ~accepted;
	if (!cpus_are_free(&req)) {
		log_warn("vm %s: a local APIC cannot be passed through on CPUs %lx, which VMs share\n", req.name, req.cpu_affinity);
		return -EBUSY;
	}
	err = machine_build((uint16_t)vm_id, cfg, &req, &vm);
	if (err)
		return err;
	vm->hooks.stopped = slots_stopped;
	v->vmid = (uint16_t)(vm_id - service_vm->vm_id);
	v->vcpu_num = vm->nr_vcpus;
	return 0;
}

int64_t hc_vm_create(struct hc_call *c)
{
	struct acrn_vm_creation v;
	int64_t err = hc_get(c->p1, &v, sizeof(v));

	if (err)
		return err;
	err = create(&v);
	/* The id must reach the caller, or nobody could destroy the VM. */
	if (!err && hc_put(c->p1, &v, sizeof(v))) {
		machine_destroy(vm_table[v.vmid + service_vm->vm_id]);
		err = -EFAULT;
	}
	return err;
}

int64_t hc_vm_destroy(struct hc_call *c)
{
	if (c->target->state == VM_RUNNING)
		return -EINVAL;
	machine_destroy(c->target);
	return 0;
}

/* A new VM starts; one that HC_PAUSE_VM has paused goes on, unless it stopped by itself. */
int64_t hc_vm_start(struct hc_call *c)
{
	if (c->target->state == VM_PAUSED && !c->target->held)
		return machine_resume(c->target);
	return c->target->ioreq ? machine_start(c->target) : -EINVAL;
}

int64_t hc_vm_pause(struct hc_call *c)
{
	/* From now on it is the device model that has it paused. */
	c->target->held = false;
	return c->target->state == VM_CREATED ? 0 : machine_pause(c->target);
}

int64_t hc_vm_reset(struct hc_call *c)
{
	if (c->target->state != VM_PAUSED && c->target->state != VM_CREATED)
		return -EINVAL;
	return machine_reset(c->target);
}

static bool is_zero(const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n--)
		if (*b++)
			return false;
	return true;
}

int64_t hc_vm_regs(struct hc_call *c)
{
	struct acrn_vcpu_regs r;
	int err = hc_get(c->p2, &r, sizeof(r));

	if (err)
		return err;
	if (c->target->state == VM_RUNNING || r.vcpu_id >= c->target->nr_vcpus ||
	    !is_zero(r.reserved, sizeof(r.reserved)) ||
	    !is_zero(r.vcpu_regs.reserved_64, sizeof(r.vcpu_regs.reserved_64)) ||
	    !is_zero(r.vcpu_regs.reserved_32, sizeof(r.vcpu_regs.reserved_32)))
		return -EINVAL;
	return vcpu_set_regs(c->target->vcpus[r.vcpu_id], &r.vcpu_regs);
}

uint32_t hc_state_of(const struct vm *vm)
{
	if (vm->stop != VM_STOP_NONE && vm->state == VM_RUNNING)
		return Q_VM_STOPPED;
	switch (vm->state) {
	case VM_CREATED:
		return Q_VM_CREATED;
	case VM_RUNNING:
		return Q_VM_RUNNING;
	case VM_PAUSED:
		return Q_VM_PAUSED;
	default:
		return Q_VM_POWERED_OFF;
	}
}

uint32_t hc_reason_of(const struct vm *vm)
{
	static const uint32_t reasons[] = {
		[VM_STOP_NONE] = Q_STOP_NONE, [VM_STOP_CRASH] = Q_STOP_CRASHED,
		[VM_STOP_TRIPLE_FAULT] = Q_STOP_TRIPLE_FAULT, [VM_STOP_RESET] = Q_STOP_RESET,
		[VM_STOP_POWER_OFF] = Q_STOP_POWEROFF
	};

	return reasons[vm->stop];
}

int64_t hc_vm_state(struct hc_call *c)
{
	struct hc_q_vm_state s = { .state = Q_VM_POWERED_OFF };
	const struct vm *vm = hc_vm_of(c->p1);

	if (vm) {
		s.state = hc_state_of(vm);
		s.reason = hc_reason_of(vm);
		str_copy(s.why, vm->crash_reason, sizeof(s.why));
	}
	return hc_put(c->p2, &s, sizeof(s));
}
