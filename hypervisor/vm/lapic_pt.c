/* SPDX-License-Identifier: BSD-3-Clause */
/* Local APIC passthrough (SDM vol 3, 11.12 x2APIC, 25.1.3 external interrupts). */
#include "vm/lapic_pt.h"

#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "irq/ipi.h"
#include "irq/lapic.h"
#include "irq/timer.h"
#include "lib/bits.h"
#include "lib/critical.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/virq.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "x86/apicreg.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define X2APIC_FIRST	0x800u
#define X2APIC_LAST	0x83fu

/* Of the virtual timer: host TSC and TSC ticks of the counting modes, guest TSC of deadline mode; 0: none. */
struct armed_timer {
	uint64_t deadline, period, tsc_deadline;
};

/* CPUs whose local APIC is a guest's, or is going to be; whether none may become one's now. */
static uint32_t nr_owned;
static bool held;

int lapic_pt_hold(void)
{
	if (__atomic_exchange_n(&held, true, __ATOMIC_SEQ_CST))
		return -EBUSY;
	/* "Held" comes before this look, and own() counts before it looks at that: one of both sees the other. */
	if (!__atomic_load_n(&nr_owned, __ATOMIC_SEQ_CST))
		return 0;
	lapic_pt_release();
	return -EPERM;
}

void lapic_pt_release(void)
{
	__atomic_store_n(&held, false, __ATOMIC_RELEASE);
}

/* Waits until nobody holds; the holder may be calling this CPU. */
static void own(void)
{
	__atomic_fetch_add(&nr_owned, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&held, __ATOMIC_SEQ_CST)) {
		ipi_serve();
		cpu_pause();
	}
}

static void disown(void)
{
	__atomic_fetch_sub(&nr_owned, 1, __ATOMIC_RELEASE);
}

/* The hardware compares the deadline with its own TSC: a guest whose TSC differs must not write it itself. */
static void intercept_deadline(struct vcpu *vcpu, bool closed)
{
	bool trap = closed || vcpu->tsc_offset;

	vcpu_msr_intercept(vcpu, MSR_TSC_DEADLINE, trap, trap);
}

void lapic_pt_write_deadline(struct vcpu *vcpu, uint64_t guest_tsc)
{
	uint64_t now = tsc_now(), guest_now = now + vcpu->tsc_offset, ahead = guest_tsc - guest_now;

	if (guest_tsc <= guest_now)
		ahead = 0;
	wrmsr(MSR_TSC_DEADLINE, !guest_tsc ? 0 : ahead > ~now ? ~0ul : now + ahead);
}

uint64_t lapic_pt_read_deadline(const struct vcpu *vcpu)
{
	uint64_t deadline = rdmsr(MSR_TSC_DEADLINE);

	return deadline ? deadline + vcpu->tsc_offset : 0;
}

void lapic_pt_tsc_changed(struct vcpu *vcpu, uint64_t old_offset)
{
	uint64_t deadline;

	if (!vcpu->lapic_pt)
		return;
	deadline = rdmsr(MSR_TSC_DEADLINE);
	if (deadline > tsc_now())
		lapic_pt_write_deadline(vcpu, deadline + old_offset);
	intercept_deadline(vcpu, false);
}

static void open_msrs(struct vcpu *vcpu, bool open)
{
	uint32_t msr;

	for (msr = X2APIC_FIRST; msr <= X2APIC_LAST; msr++)
		vcpu_msr_intercept(vcpu, msr, !open, !open);
	vcpu_msr_intercept(vcpu, X2APIC_MSR(APIC_ID), true, true);
	vcpu_msr_intercept(vcpu, X2APIC_MSR(APIC_LDR), true, true);
	vcpu_msr_intercept(vcpu, MSR_X2APIC_ICR, true, true);
	intercept_deadline(vcpu, !open);
}

/* What the guest had set up in its virtual APIC goes on in the real one. */
static void copy_registers(struct vcpu *vcpu)
{
	static const uint16_t regs[] = {
		APIC_TPR, APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_PMI, APIC_LVT_LINT0, APIC_LVT_LINT1,
		APIC_LVT_ERROR, APIC_TDCR, APIC_SVR
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		uint64_t v;

		if (!vlapic_msr_read(vcpu, X2APIC_MSR(regs[i]), &v) && wrmsr_safe(X2APIC_MSR(regs[i]), v))
			log_debug("LAPIC register %x does not take %lx\n", regs[i], v);
	}
}

/* What is in service, lowest first, as each was taken above the one before. Class 1 would be an exception to the host. */
static void carry_in_service(struct vcpu *vcpu)
{
	unsigned int i;

	for (i = 1; i < 8; i++) {
		uint64_t word;

		if (vlapic_msr_read(vcpu, X2APIC_MSR(APIC_ISR0 + 16 * i), &word))
			return;
		for (; word; word &= word - 1)
			lapic_hold((uint8_t)(32 * i + bit_lowest(word)));
	}
}

void lapic_pt_forward(struct vcpu *vcpu)
{
	int vector;

	vlapic_sync(vcpu);
	while ((vector = vlapic_irr_top(vcpu)) >= 0) {
		vlapic_accept(vcpu, (uint8_t)vector);
		lapic_pt_post(vcpu, (uint8_t)vector);
	}
}

