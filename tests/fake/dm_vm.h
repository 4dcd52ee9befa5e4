/* SPDX-License-Identifier: BSD-3-Clause */
/* A VM for unit tests of devices: guest RAM without an HSM, empty bus, the device lock. */
#pragma once

#include <stdint.h>

#include "core/vm.h"

/* Make *vm afresh with @memory_size bytes of RAM at 0 and @nr_vcpus vCPUs. */
void fake_vm_open(struct vm *vm, uint64_t memory_size, unsigned int nr_vcpus);
void fake_vm_close(struct vm *vm);

/* Port accesses through the bus. */
uint32_t fake_in(struct vm *vm, uint16_t port, unsigned int size);
void fake_out(struct vm *vm, uint16_t port, unsigned int size, uint32_t value);
