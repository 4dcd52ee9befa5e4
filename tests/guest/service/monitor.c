/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts and damping of device interrupts: the machine's timer chip, which the Service VM owns, storms. */
#include "service/service.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/errno.h"
#include "lib/report.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "public/irq.h"
#include "service/hc.h"
#include "service/uservm.h"
#include "x86/insn.h"

#define PIT_GSI		2u
#define PIT_CH0		0x40u
#define PIT_CONTROL	0x43u
#define PIT_RATE	0x34u	/* channel 0, both bytes, mode 2 */
#define PIT_HZ		1193182u
#define VECTOR		0x59u
#define RATE		2000u	/* interrupts a second */
#define SAMPLE_US	50000u

static struct acrn_intr_monitor m;
static volatile uint32_t nr_taken;

static void tick(struct trap_frame *f __unused)
{
	nr_taken++;
	apic_eoi();
}

static int64_t monitor(uint64_t vm, uint32_t cmd, uint32_t buf_cnt, uint64_t word)
{
	m = (struct acrn_intr_monitor){ .cmd = cmd, .buf_cnt = buf_cnt, .buffer = { word } };
	return hc(HC_VM_INTR_MONITOR, vm, GPA(&m));
}

static void write_rte(uint32_t reg, uint32_t v)
{
	mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_REGSEL), reg);
	mmio_write32((void *)(IOAPIC_BASE_DEFAULT + IOAPIC_WIN), v);
}

static void storm(bool on)
{
	uint32_t count = PIT_HZ / RATE;

	outb(PIT_CONTROL, PIT_RATE);
	outb(PIT_CH0, (uint8_t)(on ? count : 0));
	outb(PIT_CH0, (uint8_t)(on ? count >> 8 : 0));
	write_rte(IOAPIC_REG_RTE_HIGH(PIT_GSI), apic_id() << 24);
	write_rte(IOAPIC_REG_RTE_LOW(PIT_GSI), on ? VECTOR : (uint32_t)IOAPIC_RTE_MASKED | VECTOR);
}

/* Interrupts that reach this kernel in a while. */
static uint32_t sample(void)
{
	nr_taken = 0;
	cpu_sti();
	clock_wait_us(SAMPLE_US);
	cpu_cli();
	return nr_taken;
}

/* Of its sources' counts the one that grows is the chip's. */
static uint64_t chip_count(void)
{
	uint64_t most = 0;
	unsigned int i;

	if (monitor(0, INTR_MONITOR_GET_DATA, INTR_MONITOR_WORDS, 0))
		return 0;
	for (i = 0; i < m.buf_cnt && i < INTR_MONITOR_WORDS; i += 2)
		most = m.buffer[i + 1] > most ? m.buffer[i + 1] : most;
	return most;
}

static void damping(void)
{
	uint32_t free_run, damped, after;
	uint64_t before, counted;

	trap_set(VECTOR, tick);
	storm(true);
	(void)sample();
	before = chip_count();
	free_run = sample();
	counted = chip_count() - before;
	report(free_run >= 20, "the timer chip interrupts (%u times)", free_run);
	report(counted >= free_run && counted <= free_run + 2, "each is counted (%lu)", counted);
	report_eq((uint64_t)monitor(0, INTR_MONITOR_DELAY, 1, 10), 0, "the Service VM damps its own devices");
	(void)sample();
	before = chip_count();
	damped = sample();
	counted = chip_count() - before;
	report(damped >= 2 && damped <= SAMPLE_US / 10000 + 1, "one gets through every 10 ms (%u)", damped);
	report(counted * 2 > free_run, "the others are counted (%lu)", counted);
	report_eq((uint64_t)monitor(0, INTR_MONITOR_DELAY, 1, 0), 0, "it lets them go");
	(void)sample();
	after = sample();
	report(after * 2 > free_run, "and all arrive again (%u)", after);
	storm(false);
	(void)sample();
	report_eq(sample(), 0, "a masked pin is silent");
	trap_set(VECTOR, NULL);
}

static void of_a_user_vm(void)
{
	static struct uservm vm;

	uvm_init(&vm, 2);
	if (uvm_create(&vm, "monitor"))
		return (void)report(false, "VM monitor is made");
	report(!monitor(vm.id, INTR_MONITOR_GET_DATA, INTR_MONITOR_WORDS, 0) && !m.buf_cnt, "a user VM without devices has no counts");
	report_eq((uint64_t)monitor(vm.id, INTR_MONITOR_DELAY, 1, 1000), 0, "it can be damped by a second");
	report_eq((uint64_t)monitor(vm.id, INTR_MONITOR_DELAY, 1, 1001), (uint64_t)-EINVAL, "not by more");
	report_eq((uint64_t)monitor(vm.id, INTR_MONITOR_DELAY, 1, ~0ul), (uint64_t)-EINVAL, "nor for ever");
	report_eq((uint64_t)monitor(vm.id, INTR_MONITOR_GET_DATA, INTR_MONITOR_WORDS + 1, 0), (uint64_t)-EINVAL, "49 words do not fit the block");
	report_eq((uint64_t)monitor(vm.id, INTR_MONITOR_GET_DATA, ~0u, 0), (uint64_t)-EINVAL, "nor 4 billion");
	report_eq((uint64_t)monitor(vm.id, 7, 0, 0), (uint64_t)-EINVAL, "an unknown command is refused");
	report_eq((uint64_t)monitor(vm.id + 1, INTR_MONITOR_DELAY, 1, 1), (uint64_t)-EINVAL, "and a VM that is none");
	uvm_end(&vm);
}

void case_monitor(void)
{
	of_a_user_vm();
	damping();
}