/* The timer that was armed, of which lapic_pt_enable() has kept the state: in counts of the real one, whose clock is another. */
static void carry_timer(struct vcpu *vcpu, const struct armed_timer *t)
{
	const struct vlapic *a = vcpu->vlapic;
	uint64_t now = tsc_now(), counts;

	if (t->tsc_deadline)
		lapic_pt_write_deadline(vcpu, t->tsc_deadline);
	if (!t->deadline)
		return;
	/* Periods begin anew: the real timer cannot be told to make the first one shorter. */
	counts = lapic_timer_counts(t->period ? t->period : t->deadline > now ? t->deadline - now : 0);
	counts = (counts + (1ul << a->timer_shift) - 1) >> a->timer_shift;
	if (wrmsr_safe(X2APIC_MSR(APIC_TMICT), MIN(counts, 0xfffffffful)))
		log_warn("LAPIC timer does not take %lx\n", counts);
}

/* Then TPR, SVR and LVTs; what the guest waits for comes with the registers it expects it in. */
static void carry_over(struct vcpu *vcpu)
{
	const struct vlapic *a = vcpu->vlapic;
	const struct armed_timer t = { a->timer_deadline, a->timer_period, a->tsc_deadline };

	vlapic_quiesce(vcpu);
	lapic_timer_arm(0);
	cpu_sti_nop_cli();
	if (t.deadline)
		(void)lapic_timer_counts(0);	/* may measure, which needs the timer */
	carry_in_service(vcpu);
	copy_registers(vcpu);
	carry_timer(vcpu, &t);
}

void lapic_pt_enable(struct vcpu *vcpu)
{
	if (vcpu->lapic_pt)
		return;
	if (!lapic_is_x2apic()) {
		vm_crash(vcpu->vm, "LAPIC passthrough needs x2APIC, which this machine lacks");
		return;
	}
	own();
	critical_enter();
	/* From the flag on, others kick by NMI; what they sent as IPI before is taken in this window. */
	WRITE_ONCE(this_cpu()->lapic_owned_by_guest, true);
	carry_over(vcpu);
	open_msrs(vcpu, true);
	vmcs_change_proc(&vcpu->arch->vmcs, 0, PROC_HLT | PROC_INTR_WINDOW | PROC_TPR_SHADOW |
			 PROC_CR8_LOAD | PROC_CR8_STORE);
	vmcs_change_pin(&vcpu->arch->vmcs, 0, PIN_EXTINT);
	vcpu_preempt_timer(vcpu, false);
	WRITE_ONCE(vcpu->lapic_pt, true);
	/* Who did not see the flag has set a bit: before, or with a request that leads to virq_before_entry(). */
	lapic_pt_forward(vcpu);
	critical_leave();
	log_info("vm %s: vCPU %u owns the local APIC of CPU %u\n", vcpu->vm->name, vcpu->vcpu_id, vcpu->pcpu_id);
}

/* External interrupts and HLT are the hypervisor's again. */
static void close_controls(struct vmcs_state *v)
{
	vmcs_change_pin(v, PIN_EXTINT, 0);
	vmcs_change_proc(v, PROC_HLT | PROC_TPR_SHADOW, 0);
	if (!(v->proc & PROC_TPR_SHADOW))
		vmcs_change_proc(v, PROC_CR8_LOAD | PROC_CR8_STORE, 0);
}

void lapic_pt_disable(struct vcpu *vcpu)
{
	if (!vcpu->lapic_pt)
		return;
	critical_enter();
	WRITE_ONCE(vcpu->lapic_pt, false);
	open_msrs(vcpu, false);
	close_controls(&vcpu->arch->vmcs);
	vcpu_preempt_timer(vcpu, true);
	lapic_reclaim();
	WRITE_ONCE(this_cpu()->lapic_owned_by_guest, false);
	/* Host timers of this CPU were queued but not programmed meanwhile. */
	timer_expire();
	critical_leave();
	disown();
}

/* Vectors below 16 do not exist: the sending CPU's APIC, ours, would note an error. */
void lapic_pt_post(struct vcpu *vcpu, uint8_t vector)
{
	if (likely(vector >= 16))
		lapic_send_fixed(percpu_area[vcpu->pcpu_id].apic_id, vector);
}

int lapic_pt_icr(struct vcpu *vcpu, uint64_t icr)
{
	uint32_t mode = (uint32_t)icr & APIC_ICR_DM_MASK, shorthand = (uint32_t)icr & APIC_ICR_SH_MASK;
	uint32_t dest = (uint32_t)(icr >> 32);
	uint8_t vector = (uint8_t)icr;
	uint16_t i;

	if ((mode == APIC_ICR_DM_FIXED || mode == APIC_ICR_DM_LOWEST) && vector < 16)
		return 0;
	/* INIT level de-assert is for old bus protocols and has no effect (11.6.1). */
	if (mode == APIC_ICR_DM_INIT && (icr & APIC_ICR_LEVEL) && !(icr & APIC_ICR_ASSERT))
		return 0;
	struct lapic_message m = { dest, icr & APIC_ICR_LOGICAL, mode >> APIC_ICR_DM_SHIFT, vector, icr & APIC_ICR_LEVEL };

	/* A message nobody is there to take is lost, as on the bus. */
	if (!shorthand) {
		(void)vlapic_deliver(vcpu->vm, &m);
		return 0;
	}
	m.logical = false;
	m.level = false;
	for (i = 0; i < vcpu->vm->nr_vcpus; i++) {
		bool self = vcpu->vm->vcpus[i] == vcpu;

		if ((shorthand == APIC_ICR_SH_SELF && !self) || (shorthand == APIC_ICR_SH_OTHERS && self))
			continue;
		m.dest = vcpu->vm->vcpus[i]->vapic_id;
		(void)vlapic_deliver(vcpu->vm, &m);
	}
	return 0;
}
