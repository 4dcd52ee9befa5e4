/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual local APIC: creation, IA32_APIC_BASE, priorities, posting, acceptance and EOI. Register accesses: vlapic_access.c. */
#include "vm/vlapic.h"

#include "cpu/percpu.h"
#include "irq/ipi.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vm/virq.h"
#include "vm/vlapic_reg.h"
#include "vm/vm.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

/* An integrated APIC with LVT entries 0 (timer) to 5 (error): no CMCI, no suppression of EOI broadcasts (11.4.8). */
#define VERSION	(APIC_VERSION_INTEGRATED | 5u << APIC_VERSION_MAX_LVT_SHIFT)

/* One allocation: the virtual-APIC page, which hardware wants page aligned, and the structure behind it. */
#define VLAPIC_PAGES	2u

static struct vlapic *vlapic_of(const struct vcpu *vcpu)
{
	return vcpu->vlapic;
}

/* ---- life ---- */

/* Registers after power-up, INIT or while globally disabled; identity follows the mode. */
static void reset_registers(struct vcpu *vcpu)
{
	struct vlapic *a = vlapic_of(vcpu);
	unsigned int i;

	vlapic_quiesce(vcpu);
	for (i = 0; i < PAGE_SIZE; i += 4)
		vlapic_reg_set(a, i, 0);
	for (i = APIC_LVT_TIMER; i <= APIC_LVT_ERROR; i += 16)
		vlapic_reg_set(a, i, APIC_LVT_MASKED);
	vlapic_reg_set(a, APIC_VERSION, VERSION);
	vlapic_reg_set(a, APIC_SVR, APIC_SVR_VECTOR_MASK);
	vlapic_reg_set(a, APIC_DFR, APIC_DFR_FLAT);
	vlapic_set_identity(vcpu);
	a->timer_mode = APIC_LVT_TIMER_ONESHOT;
	vlapic_timer_set_divisor(vcpu);
	a->irr_words = a->isr_words = 0;
	__atomic_store_n(&a->esr_pending, 0, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(a->level); i++) {
		__atomic_store_n(&a->posted.pir[i], 0, __ATOMIC_RELAXED);
		__atomic_store_n(&a->level[i], 0, __ATOMIC_RELAXED);
	}
	/* No level vectors now: the EOI-exit bitmap is empty. */
	if (a->hw_vid)
		atomic_set_bit(&vcpu->requests, REQ_EOI_EXITS);
}

/* ID and LDR: in x2APIC mode 32 bits and derived (11.12.10.2), in xAPIC mode the ID in the top byte. */
void vlapic_set_identity(struct vcpu *vcpu)
{
	struct vlapic *a = vlapic_of(vcpu);

	if (vlapic_in_x2apic(a)) {
		vlapic_reg_set(a, APIC_ID, vcpu->vapic_id);
		vlapic_reg_set(a, APIC_LDR, X2APIC_LDR_OF_ID(vcpu->vapic_id));
	} else {
		vlapic_reg_set(a, APIC_ID, vcpu->vapic_id << XAPIC_ID_SHIFT);
	}
}

void vlapic_reset(struct vcpu *vcpu, bool init)
{
	struct vlapic *a = vlapic_of(vcpu);

	if (!init)
		WRITE_ONCE(a->apic_base, APIC_BASE_DEFAULT | APIC_BASE_EN | (vcpu->vcpu_id ? 0 : APIC_BASE_BSP));
	reset_registers(vcpu);
	if (!init && !vcpu->vcpu_id)
		vlapic_reg_set(a, APIC_LVT_LINT0, APIC_LVT_DM_EXTINT);
}

int vlapic_create(struct vcpu *vcpu)
{
	uint8_t *page = frame_get(VLAPIC_PAGES);

	if (!page)
		return ERR(-ENOMEM);
	vcpu->vlapic = (struct vlapic *)(void *)(page + PAGE_SIZE);
	vcpu->vlapic->vcpu = vcpu;
	vcpu->vlapic->page = page;
	vlapic_timer_create(vcpu);
	vlapic_reset(vcpu, false);
	return 0;
}

void vlapic_destroy(struct vcpu *vcpu)
{
	struct vlapic *a = vlapic_of(vcpu);

	if (!a)
		return;
	vlapic_quiesce(vcpu);
	vcpu->vlapic = NULL;
	frame_put(a->page, VLAPIC_PAGES);
}

/* ---- IA32_APIC_BASE ---- */

bool vlapic_is_x2apic(const struct vcpu *vcpu)
{
	return vlapic_in_x2apic(vlapic_of(vcpu));
}

