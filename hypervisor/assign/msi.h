/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message interrupts of physical functions that belong to a VM. The device is
 * given a host vector; when it fires, the message the guest wrote is delivered
 * to the guest. Host vectors are the same on all CPUs, so that following the
 * guest to another CPU changes only the address a device writes to.
 */
#pragma once

#include "lib/types.h"

struct vm;

/* What a device is to write: address and data (SDM vol 3, 11.11). */
struct msi_message {
	uint64_t addr;
	uint32_t data;
};

/* Takes a host vector for a function of `vm`; interrupts are dropped until msi_route(). Any CPU. The vector, or -ENOSPC. */
int msi_get(struct vm *vm, uint16_t bdf) __must_check;

/* Frees it; the device has been silenced before. When it returns no handler uses the VM any more. Any CPU. */
void msi_put(uint8_t vector);

/*
 * Interrupts of `vector` become the message *guest, from now on. *host: what
 * the device is to write, to the CPU of the first vCPU that the message names
 * (none: of the first vCPU at all). Its data depends on the vector only and its
 * address fits 32 bits, so one write of the low address moves a live interrupt.
 * With interrupt remapping the message names an entry of the IOMMU's table, and nothing in the device changes.
 * 0, or -ENODEV: no CPU of the VM can be named (vtd_ir_max_apic_id()), or the IOMMU does not answer.
 */
int msi_route(uint8_t vector, const struct msi_message *guest, struct msi_message *host) __must_check;

/* Pairs (host vector, interrupts so far) of the VM's messages, at most `max` words. The number of words. Any CPU. */
uint32_t msi_counts(const struct vm *vm, uint64_t *words, uint32_t max);

/* Whose a host vector is, and the message it becomes (all 0: none yet), for the shell; false: nobody's. Any CPU. */
bool msi_look(uint8_t vector, const struct vm **vm, struct msi_message *guest);
