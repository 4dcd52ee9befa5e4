/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One record a host vector, never freed: a handler that is late finds no VM in
 * it instead of memory that is gone.
 */
#include "assign/msi.h"

#include "assign/damper.h"
#include "cpu/percpu.h"
#include "hw/vtd.h"
#include "irq/vector.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "log/log.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "x86/apicreg.h"
#include "x86/vtd_reg.h"

struct source {
	struct spinlock lock;
	struct vm *vm;			/* [lock] NULL: nobody's */
	uint16_t bdf;			/* [lock] who sends it */
	bool routed;			/* [lock] */
	struct msi_message guest;	/* [lock] */
	struct damper damper;		/* [lock] */
};

static struct source sources[VEC_DYNAMIC_LAST + 1];	/* by host vector */

/* [lock] A VM that has ended has no vCPUs to deliver to. */
static bool is_live(const struct source *s)
{
	return s->vm && s->routed && READ_ONCE(s->vm->state) != VM_POWERED_OFF;
}

/* Timer: the end of a delay. */
static void due(void *arg)
{
	struct source *s = arg;

	spin_lock(&s->lock);
	if (damper_due(&s->damper) && is_live(s))
		(void)virq_msi(s->vm, s->guest.addr, s->guest.data);
	spin_unlock(&s->lock);
}

/* Host interrupt; any CPU. The lock is kept while delivering: msi_put() is then the end of it. */
static void fired(void *arg __unused, uint8_t vector)
{
	struct source *s = &sources[vector];

	spin_lock(&s->lock);
	/* A bad message of the guest is the guest's loss. */
	if (is_live(s) && damper_pass(&s->damper, s->vm, due, s))
		(void)virq_msi(s->vm, s->guest.addr, s->guest.data);
	spin_unlock(&s->lock);
}

int msi_get(struct vm *vm, uint16_t bdf)
{
	int vector = vector_get(fired, NULL);
	struct source *s;

	if (vector < 0)
		return ERR(vector);
	s = &sources[vector];
	spin_lock(&s->lock);
	s->vm = vm;
	s->bdf = bdf;
	s->routed = false;
	damper_reset(&s->damper);
	spin_unlock(&s->lock);
	return vector;
}

void msi_put(uint8_t vector)
{
	struct source *s = &sources[vector];

	spin_lock(&s->lock);
	s->vm = NULL;
	s->routed = false;
	damper_reset(&s->damper);
	spin_unlock(&s->lock);
	vector_put(vector);
}

uint32_t msi_counts(const struct vm *vm, uint64_t *words, uint32_t max)
{
	uint32_t v, n = 0;

	for (v = VEC_DYNAMIC_FIRST; v <= VEC_DYNAMIC_LAST && n + 2 <= max; v++) {
		struct source *s = &sources[v];

		spin_lock(&s->lock);
		if (s->vm == vm) {
			words[n++] = v;
			words[n++] = s->damper.count;
		}
		spin_unlock(&s->lock);
	}
	return n;
}

/* Whether a message can reach the vCPU's CPU. */
static bool can_name(const struct vcpu *vcpu)
{
	return percpu_area[vcpu->pcpu_id].apic_id <= vtd_ir_max_apic_id();
}

static void first_dest(struct vcpu *vcpu, void *arg)
{
	struct vcpu **out = arg;

	if (!*out && can_name(vcpu))
		*out = vcpu;
}

static struct vcpu *pick(struct vm *vm, const struct msi_message *guest)
{
	uint32_t dest = ((uint32_t)guest->addr & MSI_ADDR_DEST_MASK) >> MSI_ADDR_DEST_SHIFT;
	struct vcpu *vcpu = NULL;
	uint16_t i;

	/* As virq_msi() reads it. */
	dest |= (uint32_t)(guest->addr >> 32) & 0xffffff00u;
	vlapic_for_dest(vm, dest, guest->addr & MSI_ADDR_LOGICAL, first_dest, &vcpu);
	for (i = 0; i < vm->nr_vcpus && !vcpu; i++)
		first_dest(vm->vcpus[i], &vcpu);
	return vcpu;
}

/* What a device writes to raise `vector` on a CPU: physical destination, fixed, edge; or the IOMMU's entry for it. */
static int message(uint8_t vector, uint16_t bdf, uint32_t apic_id, struct msi_message *m)
{
	m->data = vector;
	m->addr = MSI_ADDR_BASE | (uint64_t)apic_id << MSI_ADDR_DEST_SHIFT;
	if (!vtd_ir_active())
		return 0;
	m->addr = MSI_ADDR_BASE | VTD_MSI_REMAP | (uint32_t)vector << VTD_MSI_INDEX_SHIFT;
	return vtd_ir_set(vector, bdf, apic_id, false);
}

int msi_route(uint8_t vector, const struct msi_message *guest, struct msi_message *host)
{
	struct source *s = &sources[vector];
	struct vcpu *vcpu;
	int err = -ENODEV;

	spin_lock(&s->lock);
	vcpu = s->vm ? pick(s->vm, guest) : NULL;
	if (vcpu && !message(vector, s->bdf, percpu_area[vcpu->pcpu_id].apic_id, host)) {
		s->guest = *guest;
		s->routed = true;
		err = 0;
	}
	spin_unlock(&s->lock);
	return err ? ERR(err) : 0;
}

bool msi_look(uint8_t vector, const struct vm **vm, struct msi_message *guest)
{
	struct source *s = &sources[vector];

	spin_lock(&s->lock);
	*vm = s->vm;
	*guest = s->routed ? s->guest : (struct msi_message){ 0 };
	spin_unlock(&s->lock);
	return *vm;
}
