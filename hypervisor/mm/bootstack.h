/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The boot CPU's stacks, part of the image. Each has an unmapped guard page
 * below it:
 *
 *   | guard | 4 pages: boot and idle | guard | NMI | guard | #DF | guard | #MC |
 */
#pragma once

#define BOOT_STACK_PAGES	4
#define BOOT_STACK_STRIDE	((BOOT_STACK_PAGES + 1) * 4096)
#define NR_BOOT_STACKS		4	/* boot, then one for each IST slot */

#ifndef __ASSEMBLER__
#include "lib/types.h"

extern uint8_t boot_stack_area[NR_BOOT_STACKS][BOOT_STACK_STRIDE];
#endif
