/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that show VMs, vCPUs, CPUs and memory. */
#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "debug/cmd.h"
#include "emul/vpci/ivshmem.h"
#include "exit/exit.h"
#include "exit/watch.h"
#include "lib/string.h"
#include "log/console.h"
#include "machine/ownership.h"
#include "mm/frame.h"
#include "mm/hostmap.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

static const char *const kind_names[] = { "pre-launched", "service", "post-launched" };
static const char *const state_names[] = { "off", "created", "running", "powering off", "paused" };
static const char *const vcpu_state_names[] = { "offline", "wait-sipi", "running", "halted", "io-wait", "paused" };
static const char *const stop_names[] = { "", "crashed", "triple fault", "reset", "power-off" };

void cmd_vm_list(int argc __unused, char **argv __unused)
{
	unsigned int i;

	console_printf("ID  NAME             KIND           STATE         vCPUs  CPUs  STARTS  REMARK\n");
	for (i = 0; i < MAX_VMS; i++) {
		const struct vm *vm = vm_table[i];

		if (!vm)
			continue;
		console_printf("%-3u %-16s %-14s %-13s %-6u %-5lx %-7u %s%s%s\n", vm->vm_id, vm->name,
			       kind_names[vm->load_order], state_names[vm->state], vm->nr_vcpus, vm->affinity,
			       vm->nr_restarts + 1, stop_names[vm->stop], vm->crash_reason[0] ? ": " : "",
			       vm->crash_reason);
	}
}

static uint64_t all_exits(const struct vcpu *vcpu)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < NR_EXIT_REASONS; i++)
		n += vcpu->exits[i];
	return n;
}

static void for_vcpus(void (*fn)(struct vcpu *vcpu))
{
	unsigned int i;
	uint16_t j;

	for (i = 0; i < MAX_VMS; i++)
		for (j = 0; vm_table[i] && j < vm_table[i]->nr_vcpus; j++)
			fn(vm_table[i]->vcpus[j]);
}

static void show_vcpu(struct vcpu *vcpu)
{
	console_printf("%-16s %-5u %-4u %-10s %-14lu %lu ms%s\n", vcpu->vm->name, vcpu->vcpu_id, vcpu->pcpu_id,
		       vcpu_state_names[vcpu->state], all_exits(vcpu), tsc_to_us(vcpu->thread.run_ticks) / 1000,
		       vcpu->lapic_pt ? "  local APIC passed through" : "");
}

void cmd_vcpu_list(int argc __unused, char **argv __unused)
{
	console_printf("VM               vCPU  CPU  STATE      EXITS          RUN\n");
	for_vcpus(show_vcpu);
}

static void clear_exits(struct vcpu *vcpu)
{
	memset(vcpu->exits, 0, sizeof(vcpu->exits));
}

static void show_exits(struct vcpu *vcpu)
{
	uint32_t i;

	console_printf("%s/%u: %lu exits\n", vcpu->vm->name, vcpu->vcpu_id, all_exits(vcpu));
	for (i = 0; i < NR_EXIT_REASONS; i++)
		if (vcpu->exits[i])
			console_printf("  %-28s %lu\n", exit_reason_name(i), vcpu->exits[i]);
}

static void show_costs(struct vcpu *vcpu)
{
	uint32_t i;

	console_printf("%s/%u\n", vcpu->vm->name, vcpu->vcpu_id);
	for (i = 0; i < NR_EXIT_REASONS; i++) {
		const struct exit_cost *c = &vcpu->cost[i];

		if (c->nr)
			console_printf("  %-28s %-10lu %-10lu %lu\n", exit_reason_name(i), c->nr, c->sum / c->nr, c->max);
	}
}

/* The first call starts measuring, the next ones show. */
static void costs(bool off)
{
	if (off || !watch_costs_on()) {
		watch_costs(!off);
		console_printf("cost of exits: measuring is %s\n", off ? "off" : "on; say \"vmexit hist\" again later");
		return;
	}
	console_printf("  %-28s %-10s %-10s %s\n", "REASON", "EXITS", "MEAN", "MAX ticks to the next entry");
	for_vcpus(show_costs);
}

void cmd_vmexit(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (argc == 2 && !strcmp(word, "clear"))
		for_vcpus(clear_exits);
	else if (argc == 1)
		for_vcpus(show_exits);
	else if (!strcmp(word, "hist") && (argc == 2 || (argc == 3 && !strcmp(argv[2], "off"))))
		costs(argc == 3);
	else
		console_printf("vmexit [clear | hist [off]]\n");
}

void cmd_cpu_list(int argc __unused, char **argv __unused)
{
	uint32_t i;

	console_printf("CPU  APIC  POLICY\n");
	for (i = 0; i < nr_pcpus; i++)
		console_printf("%-4u %-5u %s%s\n", i, percpu_area[i].apic_id, sched_policy_name(i),
			       percpu_area[i].lapic_owned_by_guest ? ", local APIC passed through" : "");
}

/* Spare stacks are free for the next vCPUs only; how many there are depends on how many there were at once, and nothing is lost. */
static void print_pool(void)
{
	uint32_t spare = hostmap_stacks_spare();

	console_printf("page pool: %u of %u pages free, %u of these as stacks\n", frame_nr_free() + spare, frame_nr_total(), spare);
}

void cmd_memory(int argc, char **argv)
{
	struct ownership_result r;

	if (argc == 1)
		print_pool();
	else if (argc > 2 || strcmp(argv[1], "check"))
		console_printf("memory takes no argument, or the word \"check\"\n");
	else if (ownership_check(&r))
		console_printf("memory check: not done, the page pool is empty\n");
	else
		console_printf("memory check: %u tables, %u spans, %u faults\n", r.nr_tables, r.nr_spans, r.nr_faults);
}

void cmd_ivshmem(int argc __unused, char **argv __unused)
{
	struct ivshmem_counts c;
	uint32_t i, n;

	console_printf("VM               REGION           BDF   AT             RUNG         IGNORED      DROPPED WRITES\n");
	vm_table_enter();
	for (i = 0; i < MAX_VMS; i++)
		for (n = 0; n < SCENARIO_MAX_IVSHMEM; n++)
			if (vm_table[i] && ivshmem_count(vm_table[i], n, &c))
				console_printf("%-16s %-16s %04x  %-14lx %-12lu %-12lu %lu\n", vm_table[i]->name, c.region, c.bdf,
					       c.memory, c.nr_rung, c.nr_ignored, c.nr_dropped);
	vm_table_leave();
}
