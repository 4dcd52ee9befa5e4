/* SPDX-License-Identifier: BSD-3-Clause */
/* The reader's side of a trace ring of one CPU (public/trace.h). */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "public/trace.h"

struct ring {
	int fd;				/* -1: none */
	uint32_t cpu;
	struct shared_buf *buf;
	size_t mapped;			/* bytes */
	uint32_t size;			/* bytes of data, checked once */
	uint64_t lost;			/* entries the hypervisor dropped since the ring was opened */
	uint32_t lost_seen;		/* its counter at the last look */
};

/* Maps the device at `path`. 0 or -errno (-ENOENT: no such CPU); -EPROTO: what is there is no trace ring. */
int ring_open(struct ring *ring, const char *path, uint32_t cpu);
/* The same on a ring in memory of `mapped` bytes. 0 or -EPROTO. */
int ring_attach(struct ring *ring, struct shared_buf *buf, size_t mapped, uint32_t cpu);
void ring_close(struct ring *ring);

/* Forgets what is in it. */
void ring_clear(struct ring *ring);

/* Gives what is in it now, oldest first, to `put`, and makes room. Number of entries; -EPROTO: an index is wrong. */
int ring_drain(struct ring *ring, void (*put)(void *arg, const struct acrn_trace_entry *entry), void *arg);
