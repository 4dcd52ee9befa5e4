/* SPDX-License-Identifier: BSD-3-Clause */
/* Between hw/vtd.c and hw/vtd_ir.c. */
#pragma once

#include "lib/types.h"

/* `ecap`: what all units can do. No table when interrupts cannot be remapped here, which is said. 0 or -ENOMEM. */
int vtd_ir_init(uint64_t ecap, bool x2apic) __must_check;
void vtd_ir_fini(void);
/* Value of IRTA, 0: no table. */
uint64_t vtd_ir_root(void);
/* Whether all units use the table now. */
void vtd_ir_enabled(bool active);
