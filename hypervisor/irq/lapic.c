/* SPDX-License-Identifier: BSD-3-Clause */
/* The physical local APIC (SDM vol. 3, chapter 11), in x2APIC mode where the CPU has it, else in xAPIC mode. */
#include "irq/lapic.h"

#include "cpu/features.h"
#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "irq/vector.h"
#include "log/log.h"
#include "log/panic.h"
#include "mm/hostmap.h"
#include "x86/apicreg.h"
#include "x86/insn.h"
#include "x86/msr.h"

/* Vectors 16..31 can be sent to an APIC but would look like exceptions: priority class 1 is never let through. */
#define TPR_HOST 0x10u

static struct {
	bool ready;		/* mode known, page mapped, timer calibrated */
	bool x2apic;
	bool deadline_mode;
	bool no_timer;		/* it does not count, or is masked */
	uint8_t *page;		/* xAPIC registers; NULL in x2APIC mode */
	uint64_t count_scale;	/* APIC timer counts per TSC tick, 32 fraction bits; 0: not measured */
} lapic;

static uint32_t reg_read(uint32_t reg)
{
	if (lapic.x2apic)
		return (uint32_t)rdmsr(X2APIC_MSR(reg));
	return mmio_read32(lapic.page + reg);
}

static void reg_write(uint32_t reg, uint32_t v)
{
	if (lapic.x2apic)
		wrmsr(X2APIC_MSR(reg), v);
	else
		mmio_write32(lapic.page + reg, v);
}

/* See the header. */
bool lapic_is_x2apic(void)
{
	return lapic.x2apic;
}

/* See the header. */
uint32_t lapic_id(void)
{
	uint32_t id = reg_read(APIC_ID);

	return lapic.x2apic ? id : id >> XAPIC_ID_SHIFT;
}

/* See the header. */
void lapic_eoi(void)
{
	if (likely(lapic.x2apic))
		wrmsr(MSR_X2APIC_EOI, 0);
	else
		mmio_write32(lapic.page + APIC_EOI, 0);
}

/* Switches the APIC on in our mode, from whatever mode it is in. */
static void mode_enter(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);
	uint64_t mode = APIC_BASE_EN | (lapic.x2apic ? APIC_BASE_EXTD : 0);

	if ((base & (APIC_BASE_EN | APIC_BASE_EXTD)) == mode)
		return;
	base &= ~(APIC_BASE_EN | APIC_BASE_EXTD);
	/* x2APIC mode is left only by way of "disabled" and entered only from xAPIC mode (SDM vol. 3, 11.12.5). */
	if (!lapic.x2apic)
		wrmsr(MSR_APIC_BASE, base);
	wrmsr(MSR_APIC_BASE, base | APIC_BASE_EN);
	if (lapic.x2apic)
		wrmsr(MSR_APIC_BASE, base | mode);
}

static void lvt_mask_all(void)
{
	/* In the order of the version register's "max LVT entry"; a shorter table lacks the last ones. */
	static const uint16_t lvt[] = {
		APIC_LVT_TIMER, APIC_LVT_LINT0, APIC_LVT_LINT1, APIC_LVT_ERROR,
		APIC_LVT_PMI, APIC_LVT_THERMAL, APIC_LVT_CMCI,
	};
	uint32_t last = APIC_VERSION_MAX_LVT(reg_read(APIC_VERSION));

	for (uint32_t i = 0; i < ARRAY_SIZE(lvt) && i <= last; i++)
		reg_write(lvt[i], APIC_LVT_MASKED);
}

static uint32_t bits_of(uint32_t first_reg, uint32_t first_word)
{
	uint32_t bits = 0;

	for (uint32_t w = first_word; w < 8; w++)
		bits |= reg_read(first_reg + w * 0x10);
	return bits;
}

/* Ends every interrupt in service: an earlier owner of this APIC may have left some. */
static void isr_drain(void)
{
	for (uint32_t i = 0; i < 256 && bits_of(APIC_ISR0, 0); i++)
		lapic_eoi();
}

