/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An unmasked virtual pin routes the physical one to a host vector on the CPU
 * of the addressed vCPU. Level interrupts: the physical pin is masked from its
 * interrupt to the guest's EOI, so that the hypervisor's own EOI can be early.
 */
#include "assign/intx.h"

#include "assign/damper.h"
#include "cpu/percpu.h"
#include "irq/ioapic.h"
#include "irq/vector.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "log/log.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "x86/apicreg.h"

#define NR_PINS		240u

struct pin {
	struct vm *vm;		/* [lock] owner while routed */
	const struct vm *owner;	/* [lock] the last one: whose interrupts are counted */
	int vector;		/* [lock] host vector, 0 = none */
	bool level;		/* [lock] */
	struct damper damper;	/* [lock] */
	bool reserved;		/* (o) */
};

static struct pin pins[NR_PINS];
static struct spinlock lock;	/* guards pins[] */

void intx_reserve(uint32_t gsi)
{
	if (gsi < NR_PINS)
		pins[gsi].reserved = true;
}

/* [lock] */
static void deliver(uint32_t gsi, const struct pin *p)
{
	(void)virq_line(p->vm, gsi, true);
	if (!p->level)
		(void)virq_line(p->vm, gsi, false);
}

/* Timer: the end of a delay. */
static void due(void *arg)
{
	uint32_t gsi = (uint32_t)(uintptr_t)arg;
	struct pin *p = &pins[gsi];

	spin_lock(&lock);
	if (damper_due(&p->damper) && p->vm)
		deliver(gsi, p);
	spin_unlock(&lock);
}

/* Host interrupt; any CPU. */
static void fired(void *arg, uint8_t vector __unused)
{
	uint32_t gsi = (uint32_t)(uintptr_t)arg;
	struct pin *p = &pins[gsi];

	/* Held throughout: intx_release() returns only when nobody is on the way to the VM any more. */
	spin_lock(&lock);
	if (p->vm && p->level)
		ioapic_mask(gsi);
	if (p->vm && damper_pass(&p->damper, p->vm, due, arg))
		deliver(gsi, p);
	spin_unlock(&lock);
}

static void first_dest(struct vcpu *vcpu, void *arg)
{
	struct vcpu **out = arg;

	if (!*out)
		*out = vcpu;
}

static uint32_t apic_of(struct vm *vm, uint64_t rte)
{
	struct vcpu *vcpu = NULL;

	vlapic_for_dest(vm, (uint32_t)(rte >> 56), rte & IOAPIC_RTE_LOGICAL, first_dest, &vcpu);
	if (!vcpu)
		vcpu = vm->vcpus[0];
	return percpu_area[vcpu->pcpu_id].apic_id;
}

/* [lock] */
static void unroute(uint32_t gsi, struct pin *p)
{
	ioapic_mask(gsi);
	if (p->vector)
		vector_put((uint8_t)p->vector);
	p->vector = 0;
	p->vm = NULL;
	p->damper.held = false;
}

/* [lock] */
static void route(struct vm *vm, uint32_t gsi, struct pin *p, uint64_t rte)
{
	if (!p->vector)
		p->vector = vector_get(fired, (void *)(uintptr_t)gsi);
	if (p->vector < 0) {
		p->vector = 0;
		log_err("no host vector left for interrupt line %u of vm %s\n", gsi, vm->name);
		return;
	}
	if (p->owner != vm)
		damper_reset(&p->damper);
	p->owner = vm;
	p->vm = vm;
	p->level = rte & IOAPIC_RTE_LEVEL;
	if (ioapic_route(gsi, (uint8_t)p->vector, apic_of(vm, rte), p->level, rte & IOAPIC_RTE_ACTIVE_LOW))
		return;
	ioapic_unmask(gsi);
}

void intx_rte_changed(struct vm *vm, uint32_t gsi, uint64_t rte)
{
	struct pin *p = &pins[gsi];

	if (gsi >= NR_PINS || p->reserved)
		return;
	spin_lock(&lock);
	if (rte & IOAPIC_RTE_MASKED)
		unroute(gsi, p);
	else
		route(vm, gsi, p, rte);
	spin_unlock(&lock);
}

void intx_ended(struct vm *vm, uint32_t gsi)
{
	struct pin *p = &pins[gsi];

	if (gsi >= NR_PINS || p->reserved)
		return;
	(void)virq_line(vm, gsi, false);
	spin_lock(&lock);
	if (p->vector && p->level)
		ioapic_unmask(gsi);
	spin_unlock(&lock);
}

void intx_release(struct vm *vm)
{
	uint32_t gsi;

	spin_lock(&lock);
	for (gsi = 0; gsi < NR_PINS; gsi++) {
		if (pins[gsi].vm == vm)
			unroute(gsi, &pins[gsi]);
		if (pins[gsi].owner == vm)
			pins[gsi].owner = NULL;
	}
	spin_unlock(&lock);
}

uint32_t intx_counts(const struct vm *vm, uint64_t *words, uint32_t max)
{
	uint32_t gsi, n = 0;

	spin_lock(&lock);
	for (gsi = 0; gsi < NR_PINS && n + 2 <= max; gsi++) {
		if (pins[gsi].owner != vm || !pins[gsi].vector)
			continue;
		words[n++] = (uint64_t)pins[gsi].vector;
		words[n++] = pins[gsi].damper.count;
	}
	spin_unlock(&lock);
	return n;
}

bool intx_look(uint32_t gsi, const struct vm **vm, int *vector)
{
	if (gsi >= NR_PINS)
		return false;
	spin_lock(&lock);
	*vm = pins[gsi].vm;
	*vector = pins[gsi].vector;
	spin_unlock(&lock);
	return *vm;
}
