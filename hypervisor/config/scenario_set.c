/* SPDX-License-Identifier: BSD-3-Clause */
/* The scenario reader: what must hold between VMs. Each of them alone has been found right. */
#include "config/scenario_check.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/util.h"

/* Order and number of the kinds: pre-launched, at most one Service VM, post-launched, and somebody to start the latter. */
static int check_order(struct scenario_check *c)
{
	const struct scenario_vm *service = NULL;

	for (c->vm_id = 0; c->vm_id < c->s->nr_vms; c->vm_id++) {
		const struct scenario_vm *vm = &c->s->vms[c->vm_id];

		if (vm->load_order == SCENARIO_SERVICE && service)
			return scenario_refuse_vm(c, "load_order", -1, "load_order is service, but vm \"%s\" is the Service VM already; "
						  "there may be one", service->name);
		if (vm->load_order == SCENARIO_SERVICE)
			service = vm;
		if (c->vm_id && vm->load_order < vm[-1].load_order)
			return scenario_refuse_vm(c, "load_order", -1, "it is %s and stands after vm \"%s\", which is %s; the order is "
						  "pre_launched, service, post_launched", scenario_load_order_name(vm->load_order),
						  vm[-1].name, scenario_load_order_name(vm[-1].load_order));
		if (vm->load_order == SCENARIO_POST_LAUNCHED && !service)
			return scenario_refuse_vm(c, "load_order", -1, "load_order is post_launched, but there is no Service VM that "
						  "could start it; add one");
	}
	return 0;
}

static int check_memory_pair(struct scenario_check *c, const struct scenario_vm *vm, const struct scenario_vm *other)
{
	if (!vm->memory_hpa || !other->memory_hpa ||
	    !ranges_overlap(vm->memory_hpa, vm->memory_size, other->memory_hpa, other->memory_size))
		return 0;
	return scenario_refuse_vm(c, "memory_hpa", -1, "memory 0x%lx to 0x%lx overlaps that of vm \"%s\", 0x%lx to 0x%lx; move one of "
				  "them", (unsigned long)vm->memory_hpa, (unsigned long)(vm->memory_hpa + vm->memory_size - 1),
				  other->name, (unsigned long)other->memory_hpa,
				  (unsigned long)(other->memory_hpa + other->memory_size - 1));
}

static bool is_lapic_pt(const struct scenario_vm *vm)
{
	return vm->guest_flags & SCENARIO_FLAG_LAPIC_PT;
}

/*
 * May the two VMs list the same pCPU although it takes one vCPU only? Post-launched VMs name what their creator may choose from, so
 * two of them may, and the choice is checked when they start; a LAPIC-passthrough one may be given a CPU the Service VM hands over.
 */
static bool may_name_same_cpu(const struct scenario_vm *a, const struct scenario_vm *b)
{
	if (a->load_order == SCENARIO_POST_LAUNCHED && b->load_order == SCENARIO_POST_LAUNCHED)
		return true;
	return (a->load_order == SCENARIO_SERVICE && b->load_order == SCENARIO_POST_LAUNCHED && is_lapic_pt(b)) ||
	       (b->load_order == SCENARIO_SERVICE && a->load_order == SCENARIO_POST_LAUNCHED && is_lapic_pt(a));
}

static int check_cpu_pair(struct scenario_check *c, const struct scenario_vm *vm, const struct scenario_vm *other)
{
	uint64_t shared = vm->cpu_affinity & other->cpu_affinity;

	if (!shared || may_name_same_cpu(vm, other))
		return 0;
	if (is_lapic_pt(vm))
		return scenario_refuse_vm(c, "cpu_affinity", -1, "pCPU %u is also used by vm \"%s\"; a CPU of a LAPIC-passthrough VM "
					  "must be its own", bit_lowest(shared), other->name);
	if (is_lapic_pt(other))
		return scenario_refuse_vm(c, "cpu_affinity", -1, "pCPU %u is also used by vm \"%s\", which has LAPIC passthrough; a CPU "
					  "of a LAPIC-passthrough VM must be its own", bit_lowest(shared), other->name);
	for (; shared; shared &= shared - 1)
		if (c->s->pcpu_policy[bit_lowest(shared)] == SCENARIO_POLICY_NOOP)
			return scenario_refuse_vm(c, "cpu_affinity", -1, "pCPU %u is also used by vm \"%s\"; a CPU with policy noop runs "
						  "one vCPU only", bit_lowest(shared), other->name);
	return 0;
}

