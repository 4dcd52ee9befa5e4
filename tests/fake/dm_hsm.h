/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A fake HSM: the functions of devicemodel/core/hsm.h without a kernel. It records what it is asked and
 * plays a guest that makes one I/O request after the other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "public/dev.h"
#include "public/ioreq.h"
#include "public/vm.h"

#define FAKE_MAX_EVENTS 512

/* One request of the guest, on vCPU 0. */
struct fake_step {
	uint32_t type;			/* IOREQ_TYPE_* */
	uint32_t direction;
	uint64_t address;		/* PCICFG: bus << 20 | dev << 15 | func << 12 | reg */
	uint64_t size, value;
};

struct fake_hsm {
	/* what was asked for */
	bool is_open, created, running, client;
	int nr_creates, nr_starts, nr_pauses, nr_resets, nr_destroys, nr_clears;
	uint64_t cpu_affinity;
	struct acrn_vcpu_regs regs;
	struct { uint64_t gpa, size; void *hva; } map[4];
	int nr_maps;
	struct { unsigned int gsi, op; } irq[FAKE_MAX_EVENTS];
	int nr_irqs;
	struct { uint64_t addr; uint32_t data; } msi[FAKE_MAX_EVENTS];
	int nr_msis;
	int nr_ioeventfds;		/* bound now */
	uint64_t intr[4], delay_ms;	/* hsm_intr_counts()'s answer; the last hsm_intr_delay() that worked */
	unsigned int nr_intr;		/* words of it */
	int nr_delays, intr_err, delay_err;
	struct acrn_vdev vdev;		/* made last */
	int nr_vdevs;			/* there now */
	/* how to answer: 0 or -errno */
	int open_err, create_err, map_err, client_err, regs_err, start_err, wait_err, reset_err, vdev_err, vcpu_stats_err;
	bool no_cpus;			/* a module that does not tell the CPUs' ids */
	uint16_t nr_vcpus;		/* reported at creation, 0 means 2 */
	struct hc_q_vm_state state;
	/* the guest */
	struct acrn_io_request_buffer *page;
	const struct fake_step *step;
	int nr_steps, next_step;	/* next_step: how many were made */
	uint64_t result[FAKE_MAX_EVENTS];	/* value of each step once complete */
	bool busy;			/* the step before next_step waits for its completion */
	void (*when_idle)(void);	/* called when the guest has nothing more to ask, before it sleeps */
};

extern struct fake_hsm fake_hsm;

/* Start from nothing. */
void fake_hsm_clear(void);

/* Number of irq records for @gsi with @op. */
int fake_hsm_count_irq(unsigned int gsi, unsigned int op);
