/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a VM as the HSM knows it, and requests to end it. */
#include "core/vm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/affinity.h"
#include "core/event.h"
#include "core/log.h"
#include "core/timer.h"
#include "public/vm.h"

static const char *create_hint(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENODEV:
		return "is this the Service VM, and is the kernel module loaded?";
	case -EACCES:
	case -EPERM:
		return "root is needed, in the Service VM";
	default:
		return strerror(-err);
	}
}

static void create_failed(const char *name, uint64_t mask, int err)
{
	char cpus[40] = "";

	if (mask)
		snprintf(cpus, sizeof(cpus), " on CPU mask 0x%llx", (unsigned long long)mask);
	log_error("cannot create VM '%s'%s: %s (is its name in use, or its CPU affinity outside what the scenario allows?)",
		  name, cpus, strerror(-err));
}

int vm_create(struct vm *vm)
{
	struct hsm_vm_params params = {
		.name = vm->name,
		.ioreq_page = vm->ioreq_page,
	};
	int err;

	snprintf(vm->name, sizeof(vm->name), "%s", config_get(&vm->config, "name"));
	err = hsm_open(&vm->hsm);
	if (err) {
		log_error("cannot open /dev/acrn_hsm: %s", create_hint(err));
		return err;
	}
	err = affinity_mask(&vm->hsm, &vm->config, &params.cpu_affinity);
	if (err) {
		hsm_close(&vm->hsm);
		return err;
	}
	err = hsm_vm_create(&vm->hsm, &params);
	if (!err && (params.nr_vcpus == 0 || params.nr_vcpus > 16)) {
		log_error("the HSM reports %u vCPUs, expected 1 to 16", params.nr_vcpus);
		hsm_vm_destroy(&vm->hsm);
		err = -EPROTO;
	} else if (err) {
		create_failed(vm->name, params.cpu_affinity, err);
	}
	if (err) {
		hsm_close(&vm->hsm);
		return err;
	}
	vm->vmid = params.vmid;
	vm->nr_vcpus = params.nr_vcpus;
	vm->created = true;
	vm->created_ns = clock_ns();
	return 0;
}

void vm_destroy(struct vm *vm)
{
	if (vm->created) {
		int err;

		/* The HSM destroys paused VMs only, also ones that never ran; then this may say no. */
		if (vm->running)
			vm_pause(vm);
		else
			hsm_vm_pause(&vm->hsm);
		err = hsm_vm_destroy(&vm->hsm);
		if (err)
			log_error("destroying VM '%s' failed: %s", vm->name, strerror(-err));
		vm->created = false;
	}
	hsm_close(&vm->hsm);
	bus_fini(&vm->bus);
}

int vm_start(struct vm *vm)
{
	int err = hsm_vm_start(&vm->hsm);

	if (err)
		log_error("cannot start VM '%s': %s", vm->name, strerror(-err));
	else
		vm->running = true;
	return err;
}

int vm_pause(struct vm *vm)
{
	int err;

	if (!vm->running)
		return 0;
	err = hsm_vm_pause(&vm->hsm);
	if (err)
		log_error("cannot pause VM '%s': %s", vm->name, strerror(-err));
	else
		vm->running = false;
	return err;
}

int vm_reset(struct vm *vm)
{
	int err = hsm_ioreq_clear(&vm->hsm);

	if (!err)
		err = hsm_vm_reset(&vm->hsm);
	if (err)
		log_error("cannot reset VM '%s': %s", vm->name, strerror(-err));
	return err;
}

int vm_set_bsp(struct vm *vm, const struct acrn_vcpu_regs *regs)
{
	int err = hsm_vcpu_set_regs(&vm->hsm, regs);

	if (err)
		log_error("the hypervisor refused the boot CPU's registers: %s", strerror(-err));
	return err;
}

void vm_request_stop(struct vm *vm, enum vm_stop why)
{
	int old = VM_RUN;

	/* A reset goes on afterwards, so anything final beats it. */
	while (!atomic_compare_exchange_strong(&vm->stop, &old, why))
		if (old != VM_RUN && (old != VM_STOP_RESET || why == VM_STOP_RESET))
			return;
	/* The event thread wakes the IOREQ loop, again and again until it noticed. */
	event_wake(vm);
}

void vm_power_off(struct vm *vm)
{
	if (vm->reboot.wished)
		vm->reset_asked = true;
	vm_request_stop(vm, vm->reboot.wished ? VM_STOP_RESET : VM_STOP_POWEROFF);
}

enum vm_stop vm_stop_reason(struct vm *vm)
{
	return atomic_load_explicit(&vm->stop, memory_order_relaxed);
}

bool vm_take_reset(struct vm *vm)
{
	int reset = VM_STOP_RESET;

	return atomic_compare_exchange_strong(&vm->stop, &reset, VM_RUN);
}

int vm_exit_code(struct vm *vm, int err)
{
	enum vm_stop why = vm_stop_reason(vm);

	if (why == VM_STOP_DEBUG_EXIT)
		return vm->exit_code;
	if (err || why == VM_RUN)
		return DM_EXIT_FAILURE;
	if (why == VM_STOP_CRASH)
		return DM_EXIT_CRASH;
	return why == VM_STOP_RESET ? DM_EXIT_RESET : DM_EXIT_OK;
}

const char *vm_stop_name(struct vm *vm, int err)
{
	static const char *const name[] = {
		[VM_RUN] = "failure", [VM_STOP_POWEROFF] = "poweroff", [VM_STOP_RESET] = "reset",
		[VM_STOP_SIGNAL] = "signal", [VM_STOP_CRASH] = "crash", [VM_STOP_DEBUG_EXIT] = "debug_exit",
		[VM_STOP_DESTROY] = "destroyed",
	};

	return name[err && vm_stop_reason(vm) != VM_STOP_DEBUG_EXIT ? VM_RUN : vm_stop_reason(vm)];
}
