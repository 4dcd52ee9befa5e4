/* SPDX-License-Identifier: BSD-3-Clause */
/* The two tables, one line a device, and walks over them. */
#include "devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/intr_monitor.h"
#include "core/irq.h"
#include "core/log.h"
#include "core/vm.h"
#include "pci/bus.h"
#include "pci/hostbridge.h"
#include "pci/ivshmem.h"
#include "pci/lpc.h"
#include "platform/platform.h"
#include "virtio/pci_modern.h"

static const struct platform_ops *const platform_devices[] = {
	&pm_ops,
	&pit_ops,
	&hpet_ops,
	&rtc_ops,
	&i8042_ops,
	&uart_ops,
	&debugexit_ops,
};

static const struct pci_dev_ops *const pci_devices[] = {
	&hostbridge_ops,
	&amd_hostbridge_ops,
	&lpc_ops,
	&ivshmem_ops,
	&virtio_pci_blk,
	&virtio_pci_net,
	&virtio_pci_console,
	&virtio_pci_rnd,
};

#define NR_PLATFORM	(sizeof(platform_devices) / sizeof(platform_devices[0]))
#define NR_PCI		(sizeof(pci_devices) / sizeof(pci_devices[0]))

struct platform {
	void *state[NR_PLATFORM];
	unsigned int nr_inited;
};

static int init_platform(struct vm *vm)
{
	struct platform *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	vm->platform = p;
	while (p->nr_inited < NR_PLATFORM) {
		const struct platform_ops *ops = platform_devices[p->nr_inited];
		int err = ops->init(vm, &p->state[p->nr_inited]);

		if (err) {
			log_error("%s: %s", ops->name, strerror(-err));
			return err;
		}
		p->nr_inited++;
	}
	return 0;
}

static const struct pci_dev_ops *find_pci(const char *name)
{
	char known[256] = "";

	for (size_t i = 0; i < NR_PCI; i++) {
		size_t len = strlen(known);

		if (strcmp(pci_devices[i]->name, name) == 0)
			return pci_devices[i];
		snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "", pci_devices[i]->name);
	}
	log_error("unknown PCI device '%s'; the devices are: %s", name, known);
	return NULL;
}

static int init_pci(struct vm *vm)
{
	const struct config_node *node;
	size_t pos = 0;

	while ((node = config_next(&vm->config, "pci.", &pos))) {
		const struct pci_dev_ops *ops;
		unsigned int slot, func;
		const char *opts;
		char key[32], tail[8];
		int err;

		if (sscanf(node->key, "pci.%2u.%1u.%7s", &slot, &func, tail) != 3 || strcmp(tail, "device") != 0)
			continue;
		ops = find_pci(node->value);
		if (!ops)
			return -ENODEV;
		snprintf(key, sizeof(key), "pci.%02u.%u.options", slot, func);
		opts = config_get(&vm->config, key);
		err = pci_bus_add(vm, ops, slot, func, opts ? opts : "");
		if (err) {
			log_error("-s %u:%u,%s: %s", slot, func, ops->name, strerror(-err));
			return err;
		}
	}
	return 0;
}

int devices_init(struct vm *vm)
{
	int err = pci_bus_open(vm);

	if (!err)
		err = init_platform(vm);
	if (!err)
		err = init_pci(vm);
	if (!err)
		err = intr_monitor_open(vm, &vm->intr_monitor);
	if (err)
		devices_fini(vm);
	return err;
}

void devices_fini(struct vm *vm)
{
	struct platform *p = vm->platform;

	intr_monitor_close(vm->intr_monitor);
	vm->intr_monitor = NULL;
	pci_bus_close(vm);
	while (p && p->nr_inited) {
		p->nr_inited--;
		platform_devices[p->nr_inited]->fini(p->state[p->nr_inited]);
	}
	free(p);
	vm->platform = NULL;
}

void devices_reset(struct vm *vm)
{
	struct platform *p = vm->platform;

	vm_lock(vm);
	pci_bus_reset(vm);
	for (unsigned int i = 0; i < p->nr_inited; i++)
		if (platform_devices[i]->reset)
			platform_devices[i]->reset(p->state[i]);
	irq_reset(vm);
	vm_unlock(vm);
}
