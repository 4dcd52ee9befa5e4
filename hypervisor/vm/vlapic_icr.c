/* SPDX-License-Identifier: BSD-3-Clause */
/* Who an interrupt message names, and sending it: ICR, MSIs and the vIOAPIC (SDM vol 3, 11.6, 11.12.10). */
#include "lib/bits.h"
#include "lib/errno.h"
#include "vm/virq.h"
#include "vm/vlapic_reg.h"
#include "vm/vm.h"

/* Delivery modes, the 3-bit numbers. */
enum { DM_FIXED, DM_LOWEST, DM_SMI, DM_RESERVED, DM_NMI, DM_INIT, DM_STARTUP, DM_EXTINT };

/* `wide`: 32 bits, from an x2APIC's ICR, where 0xFF is one APIC ID like any other. */
struct dest {
	uint32_t dest;
	bool logical;
	bool wide;
};

static bool is_broadcast(const struct dest *d)
{
	return d->dest == X2APIC_DEST_ALL || (!d->wide && d->dest == XAPIC_DEST_ALL);
}

/* Flat: any common bit. Cluster: same high nibble (0xF: all of them) and a common bit below. */
static bool matches_xapic_logical(const struct vlapic *a, uint32_t dest)
{
	uint32_t ldr = vlapic_reg(a, APIC_LDR) >> XAPIC_LDR_SHIFT;

	if (dest > 0xff)
		return false;
	if (vlapic_reg(a, APIC_DFR) == APIC_DFR_FLAT)
		return ldr & dest;
	return (ldr >> 4 == dest >> 4 || dest >> 4 == 0xf) && (ldr & dest & 0xf);
}

/* Cluster in 31:16, one bit of the low half for each of its 16 members. */
static bool matches_x2apic_logical(uint32_t ldr, uint32_t dest)
{
	return ldr >> 16 == dest >> 16 && (ldr & dest & 0xffff);
}

static bool matches(const struct vcpu *vcpu, const struct dest *d)
{
	const struct vlapic *a = vcpu->vlapic;

	if (!a || !vlapic_is_on(a))
		return false;
	if (is_broadcast(d))
		return true;
	if (!d->logical)
		return vcpu->vapic_id == d->dest;
	if (vlapic_in_x2apic(a))
		return matches_x2apic_logical(X2APIC_LDR_OF_ID(vcpu->vapic_id), d->dest);
	return matches_xapic_logical(a, d->dest);
}

/* Bit n: vCPU n is named. */
static uint64_t named(struct vm *vm, const struct dest *d)
{
	uint64_t set = 0;
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i] && matches(vm->vcpus[i], d))
			set |= 1ul << i;
	return set;
}

void vlapic_for_dest(struct vm *vm, uint32_t dest, bool logical, void (*fn)(struct vcpu *vcpu, void *arg), void *arg)
{
	const struct dest d = { .dest = dest, .logical = logical, .wide = dest > 0xff };
	uint64_t set;

	for (set = named(vm, &d); set; set &= set - 1)
		fn(vm->vcpus[bit_lowest(set)], arg);
}

/*
 * Lowest priority: one of the enabled APICs with the lowest task-priority
 * class. Among equals the vector decides, so that sources spread over the CPUs
 * and each one stays where its data is warm.
 */
static uint64_t arbitrate(struct vm *vm, uint64_t set, uint8_t vector)
{
	uint64_t lowest = 0;
	unsigned int best = 16, nth;

	for (; set; set &= set - 1) {
		unsigned int i = bit_lowest(set);
		struct vcpu *vcpu = vm->vcpus[i];
		unsigned int class = vlapic_tpr(vcpu) >> 4;

		/* With LAPIC passthrough the page does not say what the guest's APIC does. */
		if (!READ_ONCE(vcpu->lapic_pt) && !vlapic_is_enabled(vcpu))
			continue;
		if (class < best) {
			best = class;
			lowest = 0;
		}
		if (class == best)
			lowest |= 1ul << i;
	}
	if (!lowest)
		return 0;
	for (nth = vector % bits_count(lowest); nth; nth--)
		lowest &= lowest - 1;
	return 1ul << bit_lowest(lowest);
}

static void deliver_one(struct vcpu *vcpu, uint32_t mode, uint8_t vector, bool level)
{
	switch (mode) {
	case DM_FIXED:
	case DM_LOWEST:
		virq_post(vcpu, vector, level);
		break;
	case DM_NMI:
		virq_nmi(vcpu);
		break;
	case DM_INIT:
		vcpu_request(vcpu, REQ_INIT);
		break;
	case DM_STARTUP:
		/* Before the request, which is a full barrier. A second one before the first is served repeats it (8.4.4.1). */
		WRITE_ONCE(vcpu->sipi_vector, vector);
		vcpu_request(vcpu, REQ_SIPI);
		break;
	default:	/* SMI: there is no SMM */
		break;
	}
}

