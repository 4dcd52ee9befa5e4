/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands that act on VMs. They sleep until the VM has obeyed, which a VM may only do when its Service VM has
 * ended a call that waits for the table of VMs to be quiet: so they leave the table meanwhile. Pre-launched and
 * Service VMs are destroyed by nobody; user VMs need the turn.
 */
#include "debug/cmd.h"
#include "hw/power.h"
#include "hypercall/dispatch.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "log/console.h"
#include "machine/machine.h"
#include "machine/severity.h"
#include "vm/vm.h"

struct order {
	uint64_t vm_id, vcpu_id;
};

static int pause(struct vm *vm, const struct order *o __unused)
{
	bool was_running = vm->state == VM_RUNNING;
	int err = machine_pause(vm);

	if (!err && was_running)
		vm->held = true;
	return err;
}

static int resume(struct vm *vm, const struct order *o __unused)
{
	return vm->held ? machine_resume(vm) : -EINVAL;
}

static int pause_vcpu(struct vm *vm, const struct order *o)
{
	return o->vcpu_id < MAX_VCPUS_PER_VM ? machine_pause_vcpu(vm, (uint16_t)o->vcpu_id) : -EINVAL;
}

static int resume_vcpu(struct vm *vm, const struct order *o)
{
	return o->vcpu_id < MAX_VCPUS_PER_VM ? machine_resume_vcpu(vm, (uint16_t)o->vcpu_id) : -EINVAL;
}

/* As if the VM had asked: who decides about its stops does the rest, the manager or its device model. */
static int stop_as(struct vm *vm, enum vm_stop why)
{
	if (!vm->hooks.stopped || vm->state == VM_CREATED)
		return -EINVAL;
	vm->hooks.stopped(vm, why);
	return 0;
}

static int reset(struct vm *vm, const struct order *o __unused)
{
	return stop_as(vm, VM_STOP_RESET);
}

static int off(struct vm *vm, const struct order *o __unused)
{
	return vm->state == VM_POWERED_OFF ? -EINVAL : stop_as(vm, VM_STOP_POWER_OFF);
}

static const struct {
	const char *name;
	bool names_vcpu;
	int (*run)(struct vm *vm, const struct order *o);
	const char *done, *why_not;
} orders[] = {
	{ "vm_pause", false, pause, "paused", "it is off" },
	{ "vm_resume", false, resume, "resumed", "it was not paused here, or has stopped" },
	{ "vcpu_pause", true, pause_vcpu, "paused", "there is no such vCPU, or its VM is off" },
	{ "vcpu_resume", true, resume_vcpu, "resumed", "it was not paused by vcpu_pause" },
	{ "vm_reset", false, reset, "told to reset", "it was never started" },
	{ "vm_off", false, off, "told to power off", "it is off, or was never started" },
};

static struct vm *vm_of(uint64_t vm_id)
{
	return vm_id < MAX_VMS ? vm_table[vm_id] : NULL;
}

static void carry_out(unsigned int i, const struct order *o)
{
	struct vm *vm = vm_of(o->vm_id);
	bool user = vm && vm->load_order == SCENARIO_POST_LAUNCHED;
	int err = -ENOENT;

	vm_table_leave();
	if (user) {
		hypercall_take_turn();
		vm = vm_of(o->vm_id);
	}
	if (vm)
		err = orders[i].run(vm, o);
	if (user)
		hypercall_give_turn();
	vm_table_enter();
	if (!err)
		console_printf("VM %lu: %s\n", o->vm_id, orders[i].done);
	else
		console_printf("VM %lu: not done: %s\n", o->vm_id, err == -ENOENT ? "there is no such VM, see vm_list" : orders[i].why_not);
}

void cmd_life(int argc, char **argv)
{
	struct order o = { 0, 0 };
	unsigned int i = 0;

	while (strcmp(orders[i].name, argv[0]))
		i++;
	if (argc != 2 + orders[i].names_vcpu || str_to_u64(argv[1], &o.vm_id) ||
	    (orders[i].names_vcpu && str_to_u64(argv[2], &o.vcpu_id)))
		console_printf("%s needs the number of a VM%s\n", argv[0], orders[i].names_vcpu ? " and that of a vCPU" : "");
	else
		carry_out(i, &o);
}

/* False, with a message: a VM holds the machine and the operator did not insist. */
static bool may_end_machine(int argc, char **argv)
{
	const struct vm *vm = severity_holder();

	if (!vm || (argc == 2 && !strcmp(argv[1], "force")))
		return true;
	console_printf("VM %u (%s) of severity %s is up: end it by vm_off, or say \"%s force\"\n", vm->vm_id, vm->name,
		       severity_of(vm)->name, argv[0]);
	return false;
}

void cmd_reboot(int argc, char **argv)
{
	if (!may_end_machine(argc, argv))
		return;
	console_printf("resetting the machine\n");
	console_flush();
	power_reset();
}

void cmd_poweroff(int argc, char **argv)
{
	if (!may_end_machine(argc, argv))
		return;
	console_printf("switching the machine off\n");
	console_flush();
	power_off();
}
