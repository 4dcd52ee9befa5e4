/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake door for interrupts: records, and passes on where the test says so. */
#pragma once

#include "lib/types.h"

struct vcpu;
struct vm;

#define FAKE_VIRQ_GSIS	64u

struct fake_virq {
	unsigned int nr_posts, nr_lines;
	struct vcpu *post_vcpu;		/* of the last virq_post() */
	uint8_t post_vector;
	bool post_level;
	unsigned int rises[FAKE_VIRQ_GSIS];	/* low to high changes of a line */
	bool line[FAKE_VIRQ_GSIS];
	uint64_t msi_addr, msi_data;
	unsigned int nr_msis;
	void (*post)(struct vcpu *vcpu, uint8_t vector, bool level);	/* also called by virq_post() */
};

extern struct fake_virq fake_virq;