static int deliver_set(struct vm *vm, uint64_t set, uint32_t mode, uint8_t vector, bool level)
{
	if (mode == DM_LOWEST)
		set = arbitrate(vm, set, vector);
	if (!set)
		return -EINVAL;
	for (; set; set &= set - 1)
		deliver_one(vm->vcpus[bit_lowest(set)], mode, vector, level);
	return 0;
}

/* The one vCPU with this physical APIC ID: mostly its number is its ID. NULL: none, or its APIC is off. */
static struct vcpu *vcpu_of_id(struct vm *vm, uint32_t id)
{
	struct vcpu *vcpu = id < vm->nr_vcpus ? vm->vcpus[id] : NULL;
	unsigned int i;

	for (i = 0; !(vcpu && vcpu->vapic_id == id); i++) {
		if (i >= vm->nr_vcpus)
			return NULL;
		vcpu = vm->vcpus[i];
	}
	return vcpu->vlapic && vlapic_is_on(vcpu->vlapic) ? vcpu : NULL;
}

static int deliver(struct vm *vm, const struct dest *d, uint32_t mode, uint8_t vector, bool level)
{
	struct vcpu *vcpu;

	if (mode == DM_RESERVED || mode >= DM_EXTINT)
		return -EINVAL;
	if (!d->logical && !is_broadcast(d) && mode != DM_LOWEST) {
		vcpu = vcpu_of_id(vm, d->dest);
		if (!vcpu)
			return -EINVAL;
		deliver_one(vcpu, mode, vector, level);
		return 0;
	}
	return deliver_set(vm, named(vm, d), mode, vector, level);
}

int vlapic_deliver(struct vm *vm, const struct lapic_message *m)
{
	const struct dest d = { .dest = m->dest, .logical = m->logical, .wide = m->dest > 0xff };

	return deliver(vm, &d, m->delivery_mode, m->vector, m->level);
}

/* Shorthands all (self included) and others; table 11-3 says which modes they have. */
static void send_shorthand(struct vcpu *vcpu, uint32_t shorthand, uint32_t mode, uint8_t vector)
{
	const struct dest all = { .dest = X2APIC_DEST_ALL };
	uint64_t set = named(vcpu->vm, &all);

	if (shorthand == APIC_ICR_SH_OTHERS)
		set &= ~(1ul << vcpu->vcpu_id);
	else if (mode != DM_FIXED)
		return;
	(void)deliver_set(vcpu->vm, set, mode, vector, false);
}

bool vlapic_post_plain(struct vm *vm, uint32_t dest, uint8_t vector)
{
	struct vcpu *to = dest < vm->nr_vcpus ? vm->vcpus[dest] : NULL;

	if (vector < 16 || !to || to->vapic_id != dest || !vlapic_is_on(to->vlapic))
		return false;
	virq_post(to, vector, false);
	return true;
}

/* What nearly all IPIs are; about 110 instructions from the MSR write to the posted bit. False: look closer. */
static bool send_fast(struct vcpu *vcpu, uint32_t low, uint32_t dest)
{
	if (low & (APIC_ICR_DM_MASK | APIC_ICR_LOGICAL | APIC_ICR_SH_MASK))
		return false;
	return vlapic_post_plain(vcpu->vm, dest, low & APIC_ICR_VECTOR_MASK);
}

/* A message nobody is there to take is lost, as on the bus. */
void vlapic_icr_send(struct vcpu *vcpu, uint32_t low, uint32_t dest)
{
	uint32_t mode = (low & APIC_ICR_DM_MASK) >> APIC_ICR_DM_SHIFT, shorthand = low & APIC_ICR_SH_MASK;
	uint8_t vector = low & APIC_ICR_VECTOR_MASK;

	if (likely(send_fast(vcpu, low, dest)))
		return;
	if (mode <= DM_LOWEST && vector < 16) {
		vlapic_error(vcpu, APIC_ESR_SEND_VECTOR);
		return;
	}
	/* INIT level de-assert is for old bus protocols and has no effect here (11.6.1). */
	if (mode == DM_INIT && (low & APIC_ICR_LEVEL) && !(low & APIC_ICR_ASSERT))
		return;
	if (mode == DM_RESERVED || mode == DM_EXTINT)
		return;
	if (shorthand == APIC_ICR_SH_NONE) {
		const struct dest d = { .dest = dest, .logical = low & APIC_ICR_LOGICAL, .wide = vlapic_is_x2apic(vcpu) };

		(void)deliver(vcpu->vm, &d, mode, vector, false);
	} else if (shorthand != APIC_ICR_SH_SELF) {
		send_shorthand(vcpu, shorthand, mode, vector);
	} else if (mode == DM_FIXED) {
		vlapic_post(vcpu, vector, false);
	}
}
