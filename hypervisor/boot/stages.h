/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steps of the boot that may end it: each says on the console in plain words
 * what is missing, and stops the machine (powers it off with option `test`).
 * Boot CPU, in this order.
 */
#pragma once

#include "lib/types.h"

/* Reads the loader's information and the options, opens the console. */
void boot_stage_loader(uint32_t magic, uint32_t info);
/* The capability gate. */
void boot_stage_features(void);
/* Memory map and page pool: 8 MiB + 1/256 of RAM, below 4 GiB. */
void boot_stage_memory(void);
/* The screen is mapped again, when hostmap_init() has replaced the boot tables. */
void boot_stage_screen(void);
void boot_stage_acpi(void);
/* The lines a person looks for: name, CPUs, memory, pool, loader, modules. */
void boot_stage_banner(void);

/* Ends a boot that cannot go on; the reason has been printed. */
void boot_stop(void) __noreturn;
