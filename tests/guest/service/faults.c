/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fault injection: argument rounds=N faults in turn, of user VMs and of this
 * Service VM itself, which then starts from the beginning and goes on with what
 * it finds in a page that outlives it (a reset keeps memory).
 */
#include "service/service.h"

#include "emul/vpm.h"
#include "lib/args.h"
#include "lib/console.h"
#include "lib/report.h"
#include "lib/util.h"
#include "service/hc.h"
#include "service/payload.h"
#include "service/uservm.h"
#include "x86/insn.h"

#define DEFAULT_ROUNDS	60u
#define WARM_UP		20u		/* rounds until the page pool is looked at for the first time */
#define MAGIC		0x7374696c6c206d65ul
#define RESET_VALUE	6u
#define NR_KINDS	6u

/* What outlives the Service VM. */
struct diary {
	uint64_t magic, round, lives, looked;
	uint64_t nr[NR_KINDS];
};

static struct uservm vm;
static struct diary *diary;

static bool stops(const uint8_t *entry, uint32_t reason)
{
	struct hc_q_vm_state s;

	if (!uvm_boot(&vm, "victim", entry) || !uvm_wait_state(&vm, Q_VM_STOPPED))
		return false;
	s = uvm_state(&vm);
	return s.reason == reason && uvm_end(&vm);
}

static bool user_triple_fault(void)
{
	return stops(payload_triple, Q_STOP_TRIPLE_FAULT);
}

/* What the HSM driver does when the device model is gone, here in the middle of a request: it pauses and destroys. */
static bool device_model_killed(void)
{
	return uvm_boot(&vm, "victim", payload_io) && uvm_wait_ioreq(&vm) && uvm_end(&vm);
}

static bool device_model_killed_in_peace(void)
{
	return uvm_boot(&vm, "victim", payload_spin) && uvm_wait_box(&vm, MB_DONE, 1) && uvm_end(&vm);
}

/* Registers that no CPU loads: the VM entry fails. */
static bool user_crash(void)
{
	struct acrn_vcpu_regs r = { 0 };

	r.vcpu_regs.cr0 = 0x21;
	r.vcpu_regs.rflags = ~0ul;
	r.vcpu_regs.cs_ar = ~0u;
	if (uvm_create(&vm, "victim") || !uvm_prepare(&vm, payload_spin))
		return false;
	/* Refused already is as good: nothing of it may run. */
	if (!hc(HC_SET_VCPU_REGS, vm.id, GPA(&r)))
		return !uvm_start(&vm) && uvm_wait_state(&vm, Q_VM_STOPPED) && uvm_end(&vm);
	return !uvm_destroy(&vm);
}

/* As a kernel that panics and reboots; its user VM runs, and has to be ended by the hypervisor. */
static bool service_reset(void)
{
	if (!uvm_boot(&vm, "orphan", payload_spin) || !uvm_wait_box(&vm, MB_DONE, 1))
		return false;
	outb(VPM_RESET_PORT, RESET_VALUE);
	return false;
}

static bool service_triple_fault(void)
{
	const struct desc_ptr none = { 0, 0 };

	if (!uvm_boot(&vm, "orphan", payload_io) || !uvm_wait_ioreq(&vm))
		return false;
	lidt(&none);
	__asm__ volatile("int3");
	return false;
}

static const struct {
	const char *what;
	bool (*run)(void);
} kinds[NR_KINDS] = {
	{ "user VM triple-faulted", user_triple_fault },
	{ "device model killed in a request", device_model_killed },
	{ "device model killed", device_model_killed_in_peace },
	{ "user VM's entry failed", user_crash },
	{ "Service VM reset", service_reset },
	{ "Service VM triple-faulted", service_triple_fault },
};

/* What crashes often starts later each time, so the Service VM's triple fault is rare; a reset it asks for is served at once. */
#define RARE_EVERY	200u

static unsigned int kind_of(uint64_t round)
{
	static const uint8_t order[] = { 0, 1, 4, 2, 0, 1, 4, 3, 0, 1 };

	return round % RARE_EVERY == 6 ? 5 : order[round % sizeof(order)];
}

/* First and last looks at the page pool lie in one life each. */
static void look_at_pool(uint64_t rounds)
{
	if (!diary->looked && diary->round >= MIN(WARM_UP, rounds / 2)) {
		diary->looked = 1;
		pool_look(1);
	}
}

void case_faults(void)
{
	uint64_t rounds = args_number("rounds", DEFAULT_ROUNDS);
	unsigned int i;

	diary = (struct diary *)ALIGN_DOWN(arena_start() + arena_size() / 2, PAGE_SIZE);
	if (diary->magic != MAGIC)
		*diary = (struct diary){ .magic = MAGIC };
	diary->lives++;
	uvm_init(&vm, 2);
	while (diary->round < rounds) {
		unsigned int kind = kind_of(diary->round);

		diary->round++;
		diary->nr[kind]++;
		if (!kinds[kind].run()) {
			report(false, "round %lu: %s", diary->round, kinds[kind].what);
			break;
		}
		look_at_pool(rounds);
	}
	for (i = 0; i < NR_KINDS; i++)
		report_info("%lu times: %s", diary->nr[i], kinds[i].what);
	report_eq(diary->lives, 1 + diary->nr[4] + diary->nr[5], "the Service VM came back each time");
	report_eq(diary->round, rounds, "rounds were made");
	pool_look(2);
	diary->magic = 0;
}
