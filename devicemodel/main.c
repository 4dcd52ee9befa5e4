/* SPDX-License-Identifier: BSD-3-Clause */
/* acrn-dm: the device model of one user VM, from the command line to the last page given back. */
#include <stdio.h>

#include "boot/load.h"
#include "core/event.h"
#include "core/ioreq.h"
#include "core/monitor.h"
#include "core/options.h"
#include "core/signal.h"
#include "core/vm.h"
#include "core/watchdog.h"
#include "devices.h"
#include "public/vm.h"

static struct vm vm = VM_INITIALIZER;
static struct event *signals;

static int build(void)
{
	int err = ioreq_page_alloc(&vm);

	err = err ? err : event_open(&vm);
	err = err ? err : signal_open(&vm, &signals);
	err = err ? err : watchdog_open(&vm);
	err = err ? err : monitor_open(&vm);
	err = err ? err : vm_create(&vm);
	err = err ? err : mem_setup(&vm, config_get_u64(&vm.config, "memory.size", 0));
	err = err ? err : ioreq_open(&vm);
	err = err ? err : devices_init(&vm);
	return err ? err : event_start(&vm);
}

static int start(void)
{
	int err = vm.start_paused ? 0 : vm_start(&vm);

	if (!err)
		monitor_started(&vm);
	return err;
}

static bool ends(void)
{
	return vm_stop_reason(&vm) != VM_STOP_RESET || config_get_bool(&vm.config, "reset.exit");
}

/* Boot, and boot again after each reset, until the VM is to end. */
static int live(void)
{
	struct acrn_vcpu_regs regs;
	int err;

	do {
		err = boot_load(&vm, &regs);
		err = err ? err : vm_set_bsp(&vm, &regs);
		err = err ? err : start();
		err = err ? err : ioreq_loop(&vm);
		monitor_ended(&vm);
		err = err ? err : vm_pause(&vm);
		if (err || ends())
			break;
		devices_reset(&vm);
		err = vm_reset(&vm);
	} while (!err && vm_take_reset(&vm));
	return err;
}

/* Every step is harmless when its counterpart in build() was not reached. */
static void tear_down(int err)
{
	vm_pause(&vm);
	event_stop(&vm);
	devices_fini(&vm);
	ioreq_close(&vm);
	vm_destroy(&vm);
	mem_teardown(&vm);
	monitor_close(&vm, err);
	watchdog_close();
	signal_close(signals);
	event_close(&vm);
	ioreq_page_free(&vm);
}

int main(int argc, char **argv)
{
	enum options_result what = options_parse(argc, argv, &vm.config);
	int err, code = what == OPTIONS_BAD ? DM_EXIT_USAGE : DM_EXIT_OK;

	if (what == OPTIONS_DUMP)
		config_dump(&vm.config, stdout);
	if (what == OPTIONS_RUN) {
		vm.start_paused = config_get_bool(&vm.config, "start.paused");
		err = build();
		err = err ? err : live();
		tear_down(err);
		code = vm_exit_code(&vm, err);
	}
	config_fini(&vm.config);
	return code;
}
