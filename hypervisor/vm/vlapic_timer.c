/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timer of the virtual local APIC (SDM vol 3, 11.5.4): one-shot, periodic and
 * TSC-deadline. It counts ticks of the guest's TSC; deadlines and periods are
 * kept in host ticks, rounded up. Expiry is a timer of the vCPU's own pCPU,
 * so the expiry handler never runs beside the vCPU's thread.
 */
#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "irq/ipi.h"
#include "lib/util.h"
#include "vm/vlapic_reg.h"
#include "vm/vm.h"

/* A shorter period would let a guest keep its pCPU busy with nothing but our timer interrupt. */
#define MIN_PERIOD_US	20u

uint64_t vlapic_timer_hz(const struct vcpu *vcpu)
{
	return vtsc_khz(&vcpu->vm->tsc) * 1000;
}

/* The next deadline behind `now`: from the last one, so that being late once does not shift the next ones. */
static void next_period(struct vlapic *a, uint64_t now)
{
	a->timer_deadline += a->timer_period;
	if (a->timer_deadline <= now)
		a->timer_deadline += ((now - a->timer_deadline) / a->timer_period + 1) * a->timer_period;
}

/* It can take no interrupt now: further ticks would merge with the one it gets, and cost whoever runs instead. */
static bool is_off_cpu(const struct vcpu *vcpu)
{
	enum thread_state s = READ_ONCE(vcpu->thread.state);

	return s == THREAD_RUNNABLE || (s == THREAD_BLOCKED && vcpu->state != VCPU_HALTED);
}

static void expire(void *arg)
{
	struct vcpu *vcpu = arg;
	struct vlapic *a = vcpu->vlapic;

	a->tsc_deadline = 0;
	if (!a->timer_period) {
		a->timer_deadline = 0;
	} else {
		next_period(a, tsc_now());
		a->timer_parked = is_off_cpu(vcpu);
		if (!a->timer_parked)
			timer_start(&a->timer, a->timer_deadline);
	}
	vlapic_local(vcpu, APIC_LVT_TIMER);
}

void vlapic_timer_unpark(struct vcpu *vcpu)
{
	struct vlapic *a = vcpu->vlapic;
	uint64_t now;

	if (likely(!a->timer_parked))
		return;
	a->timer_parked = false;
	now = tsc_now();
	if (a->timer_deadline <= now)
		next_period(a, now);
	timer_start(&a->timer, a->timer_deadline);
}

void vlapic_timer_create(struct vcpu *vcpu)
{
	timer_init(&vcpu->vlapic->timer, expire, vcpu);
}

static void stop_here(void *arg)
{
	struct vlapic *a = arg;

	timer_stop(&a->timer);
}

/* The queue belongs to the vCPU's pCPU; without a thread the caller may be elsewhere. */
static void stop(struct vcpu *vcpu)
{
	struct vlapic *a = vcpu->vlapic;

	if (READ_ONCE(a->timer.armed)) {
		if (this_pcpu_id() == vcpu->pcpu_id)
			timer_stop(&a->timer);
		else
			ipi_call(vcpu->pcpu_id, stop_here, a);
	}
	a->timer_deadline = 0;
	a->timer_period = 0;
	a->timer_parked = false;
	a->tsc_deadline = 0;
}

void vlapic_quiesce(struct vcpu *vcpu)
{
	stop(vcpu);
}

/* Host ticks of so many counts. */
static uint64_t host_ticks(const struct vcpu *vcpu, uint32_t count)
{
	return vtsc_to_host(&vcpu->vm->tsc, (uint64_t)count << vcpu->vlapic->timer_shift);
}

static uint64_t period_of(const struct vcpu *vcpu, uint32_t count)
{
	uint64_t ticks = host_ticks(vcpu, count);
	uint64_t min = tsc_from_us(MIN_PERIOD_US);

	return ticks < min ? min : ticks;
}

/* Counting modes: runs `count` down from now on; the reload value is TMICT. */
static void run_count(struct vcpu *vcpu, uint32_t count)
{
	struct vlapic *a = vcpu->vlapic;

	a->timer_deadline = tsc_now() + host_ticks(vcpu, count);
	a->timer_period = 0;
	if (a->timer_mode == APIC_LVT_TIMER_PERIODIC)
		a->timer_period = period_of(vcpu, vlapic_reg(a, APIC_TMICT));
	timer_start(&a->timer, a->timer_deadline);
}

