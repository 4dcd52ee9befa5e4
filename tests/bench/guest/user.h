/* SPDX-License-Identifier: BSD-3-Clause */
/* What runs in the user VMs that the bench's Service VM makes: copied to USER_AT. Times are the low half of the TSC. */
#pragma once

#define USER_AT		0x20000
#define USER_TIMES	0x40000	/* 32-bit words */
#define USER_ROUNDS	201
#define ABSENCES	601	/* user_pause notes so many: the first VM begins before the second one is there */
#define USER_KICK	0xd0000000	/* a queue's notify register */
#define USER_VECTOR	0x51
#define AWAY		100	/* ticks between two looks at the TSC: the loop has been left */

/* Words of the mailbox (service/payload.h): 0 done, 1 count, 2 low and 3 high half of the last interrupt's time, 4 and 5 absences to trace from and to */
#define BOX_DONE	0
#define BOX_COUNT	1
#define BOX_STAMP	2
#define BOX_TRACE	4

#ifndef __ASSEMBLER__
#include "lib/types.h"

extern const uint8_t user[], user_end[], user_kick[], user_wait[], user_isr[], user_pause[];
#endif
