/* SPDX-License-Identifier: BSD-3-Clause */
/* What the hypervisor says of every VM: names, states, run time, exits; and that nobody notices who asks. */
#include "service/service.h"

#include "lib/clock.h"
#include "lib/errno.h"
#include "lib/report.h"
#include "lib/string.h"
#include "lib/util.h"
#include "public/mem.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"
#include "x86/insn.h"

#define OTHER_CPU	2u	/* affinity: CPU 1, which is nobody's but the user VMs' */
#define WINDOW_US	60000u
#define NR_LOOKS	1000u

static struct hc_q_vm_info info;
static struct hc_q_vcpu_stats stats;
static struct uservm one, two;

static int64_t ask(uint64_t which)
{
	memset(&info, 0x5a, sizeof(info));
	return hc(HC_Q_VM_INFO, which, GPA(&info));
}

static struct hc_q_vcpu_stats of(uint64_t which)
{
	if (hc(HC_Q_VCPU_STATS, which, GPA(&stats)))
		memset(&stats, 0, sizeof(stats));
	return stats;
}

/* What it used in a while. */
struct used {
	uint64_t time, run, wait, exits;
};

static struct used since(const struct hc_q_vcpu_stats *from, uint64_t which)
{
	struct hc_q_vcpu_stats to = of(which);

	return (struct used){ to.time_ns - from->time_ns, to.run_ns - from->run_ns, to.wait_ns - from->wait_ns,
			      to.exits - from->exits };
}

static struct used in_a_while(uint64_t which)
{
	struct hc_q_vcpu_stats from = of(which);

	clock_wait_us(WINDOW_US);
	return since(&from, which);
}

/* Within 2 % of each other, and 200 us: what starting and ending a window take. */
static bool near(uint64_t a, uint64_t b)
{
	uint64_t far = a > b ? a - b : b - a;

	return far <= MAX(a, b) / 50 + 200000;
}

/* Nobody has more of a time than there was; each figure is rounded to a nanosecond. */
static bool fits(struct used u)
{
	return u.run + u.wait <= u.time + 2;
}

static void every_slot(void)
{
	unsigned int slot, nr = 0, wrong = 0;

	for (slot = 0; slot < Q_VM_SLOTS; slot++) {
		int64_t r = ask(Q_VM_SLOT(slot));

		nr += !r;
		wrong += r && r != -ENOENT;
		wrong += !r && (info.slot != slot || info.which != Q_VM_SLOT(slot) || info.reserved);
	}
	report(nr == 2 && !wrong, "two of %u slots have a VM (%u, %u wrong)", Q_VM_SLOTS, nr, wrong);
	report(!ask(Q_VM_SLOT(0)) && !strcmp((char *)info.name, "pre") && info.load_order == Q_VM_PRE_LAUNCHED &&
	       info.vmid == Q_VM_NO_ID && info.severity == 0x30 && info.state == Q_VM_RUNNING, "the pre-launched VM is slot 0");
	report(info.nr_vcpus == 1 && info.cpus == 4 && info.flags == (VM_FLAG_RT | VM_FLAG_LAPIC_PT) &&
	       info.memory_bytes == 16ul << 20, "with its CPU, flags and memory (%lu)", info.memory_bytes);
	report(!ask(0) && !strcmp((char *)info.name, "service") && info.slot == 1 && !info.vmid &&
	       info.load_order == Q_VM_SERVICE, "id 0 is the Service VM");
	report(info.memory_bytes >= arena_size() && info.memory_bytes < 512ul << 20, "its memory is ours (%lu)", info.memory_bytes);
}

static void user_vm_info(void)
{
	report(!ask(one.id) && !strcmp((char *)info.name, "spinner") && info.vmid == one.id && info.slot == one.id + 1 &&
	       info.load_order == Q_VM_POST_LAUNCHED && info.state == Q_VM_RUNNING, "a user VM is found by its id");
	report_eq(info.memory_bytes, UVM_RAM, "its memory is what it was given");
	report(!ask(Q_VM_SLOT(one.id + 1)) && info.vmid == one.id, "and by its slot");
}

/* The machine's CPUs, by number. Bochs gives the ids in that order. */
static void every_cpu(void)
{
	static struct hc_q_cpus cpus;
	unsigned int i, bad = 0;

	report_eq((uint64_t)hc(HC_Q_CPUS, GPA(&cpus), 0), 0, "the CPUs are told");
	report(cpus.nr > 1 && cpus.nr <= Q_NR_CPUS && !cpus.reserved, "there are %u", cpus.nr);
	for (i = 0; i < Q_NR_CPUS; i++)
		bad += cpus.apic_id[i] != (i < cpus.nr ? i : 0);
	report(!bad, "each has its id");
	report_eq((uint64_t)hc(HC_Q_CPUS, ~0ul - 8, 0), (uint64_t)-EFAULT, "no memory for the answer: CPUs");
}

static void hostile(void)
{
	static const uint64_t never[] = { 16, 0xffff, Q_VM_SLOT(16), 0x1ffff, 0x80000000, 0xffffffff };
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(never); i++) {
		bad += ask(never[i]) != -EINVAL;
		bad += hc(HC_Q_VCPU_STATS, never[i], GPA(&stats)) != -EINVAL;
	}
	report(!bad, "%lu numbers that can be no VM's are refused", ARRAY_SIZE(never));
	report_eq((uint64_t)hc(HC_Q_VM_INFO, 1ul << 32, GPA(&info)), (uint64_t)-EINVAL, "nor is one beyond 32 bits taken");
	report_eq((uint64_t)ask(9), (uint64_t)-ENOENT, "a VM that is not there is said to be so");
	report_eq((uint64_t)hc(HC_Q_VCPU_STATS, 1ul << 32, GPA(&stats)), (uint64_t)-ENOENT, "and a vCPU");
	report_eq((uint64_t)hc(HC_Q_VCPU_STATS, 64ul << 32, GPA(&stats)), (uint64_t)-EINVAL, "a vCPU that cannot be is refused");
	report_eq((uint64_t)hc(HC_Q_VM_INFO, 0, ~0ul - 8), (uint64_t)-EFAULT, "no memory for the answer: VM");
	report_eq((uint64_t)hc(HC_Q_VCPU_STATS, 0, 0x200000), (uint64_t)-EFAULT, "the hypervisor's memory: vCPU");
}

