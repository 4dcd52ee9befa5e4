/* SPDX-License-Identifier: BSD-3-Clause */
/* Machine-check banks (SDM vol 3, ch. 15): set up on each CPU, and read after a machine check. */
#pragma once

#include "lib/types.h"

enum mce_verdict {
	MCE_NOTHING,		/* no bank of this CPU: it only heard the broadcast */
	MCE_LOGGED,		/* corrected, or no action needed here */
	MCE_MEMORY,		/* data at `addr` is lost, and what this CPU ran needs it */
	MCE_CONTEXT,		/* what this CPU ran cannot go on; no usable address */
	MCE_FATAL,		/* the CPU's own state is in doubt */
};

#define MCE_MAX_EVENTS	8u

struct mce_report {
	enum mce_verdict verdict;
	uint64_t mcg_status, addr;
	uint32_t nr_events;
	struct mce_event {
		uint32_t bank;
		uint64_t status, addr, misc;	/* addr, misc: 0 when not valid */
	} event[MCE_MAX_EVENTS];
};

/* Enables all banks, switches CMCI off, logs and clears what the last reset left. Own CPU. */
void mce_init_cpu(void);
/* Reads and clears the banks and the state that makes a second machine check fatal. Any context: no lock, no log. */
void mce_read(struct mce_report *r);
/* Any context that may log. */
void mce_log(const struct mce_report *r);
