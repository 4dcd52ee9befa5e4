/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/smp.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/string.h"
#include "lib/trap.h"
#include "x86/insn.h"

#define INIT_WAIT_US	10000u
#define SIPI_WAIT_US	200u
#define ARRIVE_US	20000u
#define CALL_US		1000000u

extern const uint8_t trampoline[], trampoline_end[];
extern uint32_t ap_next;	/* index the next processor takes */
void smp_ap_entry(uint32_t index);

static volatile uint32_t nr_up = 1;

static void wake(struct trap_frame *frame __unused)
{
	apic_eoi();
}

static void __noreturn serve(struct cpu *c)
{
	for (;;) {
		void (*fn)(void *) = __atomic_load_n(&c->work, __ATOMIC_ACQUIRE);

		if (!fn) {
			cpu_sti_hlt_cli();
			continue;
		}
		fn(c->arg);
		__atomic_store_n(&c->work, NULL, __ATOMIC_RELEASE);
	}
}

void smp_ap_entry(uint32_t index)
{
	if (index >= MAX_CPUS)
		for (;;)
			cpu_hlt();
	cpu_setup(index);
	cpus[index].work = NULL;
	apic_setup();
	cpus[index].apic_id = apic_id();
	__atomic_fetch_add(&nr_up, 1, __ATOMIC_SEQ_CST);
	serve(&cpus[index]);
}

static void place_trampoline(void)
{
	memcpy((void *)TRAMPOLINE, trampoline, (size_t)(trampoline_end - trampoline));
}

static void start_by(uint32_t dest, uint32_t shorthand)
{
	apic_icr(dest, APIC_ICR_DM_INIT | APIC_ICR_ASSERT | shorthand);
	clock_wait_us(INIT_WAIT_US);
	apic_icr(dest, APIC_ICR_DM_STARTUP | APIC_ICR_ASSERT | shorthand | TRAMPOLINE >> 12);
	clock_wait_us(SIPI_WAIT_US);
}

unsigned int smp_start(void)
{
	place_trampoline();
	trap_set(SMP_WAKE_VECTOR, wake);
	start_by(0, APIC_ICR_SH_OTHERS);
	clock_wait_us(ARRIVE_US);
	return smp_count();
}

unsigned int smp_count(void)
{
	return nr_up < MAX_CPUS ? nr_up : MAX_CPUS;
}

void smp_send(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	cpus[cpu].arg = arg;
	__atomic_store_n(&cpus[cpu].work, fn, __ATOMIC_RELEASE);
	apic_icr(cpus[cpu].apic_id, APIC_ICR_DM_FIXED | APIC_ICR_ASSERT | SMP_WAKE_VECTOR);
}

bool smp_wait(unsigned int cpu, uint64_t us)
{
	uint64_t end = rdtsc() + clock_from_us(us);

	while (__atomic_load_n(&cpus[cpu].work, __ATOMIC_ACQUIRE)) {
		if (rdtsc() > end)
			return false;
		cpu_pause();
	}
	return true;
}

bool smp_call(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	smp_send(cpu, fn, arg);
	return smp_wait(cpu, CALL_US);
}

bool smp_restart(unsigned int cpu)
{
	uint32_t before = nr_up;
	bool up;

	place_trampoline();
	__atomic_store_n(&ap_next, cpu, __ATOMIC_SEQ_CST);
	start_by(cpus[cpu].apic_id, 0);
	up = clock_wait_change(&nr_up, before, ARRIVE_US);
	if (up)
		__atomic_fetch_sub(&nr_up, 1, __ATOMIC_SEQ_CST);
	return up;
}
