/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writer of a trace in the Common Trace Format 1.8: a folder with the text file
 * `metadata` and a stream file `cpuN` for each CPU.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "public/trace.h"

#define CTF_PACKET_SIZE	65536u

struct ctf_stream {
	FILE *file;
	uint32_t cpu;
	uint32_t used;		/* bytes of packet, its header included; 0: none begun */
	uint64_t first, last;	/* TSC of its events */
	uint64_t lost;		/* entries lost before now, since the trace's start */
	bool failed;		/* a write failed: said at the end */
	uint8_t packet[CTF_PACKET_SIZE];
};

/* Writes DIR/metadata; the clock counts `tsc_khz` thousand ticks a second. 0 or -errno. */
int ctf_metadata(const char *dir, uint64_t tsc_khz);

/* A stream of its own for each CPU. NULL with errno set. */
struct ctf_stream *ctf_stream_open(const char *dir, uint32_t cpu);
void ctf_put(struct ctf_stream *s, const struct acrn_trace_entry *entry);
/* 0, or -EIO: not all could be written. */
int ctf_stream_close(struct ctf_stream *s);
