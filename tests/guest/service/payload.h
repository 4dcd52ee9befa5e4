/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What runs in the user VM. The code is copied to PAYLOAD_AT and does not care
 * where it stands; it tells what it saw in the words of the mailbox.
 */
#pragma once

#define PAYLOAD_AT	0x10000
#define PAYLOAD_GDT	0x1000
#define PAYLOAD_IDT	0x2000
#define PAYLOAD_STACK	0x7000
#define MAILBOX		0x8000	/* in the user VM's memory */

/* Words of the mailbox */
#define MB_DONE		0	/* 1: ready, or through */
#define MB_COUNT	1	/* counts on while it runs */
#define MB_READ		2	/* what was read, from here on */
#define MB_MSI		16	/* interrupts taken */
#define MB_LINE		17
#define MB_NMI		18
#define MB_UD		19

#define PAYLOAD_PORT	0x5a0
#define PAYLOAD_MMIO	0xd0000000
#define MSI_VECTOR	0x41
#define LINE_VECTOR	0x45
#define LINE_GSI	5

/* payload_shm: functions 00:05.0 and 00:06.0, where HC_ADD_VDEV puts them */
#define SHM_ADDRESS	0x80002800
#define SHM_LOOK	0x80003000
#define SHM_NOBODY	0x80003800
#define SHM_PORTS	0xc000
#define SHM_TABLE	0xd1001000
#define SHM_WORK_AT	0xd2000000
#define SHM_LOOK_AT	0xd2100000
#define SHM_LINE	0x5e8	/* its end of the serial line */
#define SHM_RING	2	/* entry of VM 0 that it rings */

#ifndef __ASSEMBLER__
#include "lib/types.h"

extern const uint8_t payload[], payload_end[];
extern const uint8_t payload_io[], payload_irq[], payload_spin[], payload_triple[], payload_real[], payload_look[],
	payload_poke[], payload_halt[], payload_call[], payload_shm[];
extern const uint8_t payload_isr_msi[], payload_isr_line[], payload_isr_nmi[], payload_isr_ud[];
#endif
