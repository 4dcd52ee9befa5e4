/* SPDX-License-Identifier: BSD-3-Clause */
/* Port 0xF4 with --debugexit: a guest program ends the VM and gives acrn-dm's exit code, value * 2 + 1. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/vm.h"
#include "platform/platform.h"

#define DEBUG_EXIT_PORT 0xF4

struct debugexit {
	struct vm *vm;
	struct bus_range range;
};

static void debugexit_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct debugexit *d = dev;

	(void)offset, (void)size;
	d->vm->exit_code = (value << 1 | 1) & 0xFF;
	vm_request_stop(d->vm, VM_STOP_DEBUG_EXIT);
}

static const struct bus_ops debugexit_bus_ops = { .write = debugexit_write };

static int debugexit_init(struct vm *vm, void **state)
{
	struct debugexit *d;
	int err;

	*state = NULL;
	if (!config_get_bool(&vm->config, "debugexit"))
		return 0;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->vm = vm;
	d->range = (struct bus_range){ "debug exit", BUS_PIO, DEBUG_EXIT_PORT, 4, &debugexit_bus_ops, d };
	err = bus_register(&vm->bus, &d->range);
	if (err)
		free(d);
	else
		*state = d;
	return err;
}

static void debugexit_fini(void *state)
{
	struct debugexit *d = state;

	if (!d)
		return;
	bus_unregister(&d->vm->bus, &d->range);
	free(d);
}

const struct platform_ops debugexit_ops = {
	.name = "debugexit", .init = debugexit_init, .fini = debugexit_fini,
};