bool vlapic_is_enabled(const struct vcpu *vcpu)
{
	const struct vlapic *a = vlapic_of(vcpu);

	return vlapic_is_on(a) && (vlapic_reg(a, APIC_SVR) & APIC_SVR_ENABLE);
}

/*
 * Modes and the ways between them (11.12.5): off -> xAPIC -> x2APIC -> off and
 * xAPIC -> off; all others, and moving the page, are #GP. The BSP bit cannot
 * be changed: the write is not refused, since firmware writes it back as read.
 */
int vlapic_set_base(struct vcpu *vcpu, uint64_t value)
{
	struct vlapic *a = vlapic_of(vcpu);
	uint64_t mode = value & (APIC_BASE_EN | APIC_BASE_EXTD);
	uint64_t old = a->apic_base & (APIC_BASE_EN | APIC_BASE_EXTD);
	bool has_x2apic = !(vcpu->vm->options & SCENARIO_OPT_NO_X2APIC);

	if ((value & ~(mode | APIC_BASE_BSP)) != APIC_BASE_DEFAULT)
		return 1;
	if (mode == APIC_BASE_EXTD || (mode && !old && (mode & APIC_BASE_EXTD)))
		return 1;
	if ((mode & APIC_BASE_EXTD) && !has_x2apic)
		return 1;
	if ((old & APIC_BASE_EXTD) && mode == APIC_BASE_EN)
		return 1;
	if (mode == old)
		return 0;
	WRITE_ONCE(a->apic_base, (a->apic_base & ~old) | mode);
	vcpu->event_check = true;	/* switched off, the APIC lets the PIC through */
	if (!mode) {
		reset_registers(vcpu);
		return 0;
	}
	if (mode & APIC_BASE_EXTD) {
		/* ICR is one 64-bit register now, with 32 bits of destination. */
		vlapic_reg_set(a, APIC_ICR_LOW + 4, vlapic_reg(a, APIC_ICR_HIGH) >> XAPIC_ICR_DEST_SHIFT);
		vlapic_reg_set(a, APIC_ICR_HIGH, 0);
	}
	vlapic_set_identity(vcpu);
	return 0;
}

/* ---- vectors in IRR, ISR and TMR: bit n % 32 of the register 16 * (n / 32) bytes in ---- */

/* Highest vector; `words` says which registers are worth a look. */
static int top_of(const struct vlapic *a, uint32_t base, uint32_t words)
{
	uint32_t i, word;

	for (; words; words &= ~(1u << i)) {
		i = bit_highest(words);
		word = vlapic_reg(a, base + 16u * i);
		if (word)
			return (int)(i * 32 + bit_highest(word));
	}
	return -1;
}

static uint32_t word_of(uint32_t base, uint8_t vector)
{
	return base + 16u * (vector / 32u);
}

static bool vector_test(const struct vlapic *a, uint32_t base, uint8_t vector)
{
	return vlapic_reg(a, word_of(base, vector)) & (1u << (vector % 32u));
}

/* Sets or clears a vector's bit and keeps the bit of its register in *words. */
static void vector_set_to(struct vlapic *a, uint32_t base, uint8_t vector, bool on, uint8_t *words)
{
	uint32_t offset = word_of(base, vector), bit = 1u << (vector % 32u), n = 1u << (vector / 32u);
	uint32_t word = vlapic_reg(a, offset);

	word = on ? word | bit : word & ~bit;
	vlapic_reg_set(a, offset, word);
	*words = (uint8_t)(word ? *words | n : *words & ~n);
}

/* The same when the hardware changes the registers and nobody knows which are empty: two instructions for each. */
static int top_of_all(const struct vlapic *a, uint32_t base)
{
#pragma GCC unroll 8
	for (int i = 7; i >= 0; i--) {
		uint32_t word = vlapic_reg(a, base + 16u * (uint32_t)i);

		if (word)
			return i * 32 + (int)bit_highest(word);
	}
	return -1;
}

int vlapic_irr_top(const struct vcpu *vcpu)
{
	const struct vlapic *a = vlapic_of(vcpu);

	return a->hw_vid ? top_of_all(a, APIC_IRR0) : top_of(a, APIC_IRR0, a->irr_words);
}

int vlapic_isr_top(const struct vcpu *vcpu)
{
	const struct vlapic *a = vlapic_of(vcpu);

	return a->hw_vid ? top_of_all(a, APIC_ISR0) : top_of(a, APIC_ISR0, a->isr_words);
}

