/* SPDX-License-Identifier: BSD-3-Clause */
/* See dm_vm.h. */
#include "dm_vm.h"

#include <stdlib.h>
#include <string.h>

void fake_vm_open(struct vm *vm, uint64_t memory_size, unsigned int nr_vcpus)
{
	memset(vm, 0, sizeof(*vm));
	vm->hsm.fd = -1;
	vm->nr_vcpus = nr_vcpus;
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->irq.lock, NULL);
	if (!memory_size)
		return;
	vm->mem.region[0] = (struct mem_region){ .size = memory_size, .hva = calloc(1, memory_size) };
	vm->mem.nr_regions = 1;
	vm->mem.lowmem_size = memory_size;
}

void fake_vm_close(struct vm *vm)
{
	free(vm->mem.region[0].hva);
	bus_fini(&vm->bus);
	config_fini(&vm->config);
}

uint32_t fake_in(struct vm *vm, uint16_t port, unsigned int size)
{
	return bus_read(&vm->bus, BUS_PIO, port, size);
}

void fake_out(struct vm *vm, uint16_t port, unsigned int size, uint32_t value)
{
	bus_write(&vm->bus, BUS_PIO, port, size, value);
}
