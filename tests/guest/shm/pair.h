/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two VMs with the same program. VM 0 asks and reports; the other one obeys.
 * Between them: a mailbox in the last mapped page of region 0.
 */
#pragma once

#include "lib/shm.h"
#include "lib/types.h"

#define ASKER		0u	/* IVPosition of the VM that reports */
#define OBEYER		1u
#define MAIL_PAGE	3u
#define WAIT_US		2000000u

/* What the obeying VM can be told; arguments a, b; what it answers. */
enum order {
	ORDER_NONE,
	ORDER_FILL,		/* page a of region 0 with seed b */
	ORDER_SUM,		/* of page a of region 0 */
	ORDER_POKE,		/* writes b at offset a of region 1; what it reads there afterwards */
	ORDER_RING,		/* value a into the doorbell of region b */
	ORDER_RING_PORT,	/* the same by the port */
	ORDER_STORM,		/* value a, b times into the doorbell of region 0 */
	ORDER_TAKEN,		/* interrupts of vector a so far */
	ORDER_ECHO,		/* a: each interrupt 0 is answered by a doorbell (1), or not (0) */
	ORDER_REGISTER,		/* register a of region b */
	ORDER_RESET,		/* the VM resets itself: no answer; then it waits until a is 0 */
	ORDER_SEND,		/* a bytes with seed b by the serial line */
	ORDER_RECEIVED,		/* bytes received by the line's interrupt so far; their sum in the upper half */
	ORDER_LISTEN,		/* a: RTS of the line */
	ORDER_DEAF,		/* a: takes no interrupts of the line */
};

struct mail {
	uint32_t boots;		/* starts of the obeying VM */
	uint32_t nr;		/* orders given */
	uint32_t order, a, b;
	uint32_t done;		/* orders carried out */
	uint64_t answer;
};

extern struct shm regions[2];

static inline volatile struct mail *mail(void)
{
	return (volatile struct mail *)(regions[0].memory + MAIL_PAGE * 4096);
}

/* Bytes of a pattern, and their sum. */
static inline uint8_t pattern(uint32_t seed, uint32_t i) { return (uint8_t)(seed + i * 7 + (i >> 8)); }

void __noreturn obey(void);

/* The serial line, both ends: COM2, interrupt 3. */
void line_open(void);
void line_send(uint32_t nr, uint32_t seed);
void line_listen(bool on);
void line_deaf(bool on);
uint64_t line_received(void);
void line_clear(void);