static int check_device_pair(struct scenario_check *c, const struct scenario_vm *vm, const struct scenario_vm *other)
{
	for (unsigned int i = 0; i < vm->nr_pci_devs; i++)
		for (unsigned int j = 0; j < (vm == other ? i : other->nr_pci_devs); j++)
			if (vm->pci_devs[i] == other->pci_devs[j])
				return scenario_refuse_vm(c, "pci_dev", (int)i, "PCI device %02x:%02x.%u is also given to vm \"%s\"; "
							  "it can have one owner", vm->pci_devs[i] >> 8,
							  vm->pci_devs[i] >> 3 & 31, vm->pci_devs[i] & 7, other->name);
	return 0;
}

static int check_port_pair(struct scenario_check *c, const struct scenario_vm *vm, const struct scenario_vm *other)
{
	for (unsigned int i = 0; i < vm->nr_io_ranges; i++)
		for (unsigned int j = 0; j < (vm == other ? i : other->nr_io_ranges); j++) {
			const struct scenario_io_range *a = &vm->io_ranges[i], *b = &other->io_ranges[j];

			if (ranges_overlap(a->base, a->size, b->base, b->size))
				return scenario_refuse_vm(c, "io_range", (int)i, "io_range %u: 0x%x to 0x%x overlaps 0x%x to 0x%x of vm "
							  "\"%s\"; a port can have one owner", i, a->base, a->base + a->size - 1,
							  b->base, b->base + b->size - 1, other->name);
		}
	return 0;
}

/* `vm` is c->vm_id's; `other` stands before it or, for what a VM may do wrong to itself, is the same. */
static int check_pair(struct scenario_check *c, const struct scenario_vm *vm, const struct scenario_vm *other)
{
	int rc = 0;

	if (vm != other)
		rc = check_memory_pair(c, vm, other);
	if (!rc && vm != other)
		rc = check_cpu_pair(c, vm, other);
	if (!rc)
		rc = check_device_pair(c, vm, other);
	if (!rc)
		rc = check_port_pair(c, vm, other);
	return rc;
}

static int check_vuart_peer(struct scenario_check *c, unsigned int i)
{
	const struct scenario_vuart *u = &c->s->vms[c->vm_id].vuarts[i], *back;

	if (u->type != SCENARIO_VUART_INTER_VM)
		return 0;
	if (u->peer_vm >= c->s->nr_vms || u->peer_vm == c->vm_id)
		return scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: peer_vm %u; another one of the %u VMs is needed", i, u->peer_vm,
					  c->s->nr_vms);
	if (u->peer_vuart >= SCENARIO_MAX_VUARTS)
		return scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: peer_vuart %u; a VM has vuarts 0 to %u", i, u->peer_vuart,
					  SCENARIO_MAX_VUARTS - 1);
	back = &c->s->vms[u->peer_vm].vuarts[u->peer_vuart];
	if (back->type != SCENARIO_VUART_INTER_VM || back->peer_vm != c->vm_id || back->peer_vuart != i)
		return scenario_refuse_vm(c, "vuart", (int)i, "vuart %u: its peer, vuart %u of vm \"%s\", does not name it back; both "
					  "ends must be of type inter_vm and name each other", i, u->peer_vuart,
					  c->s->vms[u->peer_vm].name);
	return 0;
}

/*
 * A user VM's I/O is work of the Service VM. With a Service VM of at least its priority, and no budget that could run out, nobody of
 * lower priority can keep it waiting: there is no priority inversion to bound (doc/feature/scheduling.md).
 */
static int check_priorities(struct scenario_check *c)
{
	const struct scenario_vm *service = NULL, *vm;

	for (c->vm_id = 0; c->vm_id < c->s->nr_vms; c->vm_id++) {
		vm = &c->s->vms[c->vm_id];
		if (vm->load_order == SCENARIO_SERVICE)
			service = vm;
		if (vm->load_order != SCENARIO_POST_LAUNCHED || !vm->priority || !service)
			continue;
		if (vm->priority > service->priority)
			return scenario_refuse_vm(c, "priority", -1, "priority %u is above the %u of the Service VM, which does its I/O; "
						  "give the Service VM at least %u", vm->priority, service->priority, vm->priority);
		if (service->budget_us)
			return scenario_refuse_vm(c, "priority", -1, "priority %u, but the Service VM, which does its I/O, has a budget "
						  "that may run out; take out budget_us there or the priority here", vm->priority);
	}
	return 0;
}

int scenario_check_set(struct scenario_check *c)
{
	int rc = check_order(c);

	if (!rc)
		rc = check_priorities(c);
	for (c->vm_id = 0; !rc && c->vm_id < c->s->nr_vms; c->vm_id++)
		for (unsigned int j = 0; !rc && j <= c->vm_id; j++)
			rc = check_pair(c, &c->s->vms[c->vm_id], &c->s->vms[j]);
	for (c->vm_id = 0; !rc && c->vm_id < c->s->nr_vms; c->vm_id++)
		for (unsigned int i = 0; !rc && i < SCENARIO_MAX_VUARTS; i++)
			rc = check_vuart_peer(c, i);
	return rc;
}
