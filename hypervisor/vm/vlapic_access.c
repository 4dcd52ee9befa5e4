/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest's view of its local APIC's registers: the xAPIC page (SDM vol 3,
 * table 11-1) and the x2APIC MSRs (table 11-6), which differ in what exists,
 * in width, and in what reserved bits do: ignored there, #GP here.
 */
#include "lib/errno.h"
#include "lib/types.h"
#include "vm/virq.h"
#include "vm/vlapic_reg.h"
#include "vm/vm.h"

/* Register n is at offset 16 * n: one bit each says whether it can be read or written. */
#define R(offset)	(1ul << ((offset) >> 4))
#define R8(offset)	(0xfful << ((offset) >> 4))
#define LVTS		(R(APIC_LVT_TIMER) | R(APIC_LVT_THERMAL) | R(APIC_LVT_PMI) | R(APIC_LVT_LINT0) | \
			 R(APIC_LVT_LINT1) | R(APIC_LVT_ERROR))
#define RW_BOTH		(R(APIC_TPR) | R(APIC_SVR) | R(APIC_ESR) | R(APIC_ICR_LOW) | LVTS | R(APIC_TMICT) | R(APIC_TDCR))
#define RO_BOTH		(R(APIC_VERSION) | R(APIC_PPR) | R8(APIC_ISR0) | R8(APIC_TMR0) | R8(APIC_IRR0) | R(APIC_TMCCT))
#define X2APIC_READS	(RW_BOTH | RO_BOTH | R(APIC_ID) | R(APIC_LDR))
/* EOI and ICR have their own way in vlapic_msr_write(). */
#define X2APIC_WRITES	((RW_BOTH & ~R(APIC_ICR_LOW)) | R(APIC_SELF_IPI))
#define XAPIC_WRITES	(RW_BOTH | R(APIC_ID) | R(APIC_EOI) | R(APIC_LDR) | R(APIC_DFR) | R(APIC_ICR_HIGH))
#define XAPIC_KNOWN	(XAPIC_WRITES | RO_BOTH | R(APIC_APR) | R(APIC_RRD))

#define SVR_BITS	(APIC_SVR_VECTOR_MASK | APIC_SVR_ENABLE | APIC_SVR_FOCUS_OFF)
/* Delivery status is read-only (in x2APIC mode gone): a 1 is tolerated, as hardware does. */
#define ICR_BITS	(APIC_ICR_VECTOR_MASK | APIC_ICR_DM_MASK | APIC_ICR_LOGICAL | APIC_ICR_BUSY | \
			 APIC_ICR_ASSERT | APIC_ICR_LEVEL | APIC_ICR_SH_MASK)

/* In x2APIC mode, where the high half is the destination. */
#define ICR_RESERVED	(0xfffffffful & ~(uint64_t)ICR_BITS)

struct lvt_bits {
	uint32_t writable;
	uint32_t read_only;
};

/* In the order of the registers, from APIC_LVT_TIMER on (11.5.1). */
static const struct lvt_bits lvt_bits[] = {
	{ APIC_LVT_VECTOR_MASK | APIC_LVT_MASKED | APIC_LVT_TIMER_MODE_MASK, APIC_LVT_PENDING },
	{ APIC_LVT_VECTOR_MASK | APIC_LVT_DM_MASK | APIC_LVT_MASKED, APIC_LVT_PENDING },
	{ APIC_LVT_VECTOR_MASK | APIC_LVT_DM_MASK | APIC_LVT_MASKED, APIC_LVT_PENDING },
	{ APIC_LVT_VECTOR_MASK | APIC_LVT_DM_MASK | APIC_LVT_ACTIVE_LOW | APIC_LVT_LEVEL | APIC_LVT_MASKED,
	  APIC_LVT_PENDING | APIC_LVT_REMOTE_IRR },
	{ APIC_LVT_VECTOR_MASK | APIC_LVT_DM_MASK | APIC_LVT_ACTIVE_LOW | APIC_LVT_LEVEL | APIC_LVT_MASKED,
	  APIC_LVT_PENDING | APIC_LVT_REMOTE_IRR },
	{ APIC_LVT_VECTOR_MASK | APIC_LVT_MASKED, APIC_LVT_PENDING },
};

static bool is_lvt(uint32_t offset)
{
	return offset >= APIC_LVT_TIMER && offset <= APIC_LVT_ERROR;
}

static const struct lvt_bits *lvt_of(uint32_t offset)
{
	return &lvt_bits[(offset - APIC_LVT_TIMER) >> 4];
}

static uint32_t read_register(struct vcpu *vcpu, uint32_t offset)
{
	if (offset == APIC_TMCCT)
		return vlapic_timer_count(vcpu);
	if (offset == APIC_PPR)
		return vlapic_ppr(vcpu);
	return vlapic_reg(vcpu->vlapic, offset);
}

