/* SPDX-License-Identifier: BSD-3-Clause */
/* Physical PCI configuration access: ECAM where the MCFG gives one, else ports CF8/CFC. */
#pragma once

#include "lib/types.h"

/* bus << 8 | device << 3 | function. */
#define PCI_BDF(b, d, f)	((uint16_t)((b) << 8 | (d) << 3 | (f)))

/* `size` 1, 2 or 4, naturally aligned; reg < 256 (4096 with ECAM). Serialised by a lock. */
uint32_t pci_read(uint16_t bdf, uint32_t reg, uint32_t size);
void pci_write(uint16_t bdf, uint32_t reg, uint32_t size, uint32_t value);

/* Calls fn for every function present on every bus reachable from bus 0. Boot CPU. */
void pci_scan(void (*fn)(uint16_t bdf, void *arg), void *arg);