/* A thousand looks; interrupts, kicks and exits would all be counted. */
static void nobody_notices(void)
{
	struct hc_q_vcpu_stats from;
	struct used u = { .exits = 1 };
	unsigned int i;

	for (i = 0; i < 100 && u.exits; i++) {
		from = of(Q_VM_SLOT(0));
		clock_wait_us(10000);
		u = since(&from, Q_VM_SLOT(0));
	}
	for (i = 0; i < NR_LOOKS; i++) {
		(void)ask(Q_VM_SLOT(0));
		(void)of(Q_VM_SLOT(0));
	}
	u = since(&from, Q_VM_SLOT(0));
	report_eq(u.exits, 0, "the real-time VM has no exit in %u looks", NR_LOOKS);
	report(fits(u) && near(u.run, u.time) && !u.wait, "it has its CPU all the time (%lu of %lu ns)", u.run, u.time);
}

static void ourselves(void)
{
	struct hc_q_vcpu_stats from = of(0);
	struct used u;
	unsigned int i;

	for (i = 0; i < 99; i++)
		(void)of(0);
	u = since(&from, 0);
	report(stats.exits_by[Q_EXIT_HYPERCALL] - from.exits_by[Q_EXIT_HYPERCALL] == 100, "our own 100 calls are counted");
	report(fits(u) && near(u.run, u.time), "we run (%lu of %lu ns)", u.run, u.time);
}

/* A user VM alone on its CPU that spins, then pauses; and one that halts. */
static void one_alone(void)
{
	struct used u;

	if (!uvm_boot(&one, "spinner", payload_spin) || !uvm_wait_box(&one, MB_DONE, 1))
		return;
	user_vm_info();
	u = in_a_while(one.id);
	report(fits(u) && near(u.run, u.time), "one that spins runs (%lu of %lu ns)", u.run, u.time);
	report(u.time >= WINDOW_US * 1000ul && near(u.time, WINDOW_US * 1000ul), "the clock is right (%lu ns)", u.time);
	report(u.wait < 200000, "and waits for nobody (%lu ns)", u.wait);
	report_eq((uint64_t)uvm_pause(&one), 0, "it is paused");
	u = in_a_while(one.id);
	report(!u.run && !u.wait && stats.state == Q_VCPU_PAUSED, "one that is paused does not run (%lu ns)", u.run);
	uvm_end(&one);
	if (!uvm_boot(&one, "halter", payload_call) || !uvm_wait_box(&one, MB_DONE, 1))
		return;
	u = in_a_while(one.id);
	report(u.run < 200000 && !u.wait && stats.state == Q_VCPU_HALTED, "one that halts does not run (%lu ns)", u.run);
	report_eq(stats.exits_by[Q_EXIT_HYPERCALL], 1, "its one call is counted");
	uvm_end(&one);
}

/* What one has the other waits for. */
static void two_share(void)
{
	struct hc_q_vcpu_stats from_one, from_two;
	struct used a, b;

	if (!uvm_boot(&one, "spinner", payload_spin) || !uvm_boot(&two, "rival", payload_spin))
		return;
	clock_wait_us(WINDOW_US);
	from_one = of(one.id);
	from_two = of(two.id);
	clock_wait_us(2 * WINDOW_US);
	a = since(&from_one, one.id);
	b = since(&from_two, two.id);
	report(fits(a) && fits(b) && a.run > 10000000 && b.run > 10000000, "two that spin on a CPU both run (%lu, %lu ns)", a.run, b.run);
	report(near(a.run + b.run, a.time) && a.run + b.run <= a.time + 200000, "together all the time (%lu of %lu ns)",
	       a.run + b.run, a.time);
	report(near(a.wait, b.run) && near(b.wait, a.run), "each waits while the other runs (%lu, %lu ns)", a.wait, b.wait);
	uvm_end(&two);
	uvm_end(&one);
}

/* A reset does not begin again. */
static void reset_goes_on(void)
{
	struct hc_q_vcpu_stats from;
	struct used u;

	if (!uvm_boot(&one, "spinner", payload_spin) || !uvm_wait_box(&one, MB_DONE, 1))
		return;
	clock_wait_us(WINDOW_US);
	from = of(one.id);
	report(!uvm_pause(&one) && !uvm_reset(&one), "it is reset");
	u = since(&from, one.id);
	report(from.run_ns >= WINDOW_US * 1000ul / 2 && fits(u), "what it used before counts (%lu and %lu ns)", from.run_ns, u.run);
	uvm_end(&one);
	report_eq((uint64_t)ask(1), (uint64_t)-ENOENT, "one that is destroyed is gone");
}

void case_stats(void)
{
	report(cpuid(HV_CPUID_EXTENSIONS, 0).eax & HV_EXT_Q_STATS, "CPUID says that there are statistics");
	uvm_init(&one, OTHER_CPU);
	uvm_init(&two, OTHER_CPU);
	every_slot();
	every_cpu();
	hostile();
	nobody_notices();
	ourselves();
	one_alone();
	two_share();
	reset_goes_on();
}
