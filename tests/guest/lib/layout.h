/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers that the assembly and the C code of a guest program share. */
#pragma once

#define MAX_CPUS		4	/* a power of two */
#define STACK_SIZE		16384
#define TRAMPOLINE		0x8000	/* page where further processors begin */

#define SEL_GUEST_CODE32	0x08
#define SEL_GUEST_CODE		0x10
#define SEL_GUEST_DATA		0x18
#define SEL_GUEST_TSS		0x20	/* two slots */
#define SEL_GUEST_USER_DATA	0x33
#define SEL_GUEST_USER_CODE	0x3b
#define GUEST_GDT_SLOTS		8
