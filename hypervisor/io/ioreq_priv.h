/* SPDX-License-Identifier: BSD-3-Clause */
/* Between ioreq.c and asyncio.c: what a user VM shares with the Service VM. One page, vm->ioreq. */
#pragma once

#include "lib/spinlock.h"
#include "lib/types.h"
#include "public/ioreq.h"
#include "public/trace.h"

#define ASYNCIO_MAX	64u

struct asyncio_entry {
	uint64_t addr, data, fd;
	uint8_t space;		/* enum io_space */
	bool match;		/* only a write of `data` */
};

struct ioreq_page {
	struct acrn_io_request_buffer *buf;	/* (o) direct map of the Service VM's page */
	struct spinlock lock;
	uint32_t nr;				/* [lock] entries; read without as a hint */
	struct shared_buf *ring;		/* [lock] direct map of the Service VM's memory; NULL: none */
	uint32_t size, tail;			/* [lock] bytes of its data; where the next one goes */
	struct asyncio_entry entry[ASYNCIO_MAX];	/* [lock] */
};

_Static_assert(sizeof(struct ioreq_page) <= 4096, "one page");

/* Tells the Service VM unless it polls. Behind a full barrier after what it is to find. */
void ioreq_tell(const struct ioreq_page *p);
