/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A VM's PCI configuration space, ports CF8/CFC. Service VM: the machine's
 * functions pass through, less those given to others, plus the HSM function.
 * Pre-launched VM: a host bridge and what the scenario gives it.
 */
#pragma once

#include "lib/types.h"

struct vm;

/* Builds vm->vpci and registers its ports. Service and pre-launched VMs. 0, -ENOMEM, -EEXIST, -ENOSPC (no free device number). */
int vpci_create(struct vm *vm) __must_check;
void vpci_destroy(struct vm *vm);
void vpci_reset(struct vm *vm);

/* Service VM: true when the HSM function's MSI is enabled, with its message. Any CPU. */
bool vpci_hsm_message(struct vm *vm, uint64_t *addr, uint32_t *data);