/* Processor priority: the higher class of TPR and of the highest vector in service (11.8.3.1). */
uint32_t vlapic_ppr(const struct vcpu *vcpu)
{
	uint32_t tpr = vlapic_tpr(vcpu);
	int isr = vlapic_isr_top(vcpu);
	uint32_t isrv = isr < 0 ? 0 : (uint32_t)isr & 0xf0u;

	return (tpr & 0xf0u) >= isrv ? tpr : isrv;
}

uint8_t vlapic_tpr(const struct vcpu *vcpu)
{
	return (uint8_t)vlapic_reg(vlapic_of(vcpu), APIC_TPR);
}

void vlapic_set_tpr(struct vcpu *vcpu, uint8_t tpr)
{
	vlapic_reg_set(vlapic_of(vcpu), APIC_TPR, tpr);
	vlapic_recheck(vcpu);
}

void vlapic_set_cr8(struct vcpu *vcpu, uint64_t cr8)
{
	vlapic_set_tpr(vcpu, (uint8_t)((cr8 & 0xfu) << 4));
}

/* Priorities changed: what waits in IRR may get in now, or wait for another TPR. */
void vlapic_recheck(struct vcpu *vcpu)
{
	const struct vlapic *a = vlapic_of(vcpu);

	if (a->irr_words || a->hw_vid)
		vcpu->event_check = true;
}

uint8_t vlapic_tpr_threshold(struct vcpu *vcpu)
{
	int irr = vlapic_irr_top(vcpu), isr = vlapic_isr_top(vcpu);
	unsigned int class, tpr = vlapic_tpr(vcpu) >> 4;

	if (irr < 0)
		return 0;
	class = (unsigned int)irr >> 4;
	/* Only an interrupt that TPR alone holds back; the threshold must not be above TPR at entry (26.2.1.1). */
	if (class > tpr || (isr >= 0 && class <= (unsigned int)isr >> 4))
		return 0;
	return (uint8_t)class;
}

/* ---- posting and delivery ---- */

/*
 * A bit of the descriptor was set. In the guest, the CPU takes it without an exit; else the thread does. Should the CPU have
 * left the guest when the notification arrives, vlapic_notified() or, for a vCPU that was switched out, its switch_in sees to it.
 */
static void notify(struct vcpu *vcpu)
{
	if (READ_ONCE(vcpu->where) != VCPU_IN_GUEST || vcpu->pcpu_id == this_pcpu_id() || !vlapic_is_enabled(vcpu))
		vcpu_request_event(vcpu);
	else if (!atomic_test_and_set_bit(&vlapic_of(vcpu)->posted.control, POSTED_ON))
		ipi_posted(vcpu->pcpu_id);
}

void vlapic_notified(void *arg __unused, uint8_t vector __unused)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	if (vcpu)
		vcpu_request_event(vcpu);
}

/* Half a posted word into its IRR and TMR registers; true when TMR changed. */
static inline bool merge(struct vlapic *a, unsigned int reg, uint32_t bits, uint32_t level)
{
	uint32_t irr = APIC_IRR0 + 16u * reg, tmr = APIC_TMR0 + 16u * reg, old, now;

	vlapic_reg_set(a, irr, vlapic_reg(a, irr) | bits);
	if (unlikely(!a->hw_vid))
		a->irr_words |= (uint8_t)(1u << reg);
	old = vlapic_reg(a, tmr);
	now = (old & ~bits) | level;
	if (likely(now == old))
		return false;
	vlapic_reg_set(a, tmr, now);
	return true;
}

/* A vector is in IRR. The hardware asks for the highest one (30.2.1), else we look before the entry. VMCS loaded. */
static inline void arrived(struct vcpu *vcpu, const struct vlapic *a, uint32_t vector)
{
	uint64_t status;

	if (unlikely(!a->hw_vid)) {
		vcpu->event_check = true;
		return;
	}
	status = vmread_known(VMCS_GUEST_INTR_STATUS);
	if ((uint8_t)status < vector)
		vmwrite(VMCS_GUEST_INTR_STATUS, (status & ~0xfful) | vector);
}

/* TMR has changed; without delivery by hardware we see each EOI anyway. */
static void want_eoi_exits(struct vcpu *vcpu)
{
	if (vlapic_of(vcpu)->hw_vid)
		atomic_set_bit(&vcpu->requests, REQ_EOI_EXITS);
}

/*
 * The vCPU's exit is being handled on this CPU, by whom we are called: IRR and the VMCS are nobody else's now, and an entry
 * follows. (Another CPU sees a vCPU there that is not its own one.)
 */
