/* SPDX-License-Identifier: BSD-3-Clause */
/* Between ivshmem.c (configuration space, where the BARs are, life) and ivshmem_ring.c (registers, MSI-X, doorbell). */
#pragma once

#include "lib/addr.h"
#include "lib/spinlock.h"
#include "lib/types.h"
#include "public/scenario.h"
#include "vm/access.h"
#include "vm/vcpu.h"

struct vm;

#define IVSHMEM_VECTORS	8u
#define IVSHMEM_CAP	0x40u		/* the MSI-X capability */
#define MSIX_ENABLE	(1u << 31)	/* of its first dword */
#define MSIX_FMASK	(1u << 30)
#define MSIX_WORD	(0x11u | (IVSHMEM_VECTORS - 1) << 16)
#define MSIX_PBA	0x800u		/* offset of the pending bits in BAR 1; the table is at 0 */
#define CMD_BUS_MASTER	4u

/* What the BARs decode: 0 registers, 1 MSI-X, 2 and 3 shared memory, 4 the registers as ports. */
enum ivshmem_window { IVSHMEM_REGS, IVSHMEM_MSIX, IVSHMEM_MEMORY, IVSHMEM_PORTS, IVSHMEM_WINDOWS };

struct ivshmem;

struct ivshmem_region {
	const struct scenario_ivshmem *cfg;	/* (o) NULL: none */
	hpa_t memory;				/* (o) */
	struct spinlock lock;			/* writers of peer[]; taken before a function's ring lock */
	struct ivshmem *peer[SCENARIO_MAX_VMS];	/* by VM number, which is the IVPosition; readers hold a ring lock */
};

struct ivshmem_entry {
	uint64_t addr;
	uint32_t data;
	bool masked;
};

/* One function. vpci->lock, but for what says otherwise. */
struct ivshmem {
	struct vm *vm;				/* (o) */
	struct ivshmem_region *region;		/* (o) */
	uint16_t bdf;				/* (o) */
	bool may_write, may_ring;		/* (o) the scenario's rights */
	bool told;				/* the log knows: a BAR is where it cannot be */
	uint32_t command;
	uint32_t control;			/* MSIX_ENABLE, MSIX_FMASK */
	uint32_t irq_mask;			/* own vCPUs, any value */
	uint32_t nr_moves;
	uint64_t start[IVSHMEM_WINDOWS];	/* (o) after reset */
	uint64_t bar[IVSHMEM_WINDOWS];		/* as the guest wrote it */
	uint64_t at[IVSHMEM_WINDOWS];		/* where it is now, 0: nowhere */
	uint64_t last[IVSHMEM_WINDOWS];		/* where it was last */
	struct ivshmem_entry entry[IVSHMEM_VECTORS];
	/* What a doorbell needs of entry[], in one word each, so that a ringer takes no lock of ours. Atomic. */
	uint64_t message[IVSHMEM_VECTORS];
	uint64_t pending;			/* atomic; rung while masked */
	/* Held while this VM rings: who takes a peer away waits for it. The VM's own, so no other VM can hold it up. */
	struct spinlock ring;
	uint64_t nr_rung, nr_ignored;		/* [ring] */
	uint64_t nr_dropped;			/* own vCPUs; writes to read-only memory */
};

/* By region; where the VM has none, `region` is NULL. */
struct ivshmem_set {
	struct ivshmem function[SCENARIO_MAX_IVSHMEM];
};

/* The VM's function for region i, or NULL. */
struct ivshmem *ivshmem_slot(const struct vm *vm, uint32_t i);
/* The function at a BDF of the VM's bus, or NULL. */
struct ivshmem *ivshmem_at(const struct vm *vm, uint16_t bdf);
/* A dword of its configuration space; `mask` selects the bytes written. vpci->lock held. */
uint32_t ivshmem_config_read(const struct ivshmem *f, uint32_t reg);
void ivshmem_config_write(struct ivshmem *f, uint32_t reg, uint32_t value, uint32_t mask);
/* True when a window lies in the range. vpci->lock held. */
bool ivshmem_covers(const struct vm *vm, uint64_t at, uint64_t size);

/* Handlers of the windows, dev = struct ivshmem. */
int ivshmem_registers(struct vcpu *vcpu, void *dev, struct io_access *acc);
int ivshmem_table(struct vcpu *vcpu, void *dev, struct io_access *acc);
/* MSI-X as after a reset. */
void ivshmem_msix_reset(struct ivshmem *f);
/* The function's state of MSI-X has changed: tells ringers, sends what was pending. vpci->lock held. */
void ivshmem_msix_update(struct ivshmem *f);
