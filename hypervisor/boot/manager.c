/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens when a VM stops by itself, and the console's turn. */
#include "boot/manager.h"

#include "boot/launch.h"
#include "boot/options.h"
#include "debug/shell.h"
#include "debug/vmcon.h"
#include "hw/power.h"
#include "log/console.h"
#include "log/log.h"
#include "machine/machine.h"
#include "sched/thread.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define MANAGER_PRIORITY 255u

static struct thread manager;
static bool running;

void manager_stopped(struct vm *vm, enum vm_stop why)
{
	uint16_t i;

	vm->stop = why;
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_request(vm->vcpus[i], REQ_PAUSE);
	if (running)
		thread_wake(&manager);
}

static bool is_up(const struct vm *vm)
{
	return vm && (vm->state == VM_RUNNING || vm->state == VM_PAUSED) && vm->stop == VM_STOP_NONE;
}

/* The VM with the highest severity that is up decides over the machine (reference-system.md 1.1). */
static bool outranked(const struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++)
		if (vm_table[i] != vm && is_up(vm_table[i]) && vm_table[i]->load_order == SCENARIO_PRE_LAUNCHED &&
		    vm_table[i]->cfg->severity >= vm->cfg->severity)
			return true;
	return false;
}

static bool any_up(void)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++)
		if (is_up(vm_table[i]) && vm_table[i]->load_order != SCENARIO_POST_LAUNCHED)
			return true;
	return false;
}

/* User VMs live by the Service VM: without it nobody answers their I/O. */
static void end_user_vms(void)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++) {
		if (!vm_table[i] || vm_table[i]->load_order != SCENARIO_POST_LAUNCHED)
			continue;
		log_warn("vm %s: ended, as the Service VM stopped", vm_table[i]->name);
		machine_destroy(vm_table[i]);
	}
}

static void restart(struct vm *vm)
{
	log_info("vm %s: restarting", vm->name);
	vm->nr_restarts++;
	if (machine_reset(vm) || launch_start(vm))
		log_err("vm %s: could not be restarted", vm->name);
}

static bool crash_restarts(const struct vm *vm)
{
	return vm->cfg->crash_policy == SCENARIO_CRASH_RESTART &&
	       (!vm->cfg->restart_max || vm->nr_restarts < vm->cfg->restart_max);
}

/* What VMs wrote faster than the wire takes it. */
static void last_words(void)
{
	while (vmcon_pump())
		console_flush();
	console_flush();
}

/* A VM that is off for good: its vCPUs end, its memory stays its own. */
static void turn_off(struct vm *vm)
{
	machine_stop(vm);
	log_info("vm %s: off", vm->name);
	if (any_up())
		return;
	log_info("no VM is left: the machine is powered off");
	last_words();
	power_off();
}

static void handle_stop(struct vm *vm)
{
	enum vm_stop why = vm->stop;

	/* Its vCPUs may be in the middle of a hypercall: they finish it and park. */
	if (machine_pause(vm))
		return;
	if (vm_is_service_order(vm))
		end_user_vms();
	if (why == VM_STOP_RESET && vm_is_service_order(vm) && !outranked(vm)) {
		log_info("vm %s: resets the machine", vm->name);
		last_words();
		power_reset();
	}
	if (why == VM_STOP_RESET || (why != VM_STOP_POWER_OFF && crash_restarts(vm)))
		restart(vm);
	else
		turn_off(vm);
}

static void look_at_vms(void)
{
	unsigned int i;

	for (i = 0; i < MAX_VMS; i++) {
		struct vm *vm = vm_table[i];

		if (vm && vm->load_order != SCENARIO_POST_LAUNCHED && vm->stop != VM_STOP_NONE &&
		    vm->state == VM_RUNNING)
			handle_stop(vm);
	}
}

static void body(void *arg __unused)
{
	shell_init(&manager, option_set("tee"));
	for (;;) {
		look_at_vms();
		vm_table_enter();
		shell_poll();
		vm_table_leave();
		thread_block();
	}
}

void manager_start(void)
{
	uint32_t cpu = manager_cpu();

	if (cpu >= MAX_PCPUS || thread_create(&manager, "manager", cpu, body, NULL)) {
		log_warn("no CPU is free for the console: it shows output only");
		return;
	}
	manager.params.priority = MANAGER_PRIORITY;
	manager.params.weight = 128;
	running = true;
	thread_start(&manager);
}