static inline bool is_here(const struct vcpu *vcpu)
{
	return this_cpu()->vcpu == vcpu && READ_ONCE(vcpu->where) == VCPU_IN_HANDLER;
}

/* An edge into IRR; false: the APIC is off and takes nothing (11.4.7.2). */
static inline bool take_one(struct vcpu *vcpu, uint32_t vector)
{
	uint32_t at = vector / 32u * 16u, bit = 1u << (vector % 32u);
	struct vlapic *a = vlapic_of(vcpu);

	if (unlikely(!vlapic_is_enabled(vcpu)))
		return false;
	vlapic_reg_set(a, APIC_IRR0 + at, vlapic_reg(a, APIC_IRR0 + at) | bit);
	if (unlikely(vlapic_reg(a, APIC_TMR0 + at) & bit)) {
		vlapic_reg_set(a, APIC_TMR0 + at, vlapic_reg(a, APIC_TMR0 + at) & ~bit);
		want_eoi_exits(vcpu);
	}
	if (unlikely(!a->hw_vid))
		a->irr_words |= (uint8_t)(1u << (vector / 32u));
	arrived(vcpu, a, vector);
	return true;
}

static void post_edge(struct vcpu *vcpu, uint32_t vector)
{
	struct vlapic *a = vlapic_of(vcpu);
	uint64_t bit = 1ul << (vector % 64u);

	if (__atomic_fetch_or(&a->posted.pir[vector / 64u], bit, __ATOMIC_SEQ_CST) & bit)
		return;
	if (unlikely(a->posting))
		notify(vcpu);
	else
		vcpu_request_event(vcpu);
}

static void post_level(struct vcpu *vcpu, uint32_t vector)
{
	struct vlapic *a = vlapic_of(vcpu);
	uint64_t bit = 1ul << (vector % 64u);

	if (__atomic_fetch_or(&a->level[vector / 64u], bit, __ATOMIC_SEQ_CST) & bit)
		return;
	/* The bit comes first: who clears the flag finds it. */
	__atomic_store_n(&a->level_any, true, __ATOMIC_SEQ_CST);
	vcpu_request_event(vcpu);
}

void vlapic_post(struct vcpu *vcpu, uint8_t vector, bool level)
{
	if (unlikely(vector < 16))
		vlapic_error(vcpu, APIC_ESR_RECV_VECTOR);
	else if (unlikely(level))
		post_level(vcpu, vector);
	else if (is_here(vcpu))
		(void)take_one(vcpu, vector);
	else
		post_edge(vcpu, vector);
}

/* Bits of word `w` into IRR; `level` is all ones or 0. False: the APIC is off. */
static __attribute__((noinline)) bool take_many(struct vcpu *vcpu, unsigned int w, uint64_t bits, uint32_t level)
{
	uint32_t low = (uint32_t)bits, high = (uint32_t)(bits >> 32);
	struct vlapic *a = vlapic_of(vcpu);
	bool changed = false;

	if (!vlapic_is_enabled(vcpu))
		return false;
	if (low)
		changed |= merge(a, 2 * w, low, low & level);
	if (high)
		changed |= merge(a, 2 * w + 1, high, high & level);
	if (changed)
		want_eoi_exits(vcpu);
	arrived(vcpu, a, w * 64 + bit_highest(bits));
	return true;
}

/* Empties a posted word; mostly there is one edge in it. True when any came. */
static inline bool take_word(struct vcpu *vcpu, uint64_t *words, unsigned int w, uint32_t level)
{
	uint64_t bits = __atomic_exchange_n(&words[w], 0, __ATOMIC_ACQ_REL);

	if (unlikely(!bits))
		return false;
	if (unlikely(level || bits & (bits - 1)))
		return take_many(vcpu, w, bits, level);
	return take_one(vcpu, w * 64 + bit_lowest(bits));
}

static inline bool take(struct vcpu *vcpu, uint64_t *words, uint32_t level)
{
	bool any = false;

	for (unsigned int w = 0; w < 4; w++)
		if (READ_ONCE(words[w]))
			any |= take_word(vcpu, words, w, level);
	return any;
}

static __attribute__((noinline)) bool take_level(struct vcpu *vcpu)
{
	/* A full barrier: the flag before the words. */
	(void)__atomic_exchange_n(&vlapic_of(vcpu)->level_any, false, __ATOMIC_SEQ_CST);
	return take(vcpu, vlapic_of(vcpu)->level, ~0u);
}

