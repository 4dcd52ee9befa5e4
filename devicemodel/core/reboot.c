/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/reboot.h"

#include <jansson.h>

#include "core/log.h"
#include "core/monitor.h"
#include "core/timer.h"
#include "core/vm.h"

static void arm(struct vm *vm)
{
	timer_arm(vm->reboot.timer, clock_ns() + vm->reboot.limit_s * 1000000000ull, 0);
}

static void is_over(void *arg, uint64_t nr_expired)
{
	struct vm *vm = arg;

	(void)nr_expired;
	if (!vm->reboot.wished)
		return;
	/* A guest that cannot run ignores nothing. */
	if (vm->life == VM_LIFE_PAUSED) {
		arm(vm);
		return;
	}
	vm->reboot.overdue = true;
	vm->reboot.nr_overdue++;
	log_warn("the guest was asked to reboot %u s ago and still runs; nothing is forced, and its power-off will be a reset unless it is told to stop",
		 vm->reboot.limit_s);
	monitor_event(vm, "reboot_overdue", json_pack("{s:i}", "limit_s", (int)vm->reboot.limit_s));
}

int reboot_wish(struct vm *vm, unsigned int limit_s)
{
	int err = vm->reboot.timer ? 0 : timer_open(vm, (struct timer_handler){ is_over, vm }, &vm->reboot.timer);

	if (err)
		return err;
	vm->reboot.wished = true;
	vm->reboot.overdue = false;
	vm->reboot.limit_s = limit_s;
	arm(vm);
	return 0;
}

void reboot_forget(struct vm *vm)
{
	vm->reboot.wished = vm->reboot.overdue = false;
	if (vm->reboot.timer)
		timer_disarm(vm->reboot.timer);
}

const char *reboot_state(const struct vm *vm)
{
	return !vm->reboot.wished ? "none" : vm->reboot.overdue ? "overdue" : "wished";
}

void reboot_close(struct vm *vm)
{
	timer_close(vm->reboot.timer);
	vm->reboot.timer = NULL;
}