static void write_lvt(struct vcpu *vcpu, uint32_t offset, uint32_t value)
{
	struct vlapic *a = vcpu->vlapic;

	value &= lvt_of(offset)->writable;
	/* While software-disabled the mask bits cannot be cleared (11.4.7.2). */
	if (!(vlapic_reg(a, APIC_SVR) & APIC_SVR_ENABLE))
		value |= APIC_LVT_MASKED;
	if (offset == APIC_LVT_TIMER && (value & APIC_LVT_TIMER_MODE_MASK) == APIC_LVT_TIMER_MODE_MASK)
		value &= ~APIC_LVT_TIMER_TSC_DEADLINE;	/* mode 3 is reserved */
	vlapic_reg_set(a, offset, value);
	if (offset == APIC_LVT_TIMER)
		vlapic_timer_mode_changed(vcpu);
	else if (offset == APIC_LVT_LINT0)
		vcpu->event_check = true;	/* the PIC may have waited behind the mask */
}

static void write_svr(struct vcpu *vcpu, uint32_t value)
{
	struct vlapic *a = vcpu->vlapic;
	uint32_t i;

	/* What was posted to the enabled APIC still counts. */
	vlapic_sync(vcpu);
	vlapic_reg_set(a, APIC_SVR, value & SVR_BITS);
	if (value & APIC_SVR_ENABLE)
		return;
	for (i = APIC_LVT_TIMER; i <= APIC_LVT_ERROR; i += 16)
		vlapic_reg_set(a, i, vlapic_reg(a, i) | APIC_LVT_MASKED);
}

static void write_self_ipi(struct vcpu *vcpu, uint32_t value)
{
	uint8_t vector = value & APIC_ICR_VECTOR_MASK;

	vlapic_reg_set(vcpu->vlapic, APIC_SELF_IPI, 0);
	if (vector < 16)
		vlapic_error(vcpu, APIC_ESR_SEND_VECTOR);
	else
		vlapic_post(vcpu, vector, false);
}

/* The caller has checked that the register exists and can be written. */
static void write_register(struct vcpu *vcpu, uint32_t offset, uint32_t value)
{
	struct vlapic *a = vcpu->vlapic;

	switch (offset) {
	case APIC_TPR:
		vlapic_set_tpr(vcpu, (uint8_t)value);
		break;
	case APIC_EOI:
		vlapic_reg_set(a, APIC_EOI, 0);
		vlapic_eoi(vcpu);
		break;
	case APIC_LDR:
		vlapic_reg_set(a, APIC_LDR, value & (0xffu << XAPIC_LDR_SHIFT));
		break;
	case APIC_DFR:
		vlapic_reg_set(a, APIC_DFR, value | APIC_DFR_CLUSTER);
		break;
	case APIC_SVR:
		write_svr(vcpu, value);
		break;
	case APIC_ESR:	/* a write latches what has come up since the last one (11.5.3) */
		vlapic_reg_set(a, APIC_ESR, __atomic_exchange_n(&a->esr_pending, 0, __ATOMIC_RELAXED));
		break;
	case APIC_ICR_LOW:
		value &= ICR_BITS & ~APIC_ICR_BUSY;
		vlapic_reg_set(a, APIC_ICR_LOW, value);
		vlapic_icr_send(vcpu, value, vlapic_reg(a, APIC_ICR_HIGH) >> XAPIC_ICR_DEST_SHIFT);
		break;
	case APIC_ICR_HIGH:
		vlapic_reg_set(a, APIC_ICR_HIGH, value & (0xffu << XAPIC_ICR_DEST_SHIFT));
		break;
	case APIC_TMICT:
		vlapic_timer_set_count(vcpu, value);
		break;
	case APIC_TDCR:
		vlapic_reg_set(a, APIC_TDCR, value & APIC_TDCR_MASK);
		vlapic_timer_set_divisor(vcpu);
		break;
	case APIC_SELF_IPI:
		write_self_ipi(vcpu, value);
		break;
	case APIC_ID:	/* read-only, as on current processors; the hardware may have let the write into the page */
		vlapic_set_identity(vcpu);
		break;
	default:
		if (is_lvt(offset))
			write_lvt(vcpu, offset, value);
		break;
	}
}

/* ---- xAPIC page ---- */

static bool xapic_has(struct vcpu *vcpu, uint32_t offset)
{
	if (!vlapic_is_on(vcpu->vlapic) || vlapic_in_x2apic(vcpu->vlapic))
		return false;
	if (offset % 16 == 0 && offset < 0x400u && (R(offset) & XAPIC_KNOWN))
		return true;
	vlapic_error(vcpu, APIC_ESR_REGISTER);
	return false;
}