bool vlapic_sync(struct vcpu *vcpu)
{
	struct vlapic *a = vlapic_of(vcpu);
	bool any;

	/* ON before the words: who sets a bit that is not seen here notifies anew. */
	if (unlikely(a->posting))
		atomic_clear_bit(&a->posted.control, POSTED_ON);
	any = take(vcpu, a->posted.pir, 0);
	if (unlikely(READ_ONCE(a->level_any)))
		any |= take_level(vcpu);
	return any;
}

int vlapic_pending(struct vcpu *vcpu)
{
	int irr = vlapic_irr_top(vcpu);

	if (irr < 0 || ((uint32_t)irr & 0xf0u) <= (vlapic_ppr(vcpu) & 0xf0u) || !vlapic_is_on(vlapic_of(vcpu)))
		return -1;
	return irr;
}

void vlapic_accept(struct vcpu *vcpu, uint8_t vector)
{
	struct vlapic *a = vlapic_of(vcpu);

	vector_set_to(a, APIC_IRR0, vector, false, &a->irr_words);
	vector_set_to(a, APIC_ISR0, vector, true, &a->isr_words);
}

/* The guest wrote EOI; nothing in service: no effect. About 100 instructions for an edge vector, from the MSR write on. */
void vlapic_eoi(struct vcpu *vcpu)
{
	struct vlapic *a = vlapic_of(vcpu);
	int vector = vlapic_isr_top(vcpu);

	if (vector < 0)
		return;
	vector_set_to(a, APIC_ISR0, (uint8_t)vector, false, &a->isr_words);
	vlapic_recheck(vcpu);
	vlapic_eoi_done(vcpu, (uint8_t)vector);
}

void vlapic_eoi_done(struct vcpu *vcpu, uint8_t vector)
{
	struct vm *vm = vcpu->vm;

	if (vector_test(vlapic_of(vcpu), APIC_TMR0, vector) && vm->hooks.eoi)
		vm->hooks.eoi(vm, vector);
}

void vlapic_eoi_exits(struct vcpu *vcpu, uint64_t bitmap[4])
{
	const struct vlapic *a = vlapic_of(vcpu);
	unsigned int i;

	for (i = 0; i < 4; i++)
		bitmap[i] = (uint64_t)vlapic_reg(a, APIC_TMR0 + 16u * (2 * i + 1)) << 32 |
			    vlapic_reg(a, APIC_TMR0 + 16u * (2 * i));
}

/* ---- local sources ---- */

bool vlapic_accepts_extint(const struct vcpu *vcpu)
{
	const struct vlapic *a = vlapic_of(vcpu);
	uint32_t lint0 = vlapic_reg(a, APIC_LVT_LINT0);

	/* Globally disabled, the APIC hands the INTR pin through (11.4.3). */
	return !vlapic_is_on(a) || (lint0 & (APIC_LVT_MASKED | APIC_LVT_DM_MASK)) == APIC_LVT_DM_EXTINT;
}

static void local_fixed(struct vcpu *vcpu, uint32_t lvt, uint8_t vector)
{
	if (vector >= 16)
		vlapic_post(vcpu, vector, false);
	else if (lvt == APIC_LVT_ERROR)		/* no second error interrupt about the first */
		__atomic_fetch_or(&vlapic_of(vcpu)->esr_pending, APIC_ESR_RECV_VECTOR, __ATOMIC_RELAXED);
	else
		vlapic_error(vcpu, APIC_ESR_RECV_VECTOR);
}

void vlapic_local(struct vcpu *vcpu, uint32_t lvt)
{
	struct vlapic *a = vlapic_of(vcpu);
	uint32_t entry = vlapic_reg(a, lvt);

	if (!vlapic_is_on(a) || (entry & APIC_LVT_MASKED))
		return;
	/* Delivering a performance-counter interrupt masks it (19.6.3.5.8). */
	if (lvt == APIC_LVT_PMI)
		vlapic_reg_set(a, lvt, entry | APIC_LVT_MASKED);
	switch (entry & APIC_LVT_DM_MASK) {
	case APIC_LVT_DM_FIXED:
		local_fixed(vcpu, lvt, entry & APIC_LVT_VECTOR_MASK);
		break;
	case APIC_LVT_DM_NMI:
		virq_nmi(vcpu);
		break;
	case APIC_LVT_DM_INIT:
		vcpu_request(vcpu, REQ_INIT);
		break;
	default:	/* SMI: there is no SMM. ExtINT: the vPIC is asked when it is time to inject. */
		break;
	}
}

void vlapic_error(struct vcpu *vcpu, uint32_t bits)
{
	__atomic_fetch_or(&vlapic_of(vcpu)->esr_pending, bits, __ATOMIC_RELAXED);
	vlapic_local(vcpu, APIC_LVT_ERROR);
}