static void registers_init(void)
{
	lvt_mask_all();
	reg_write(APIC_TMICT, 0);
	reg_write(APIC_TDCR, APIC_TDCR_BY_1);
	reg_write(APIC_TPR, TPR_HOST);
	if (!lapic.x2apic)
		reg_write(APIC_DFR, APIC_DFR_FLAT);
	isr_drain();
	reg_write(APIC_SVR, APIC_SVR_ENABLE | VEC_SPURIOUS);
	/* Latches, then clears what start-up may have set. */
	reg_write(APIC_ESR, 0);
	reg_write(APIC_ESR, 0);
	reg_write(APIC_LVT_TIMER, VEC_TIMER | (lapic.deadline_mode ? APIC_LVT_TIMER_TSC_DEADLINE : APIC_LVT_TIMER_ONESHOT) |
		  (lapic.no_timer ? APIC_LVT_MASKED : 0));
	/* In xAPIC mode the LVT write must reach the APIC before the deadline MSR is written (SDM vol. 3, 11.5.4.1). */
	cpu_mfence();
	if (lapic.deadline_mode)
		wrmsr(MSR_TSC_DEADLINE, 0);
}

/* Counts the timer against the TSC; leaves its LVT entry masked and the count 0. */
static void measure(uint64_t us)
{
	uint64_t ticks, counts, begin;

	reg_write(APIC_TDCR, APIC_TDCR_BY_1);
	reg_write(APIC_LVT_TIMER, APIC_LVT_MASKED | APIC_LVT_TIMER_ONESHOT);
	reg_write(APIC_TMICT, 0xffffffffu);
	begin = tsc_now();
	tsc_delay_us(us);
	counts = 0xffffffffu - reg_read(APIC_TMCCT);
	ticks = tsc_now() - begin;
	reg_write(APIC_TMICT, 0);
	WRITE_ONCE(lapic.count_scale, (counts << 32) / ticks);
	log_info("lapic: one-shot timer, %lu counts in %lu TSC ticks", counts, ticks);
}

#define TRIAL_US	100u
#define TRIAL_LATE_US	10000u

/*
 * Whether a deadline is met when the TSC gets there. Some CPUs leave out IA32_TSC_ADJUST when they compare (Intel's errata
 * of Haswell to Skylake, mended by microcode), Bochs all that was ever written to the TSC, as at a reset. A timer that
 * fires too early keeps a CPU busy for good, one that fires too late stops guests.
 */
static bool deadline_works(void)
{
	const uint32_t reg = APIC_IRR0 + VEC_TIMER / 32u * 0x10, bit = 1u << (VEC_TIMER % 32u);
	uint64_t deadline = tsc_now() + tsc_from_us(TRIAL_US), now;
	bool fired;

	wrmsr(MSR_TSC_DEADLINE, deadline);
	do {
		fired = reg_read(reg) & bit;
		now = tsc_now();
	} while (!fired && now < deadline + tsc_from_us(TRIAL_LATE_US));
	wrmsr(MSR_TSC_DEADLINE, 0);
	/* What was raised stays pending: timer_expire() finds nothing due. */
	return fired && now >= deadline;
}

static void deadline_try(void)
{
	if (!lapic.deadline_mode || deadline_works())
		return;
	log_warn("lapic: tsc-deadline: deadlines are not met when the TSC gets there: not used (CPU erratum: update the microcode)");
	feature_drop(FEAT_TSC_DEADLINE);
	lapic.deadline_mode = false;
}

/* Without deadlines the counter is used, without that the VMX-preemption timer. */
static void calibrate(void)
{
	deadline_try();
	if (lapic.deadline_mode)
		return;
	if (feature_has(FEAT_APIC_TIMER))
		measure(10000);
	lapic.no_timer = !lapic.count_scale;
	if (!lapic.no_timer)
		reg_write(APIC_LVT_TIMER, VEC_TIMER | APIC_LVT_TIMER_ONESHOT);
	else if (feature_has(FEAT_PREEMPT_TIMER))
		log_info("lapic: no timer: the VMX-preemption timer takes its place");
	else
		panic("lapic: the APIC timer does not count, and this CPU has neither TSC-deadline nor VMX-preemption timer");
}

/* See the header. */
bool lapic_has_timer(void)
{
	return !lapic.no_timer;
}

