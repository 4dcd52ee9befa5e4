/* SPDX-License-Identifier: BSD-3-Clause */
/* Physical I/O APICs, addressed by global system interrupt (GSI). */
#pragma once

#include "lib/types.h"

/* Finds them in the MADT, maps them, masks every pin. Boot CPU. */
void ioapic_init(void);
uint32_t ioapic_nr_gsi(void);

/*
 * Routes a GSI to `vector` on the CPU with `apic_id` (physical destination,
 * fixed delivery), left masked. 0 or -EINVAL (no such GSI, or an id that no interrupt can name). Any CPU.
 */
int ioapic_route(uint32_t gsi, uint8_t vector, uint32_t apic_id, bool level, bool active_low) __must_check;
void ioapic_mask(uint32_t gsi);
void ioapic_unmask(uint32_t gsi);

/* What a pin's entry holds, for the shell; false: no such GSI. Any CPU. */
bool ioapic_rte(uint32_t gsi, uint64_t *rte);

/* Number, base address and first GSI of each I/O APIC, for the Service VM's virtual ones. */
uint32_t ioapic_count(void);
void ioapic_info(uint32_t index, uint64_t *base, uint32_t *gsi_base, uint32_t *nr_pins, uint32_t *id);
