/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the hypervisor's C code begins. */
#pragma once

#include "lib/types.h"

/* From boot/head.S, boot CPU, boot page tables: the loader's magic and the address of its information. */
void boot_main(uint32_t magic, uint32_t info) __noreturn;