/* What all CPUs share: the mode, and the xAPIC's page. */
static void mode_choose(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE) & APIC_BASE_ADDR;

	lapic.x2apic = feature_has(FEAT_X2APIC);
	lapic.deadline_mode = feature_has(FEAT_TSC_DEADLINE);
	if (lapic.x2apic)
		return;
	lapic.page = hostmap_device(hpa(base), APIC_PAGE_SIZE);
	if (!lapic.page)
		panic("lapic: cannot map the xAPIC at 0x%lx", base);
}

/* See the header. */
void lapic_init(void)
{
	/* The boot CPU comes first and alone. */
	if (!lapic.ready)
		mode_choose();
	mode_enter();
	registers_init();
	if (!lapic.ready)
		calibrate();
	lapic.ready = true;
}

#define HOLD_TRIES 10000u

/* See the header. */
void lapic_hold(uint8_t vector)
{
	uint32_t reg = APIC_ISR0 + vector / 32u * 0x10, bit = 1u << (vector % 32u), tries;

	this_cpu()->held_vector = vector;
	lapic_send_fixed(this_cpu()->apic_id, vector);
	for (tries = 0; tries < HOLD_TRIES && !(reg_read(reg) & bit); tries++)
		cpu_sti_nop_cli();
	this_cpu()->held_vector = 0;
}

/* See the header. */
void lapic_reclaim(void)
{
	mode_enter();
	registers_init();
	/* What still waits was meant for the guest; vector_dispatch() drops it. Vectors below 32 the TPR keeps out. */
	for (uint32_t i = 0; i < 256 && bits_of(APIC_IRR0, 1); i++)
		cpu_sti_nop_cli();
}

static void icr_write(uint32_t apic_id, uint32_t low)
{
	if (lapic.x2apic) {
		/* WRMSR to the x2APIC waits for nothing: the receiver must see what we stored before (SDM vol. 3, 11.12.3). */
		cpu_mfence();
		cpu_lfence();
		wrmsr(MSR_X2APIC_ICR, (uint64_t)apic_id << X2APIC_ICR_DEST_SHIFT | low);
		return;
	}
	while (reg_read(APIC_ICR_LOW) & APIC_ICR_BUSY)
		cpu_pause();
	reg_write(APIC_ICR_HIGH, apic_id << XAPIC_ICR_DEST_SHIFT);
	reg_write(APIC_ICR_LOW, low);
}

/* See the header. */
void lapic_send_fixed(uint32_t apic_id, uint8_t vector)
{
	icr_write(apic_id, APIC_ICR_DM_FIXED | APIC_ICR_ASSERT | vector);
}

/* See the header. */
void lapic_send_nmi(uint32_t apic_id)
{
	icr_write(apic_id, APIC_ICR_DM_NMI | APIC_ICR_ASSERT);
}

/* See the header. */
void lapic_send_init(uint32_t apic_id)
{
	icr_write(apic_id, APIC_ICR_DM_INIT | APIC_ICR_ASSERT);
}

/* See the header. */
void lapic_send_sipi(uint32_t apic_id, uint8_t page)
{
	icr_write(apic_id, APIC_ICR_DM_STARTUP | APIC_ICR_ASSERT | page);
}

/* See the header. */
uint64_t lapic_timer_counts(uint64_t ticks)
{
	if (unlikely(!READ_ONCE(lapic.count_scale)))
		measure(1000);
	return (uint64_t)(((unsigned __int128)ticks * lapic.count_scale) >> 32) + 1;
}

/* Counts until a deadline; at least one, at most what the register holds: an early interrupt is armed anew. */
static uint32_t counts_until(uint64_t deadline)
{
	uint64_t now = tsc_now();
	uint64_t counts = lapic_timer_counts(deadline > now ? deadline - now : 0);

	return counts > 0xffffffffu ? 0xffffffffu : (uint32_t)counts;
}

/* See the header. */
void lapic_timer_arm(uint64_t tsc_deadline)
{
	if (likely(lapic.deadline_mode))
		wrmsr(MSR_TSC_DEADLINE, tsc_deadline);
	else if (!lapic.no_timer)
		reg_write(APIC_TMICT, tsc_deadline ? counts_until(tsc_deadline) : 0);
}