int vlapic_mmio_read(struct vcpu *vcpu, uint32_t offset, uint32_t *value)
{
	*value = 0;
	if (!xapic_has(vcpu, offset))
		return -EINVAL;
	if (offset != APIC_EOI)
		*value = read_register(vcpu, offset);
	return 0;
}

int vlapic_mmio_write(struct vcpu *vcpu, uint32_t offset, uint32_t value)
{
	if (!xapic_has(vcpu, offset))
		return -EINVAL;
	if (R(offset) & XAPIC_WRITES)
		write_register(vcpu, offset, value);
	return 0;
}

void vlapic_apic_write(struct vcpu *vcpu, uint32_t offset)
{
	uint64_t writes = vlapic_is_x2apic(vcpu) ? X2APIC_WRITES | R(APIC_EOI) : XAPIC_WRITES;

	if (offset % 16 || offset >= 0x400u || !(R(offset) & writes))
		return;
	write_register(vcpu, offset, vlapic_reg(vcpu->vlapic, offset));
}

/* ---- x2APIC MSRs ---- */

/* Bits that make a write #GP (11.12.1.2); what can be written at all has been checked. */
static uint64_t x2apic_reserved(uint32_t offset)
{
	switch (offset) {
	case APIC_TPR:
	case APIC_SELF_IPI:
		return ~0xfful;
	case APIC_ESR:
		return ~0ul;
	case APIC_SVR:
		return ~(uint64_t)SVR_BITS;
	case APIC_TMICT:
		return ~0xfffffffful;
	case APIC_TDCR:
		return ~(uint64_t)APIC_TDCR_MASK;
	default:	/* an LVT entry */
		return ~(uint64_t)(lvt_of(offset)->writable | lvt_of(offset)->read_only);
	}
}

/* One 64-bit register: 31:0 as in xAPIC mode, 63:32 the destination. */
static void write_icr(struct vcpu *vcpu, uint64_t value)
{
	uint32_t low = (uint32_t)value & ~APIC_ICR_BUSY, dest = (uint32_t)(value >> X2APIC_ICR_DEST_SHIFT);

	vlapic_reg_set(vcpu->vlapic, APIC_ICR_LOW, low);
	vlapic_reg_set(vcpu->vlapic, APIC_ICR_LOW + 4, dest);
	vlapic_icr_send(vcpu, low, dest);
}

static int x2apic_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	uint32_t offset = (msr - X2APIC_MSR_FIRST) << 4;

	if (!vlapic_is_x2apic(vcpu) || msr < X2APIC_MSR_FIRST || offset >= 0x400u || !(R(offset) & X2APIC_WRITES))
		return 1;
	if (value & x2apic_reserved(offset))
		return 1;
	if (offset == APIC_LVT_TIMER && (value & APIC_LVT_TIMER_MODE_MASK) == APIC_LVT_TIMER_MODE_MASK)
		return 1;
	write_register(vcpu, offset, (uint32_t)value);
	return 0;
}

int vlapic_msr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	switch (msr) {
	case MSR_TSC_DEADLINE:
		vlapic_timer_set_deadline(vcpu, value);
		return 0;
	case MSR_X2APIC_EOI:
		if (unlikely(value || !vlapic_is_x2apic(vcpu)))
			return 1;
		vlapic_eoi(vcpu);
		return 0;
	case MSR_X2APIC_ICR:
		if (unlikely((value & ICR_RESERVED) || !vlapic_is_x2apic(vcpu)))
			return 1;
		write_icr(vcpu, value);
		return 0;
	case MSR_APIC_BASE:
		return vlapic_set_base(vcpu, value);
	default:
		return x2apic_write(vcpu, msr, value);
	}
}

bool vlapic_x2apic_has(uint32_t msr)
{
	uint32_t offset = (msr - X2APIC_MSR_FIRST) << 4;

	return msr >= X2APIC_MSR_FIRST && offset < 0x400u && (R(offset) & X2APIC_READS);
}

static int x2apic_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	uint32_t offset = (msr - X2APIC_MSR_FIRST) << 4;

	if (!vlapic_is_x2apic(vcpu) || !vlapic_x2apic_has(msr))
		return 1;
	*value = read_register(vcpu, offset);
	if (offset == APIC_ICR_LOW)
		*value |= (uint64_t)vlapic_reg(vcpu->vlapic, APIC_ICR_LOW + 4) << X2APIC_ICR_DEST_SHIFT;
	return 0;
}

int vlapic_msr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	*value = 0;
	switch (msr) {
	case MSR_TSC_DEADLINE:
		*value = vcpu->vlapic->tsc_deadline;
		return 0;
	case MSR_APIC_BASE:
		*value = vcpu->vlapic->apic_base;
		return 0;
	default:
		return x2apic_read(vcpu, msr, value);
	}
}