/* TMICT was written: 0 stops; ignored in TSC-deadline mode. */
void vlapic_timer_set_count(struct vcpu *vcpu, uint32_t count)
{
	struct vlapic *a = vcpu->vlapic;

	if (a->timer_mode == APIC_LVT_TIMER_TSC_DEADLINE) {
		vlapic_reg_set(a, APIC_TMICT, 0);
		return;
	}
	stop(vcpu);
	vlapic_reg_set(a, APIC_TMICT, count);
	if (count)
		run_count(vcpu, count);
}

/* TDCR was written: what is left of the count goes on at the new speed. */
void vlapic_timer_set_divisor(struct vcpu *vcpu)
{
	struct vlapic *a = vcpu->vlapic;
	uint32_t tdcr = vlapic_reg(a, APIC_TDCR);
	uint32_t left = vlapic_timer_count(vcpu);

	/* Bits 3, 1, 0 are a number n: divide by 2^(n + 1), and 7 means by 1. */
	a->timer_shift = (((tdcr & 3) | ((tdcr >> 1) & 4)) + 1) & 7;
	if (!left)
		return;
	timer_stop(&a->timer);
	run_count(vcpu, left);
}

/* The LVT entry was written. Into and out of TSC-deadline mode the timer is disarmed (11.5.4.1); else the count goes on. */
void vlapic_timer_mode_changed(struct vcpu *vcpu)
{
	struct vlapic *a = vcpu->vlapic;
	uint32_t old = a->timer_mode;
	uint32_t mode = vlapic_reg(a, APIC_LVT_TIMER) & APIC_LVT_TIMER_MODE_MASK;

	if (mode == old)
		return;
	a->timer_mode = mode;
	if (mode == APIC_LVT_TIMER_TSC_DEADLINE || old == APIC_LVT_TIMER_TSC_DEADLINE) {
		stop(vcpu);
		vlapic_reg_set(a, APIC_TMICT, 0);
	} else if (a->timer_deadline) {
		a->timer_period = mode == APIC_LVT_TIMER_PERIODIC ? period_of(vcpu, vlapic_reg(a, APIC_TMICT)) : 0;
	}
}

/* Current count: it shows 0 only when the timer has expired. */
uint32_t vlapic_timer_count(const struct vcpu *vcpu)
{
	const struct vlapic *a = vcpu->vlapic;
	uint64_t now, left, count, one = (1ul << a->timer_shift) - 1;

	if (!a->timer_deadline)
		return 0;
	now = tsc_now();
	if (now < a->timer_deadline)
		left = a->timer_deadline - now;
	else if (a->timer_period)	/* expired, the handler did not run yet */
		left = a->timer_period - (now - a->timer_deadline) % a->timer_period;
	else
		return 0;
	if (unlikely(vcpu->vm->tsc.to_guest))
		left = vtsc_from_host(&vcpu->vm->tsc, left) + 1;
	count = (left + one) >> a->timer_shift;
	return (uint32_t)MIN(count, vlapic_reg(a, APIC_TMICT));
}

/*
 * IA32_TSC_DEADLINE was written; ignored in the other modes. About 60
 * instructions and one timer_start(). A deadline that has passed fires at once.
 */
void vlapic_timer_set_deadline(struct vcpu *vcpu, uint64_t guest_tsc)
{
	struct vlapic *a = vcpu->vlapic;
	uint64_t now, guest_now, ahead;

	if (a->timer_mode != APIC_LVT_TIMER_TSC_DEADLINE)
		return;
	a->tsc_deadline = guest_tsc;
	if (!guest_tsc) {
		timer_stop(&a->timer);
		return;
	}
	now = tsc_now();
	guest_now = vtsc_from_host(&vcpu->vm->tsc, now) + vcpu->tsc_offset;
	if (guest_tsc <= guest_now) {
		timer_stop(&a->timer);
		expire(vcpu);
		return;
	}
	ahead = vtsc_to_host(&vcpu->vm->tsc, guest_tsc - guest_now);
	timer_start(&a->timer, ahead > ~now ? ~0ul : now + ahead);
}

void vlapic_tsc_changed(struct vcpu *vcpu)
{
	if (vcpu->vlapic->tsc_deadline)
		vlapic_timer_set_deadline(vcpu, vcpu->vlapic->tsc_deadline);
}
