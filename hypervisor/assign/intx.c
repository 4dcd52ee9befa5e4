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
	uint8_t guest_vector;	/* [lock] */
	uint16_t pic_input;	/* [lock] its bit in vm->pic_edges, if any */
	struct vcpu *to;	/* [lock] an edge is `guest_vector` for this one; NULL: ask the vIOAPIC */
	struct damper damper;	/* [lock] */
	bool reserved;		/* (o) */
};

static struct pin pins[NR_PINS];
static struct spinlock lock;	/* guards pins[] */

static uint32_t gsi_of(const struct pin *p)
{
	return (uint32_t)(p - pins);
}

void intx_reserve(uint32_t gsi)
{
	if (gsi < NR_PINS)
		pins[gsi].reserved = true;
}

/* [lock] */
static __attribute__((noinline)) void drive(const struct pin *p)
{
	uint32_t gsi = gsi_of(p);

	(void)virq_line(p->vm, gsi, true);
	if (!p->level)
		(void)virq_line(p->vm, gsi, false);
}

/* [lock] An edge leaves the virtual line as it was: the message is all there is to it, but for the PIC. */
static inline void deliver(const struct vm *vm, const struct pin *p)
{
	if (likely(p->to && !(READ_ONCE(vm->pic_edges) & p->pic_input)))
		virq_post(p->to, p->guest_vector, false);
	else
		drive(p);
}

/* Timer: the end of a delay. */
static void due(void *arg)
{
	struct pin *p = arg;

	spin_lock(&lock);
	if (damper_due(&p->damper) && p->vm)
		deliver(p->vm, p);
	spin_unlock(&lock);
}

/* Host interrupt; any CPU. */
static void fired(void *arg, uint8_t vector __unused)
{
	struct pin *p = arg;
	const struct vm *vm;

	/* Held throughout: intx_release() returns only when nobody is on the way to the VM any more. */
	spin_lock(&lock);
	vm = p->vm;
	if (likely(vm)) {
		if (p->level)
			ioapic_mask(gsi_of(p));
		if (damper_pass(&p->damper, vm, due, p))
			deliver(vm, p);
	}
	spin_unlock(&lock);
}

static void first_dest(struct vcpu *vcpu, void *arg)
{
	struct vcpu **out = arg;

	if (!*out)
		*out = vcpu;
}

/* The first vCPU an entry names, or NULL. */
static struct vcpu *named(struct vm *vm, uint64_t rte)
{
	struct vcpu *vcpu = NULL;

	vlapic_for_dest(vm, (uint32_t)(rte >> IOAPIC_RTE_DEST_SHIFT), rte & IOAPIC_RTE_LOGICAL, first_dest, &vcpu);
	return vcpu;
}

/* Fixed, edge triggered, for the one that has the physical number: nobody else, whatever the guest's APICs are told. */
static bool is_plain(uint64_t rte)
{
	return !(rte & (IOAPIC_RTE_LEVEL | IOAPIC_RTE_LOGICAL | IOAPIC_RTE_DM_MASK)) &&
	       rte >> IOAPIC_RTE_DEST_SHIFT != XAPIC_DEST_ALL;
}

/* [lock] */
static void unroute(uint32_t gsi, struct pin *p)
{
	ioapic_mask(gsi);
	if (p->vector)
		vector_put((uint8_t)p->vector);
	p->vector = 0;
	p->vm = NULL;
	p->to = NULL;
	p->damper.held = false;
}

/* [lock] */
static void route(struct vm *vm, uint32_t gsi, struct pin *p, uint64_t rte)
{
	struct vcpu *to = named(vm, rte);

	if (!p->vector)
		p->vector = vector_get(fired, p);
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
	p->to = is_plain(rte) ? to : NULL;
	p->guest_vector = rte & IOAPIC_RTE_VECTOR_MASK;
	p->pic_input = gsi < VIRQ_PIC_INPUTS ? (uint16_t)(1u << virq_pic_input(gsi)) : 0;
	if (!to)
		to = vm->vcpus[0];
	if (ioapic_route(gsi, (uint8_t)p->vector, percpu_area[to->pcpu_id].apic_id, p->level, rte & IOAPIC_RTE_ACTIVE_LOW))
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
