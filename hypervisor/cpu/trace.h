/* SPDX-License-Identifier: BSD-3-Clause */
/* Trace points and log lines into rings that the Service VM reads (public/trace.h, doc/feature/tracing.md). */
#pragma once

#include "cpu/percpu.h"
#include "lib/types.h"
#include "public/trace.h"

/* Writes an entry to the own CPU's ring, if there is one. Any context but NMI. */
void trace_put(uint32_t event, uint64_t e, uint64_t f);
void trace_put_name(uint32_t event, const char *name);

/* A trace point: while nobody traces this CPU, one load and one test. */
static inline void trace(uint32_t event, uint64_t e, uint64_t f)
{
	if (unlikely(this_cpu_watch() & WATCH_TRACE))
		trace_put(event, e, f);
}

static inline void trace_name(uint32_t event, const char *name)
{
	if (unlikely(this_cpu_watch() & WATCH_TRACE))
		trace_put_name(event, name);
}

/* Size of data, header not counted, of a ring whose header reads `head`; 0: it is wrong or of an unknown kind. */
uint32_t trace_ring_size(uint32_t sbuf_id, const struct shared_buf *head);

/*
 * Writes CPU `pcpu_id`'s entries of kind ACRN_SBUF_TRACE or ACRN_SBUF_LOG to `buf` from now on; `head` is the
 * checked copy of its header. NULL: to nobody, and nothing is written to the old ring after the return.
 * CPU 0's log begins with the text kept since the machine's reset. Any CPU, no ring's CPU may be stopped.
 */
void trace_attach(uint32_t pcpu_id, uint32_t sbuf_id, struct shared_buf *buf, const struct shared_buf *head);
void trace_detach_all(void);
