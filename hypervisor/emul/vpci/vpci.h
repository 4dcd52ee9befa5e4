/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A VM's PCI configuration space, ports CF8/CFC. Service VM: the machine's
 * functions pass through, less those given to others, plus the HSM function.
 * Pre-launched VM: a host bridge and what the scenario gives it. Post-launched
 * VM: the bus is its device model's, but for functions that it asks us for.
 */
#pragma once

#include "lib/types.h"

struct ivshmem_request;
struct vm;

/* Builds vm->vpci and, but for a post-launched VM, registers its ports. 0, -ENOMEM, -EEXIST, -ENOSPC (no free device number). */
int vpci_create(struct vm *vm) __must_check;
void vpci_destroy(struct vm *vm);
void vpci_reset(struct vm *vm);

/* As ivshmem_add(); from then on we look at the VM's configuration accesses first. */
int vpci_add_ivshmem(struct vm *vm, const struct ivshmem_request *r) __must_check;

/*
 * Until vpci_unlock_range() no function of ours comes into the range, or moves. False: there is one, whose
 * mapping and rights are the scenario's; nothing is locked.
 */
bool vpci_lock_range(struct vm *vm, uint64_t at, uint64_t size) __must_check;
void vpci_unlock_range(struct vm *vm);

/* Service VM: true when the HSM function's MSI is enabled, with its message. Any CPU. */
bool vpci_hsm_message(struct vm *vm, uint64_t *addr, uint32_t *data);
