/* SPDX-License-Identifier: BSD-3-Clause */
/* What the hypervisor tells of stolen time (MSR_KVM_STEAL_TIME) against what the VM sees itself. */
#include "sched/sched.h"

#include "lib/args.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/report.h"
#include "lib/smp.h"
#include "lib/trap.h"
#include "lib/util.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define ENABLE	1ul

static struct record {
	uint64_t steal;
	uint32_t version, flags;
	uint8_t preempted, reserved[47];
} record __attribute__((aligned(64)));

static struct {
	bool end;
	uint64_t nr, ticks;
} seen;

/* By another vCPU, which nobody keeps from looking. */
static void watch_preempted(void *arg __unused)
{
	uint64_t since = 0, now;
	bool was = false, is;

	cpu_sti();
	while (!READ_ONCE(seen.end)) {
		is = READ_ONCE(record.preempted) & 1;
		now = rdtsc();
		if (is && !was)
			since = now;
		if (!is && was) {
			seen.ticks += now - since;
			seen.nr++;
		}
		was = is;
	}
	cpu_cli();
}

/* As Linux reads it: again when an update was under way. */
static uint64_t read_record(void)
{
	uint32_t version;
	uint64_t ns;

	do {
		version = READ_ONCE(record.version);
		ns = READ_ONCE(record.steal);
	} while ((version & 1) || version != READ_ONCE(record.version));
	return ns;
}

/* The stolen time so far, in ns, at *now: the CPU was not elsewhere between the two. */
static uint64_t stolen(uint64_t *now)
{
	uint64_t before, ns;

	do {
		before = rdtsc();
		ns = read_record();
		*now = rdtsc();
	} while (*now - before >= GAP_TICKS);
	return ns;
}

static bool is_near(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) <= b / 50;
}

static bool faults(uint64_t value)
{
	fault_clear();
	(void)!wrmsr_safe(MSR_KVM_STEAL_TIME, value);
	return fault_vector() == EXC_GP;
}

static void enable(void)
{
	bool taken;

	/* The first line may stand behind the shell's prompt, where nobody counts it. */
	report_info("the record is at 0x%lx", (uint64_t)&record);
	report(cpuid(0x40000101u, 0).eax & 1u << 5, "steal time is offered");
	report(faults((uint64_t)&record | ENABLE | 2) && faults(1ul << 40 | ENABLE), "reserved bits, and an address without RAM, fault");
	record.version = 7;
	taken = !faults((uint64_t)&record | ENABLE) && !(READ_ONCE(record.version) & 1);
	report(taken, "a record in RAM is taken, and valid at once");
}

/* Another VM must want the CPU all the time, too. A second vCPU, if there is one, watches the first. */
void role_steal(void)
{
	uint64_t first, last, now, away = 0, told = 0;
	bool watched = smp_start() > 1;
	struct presence p;
	uint32_t version;

	enable();
	presence_begin(&p);
	if (watched)
		smp_send(1, watch_preempted, NULL);
	version = record.version;
	first = stolen(&last);
	do {
		now = rdtsc();
		if (now >= p.end)
			told = stolen(&now) - first;
		if (now - last >= GAP_TICKS)
			away += now - last;
		last = now;
	} while (now < p.end);
	WRITE_ONCE(seen.end, true);
	away = away * 1000 / (clock_khz() / 1000);
	version = (record.version - version) / 2;
	report(is_near(told, away), "%lu us were stolen, it is told %lu", away / 1000, told / 1000);
	report(away * 3 > clock_from_us(args_number("window", 0)) * 1000 / (clock_khz() / 1000), "another VM wanted the CPU");
	if (!watched)
		return;
	report(smp_wait(1, 1000000), "the second vCPU is done");
	report(seen.nr > 5 && seen.nr <= version + 1u, "seen preempted %lu times, of %u", seen.nr, version);
	now = seen.ticks * 1000 / (clock_khz() / 1000);
	report(is_near(now, away), "for %lu us", now / 1000);
}
