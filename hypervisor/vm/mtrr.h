/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory types of a guest (SDM vol 3, 11.11 MTRRs, 11.5.3 CR0.CD). Each vCPU has its registers; vCPU 0's are in force for the
 * VM, since all processors of a machine must hold the same (11.11.8), and they become memory types of the VM's RAM in its EPT.
 */
#pragma once

#include "lib/spinlock.h"
#include "lib/types.h"

struct vm;
struct vcpu;

#define MTRR_FIX_REGS	11u
#define MTRR_VAR_REGS	16u	/* base and mask of 8 ranges */

struct mtrr {
	uint64_t def_type, fix[MTRR_FIX_REGS], var[MTRR_VAR_REGS];
};

/* What a VM's EPT follows now. */
struct memtypes {
	struct spinlock lock;	/* guards all of it, and changes of types in the EPT */
	struct mtrr mtrr;	/* [lock] */
	uint64_t cd;		/* [lock] bit n: vCPU n has CR0.CD set */
	uint32_t everywhere;	/* [lock] PG_ type of all RAM, or MTRR_MIXED */
	uint64_t next, top;	/* [lock] where rewriting the EPT goes on, and ends: behind the last RAM; equal: done */
};

#define MTRR_MIXED	~0u

/* As a firmware leaves them: enabled, everything write-back. */
void mtrr_reset(struct mtrr *m);
/* MTRRcap and its registers; 0, or 1: #GP(0). */
int mtrr_read(const struct mtrr *m, uint32_t msr, uint64_t *value) __must_check;
int mtrr_write(struct mtrr *m, uint32_t msr, uint64_t value, uint64_t address_mask) __must_check;
/* PG_ type at a guest-physical address; *end: the first address beyond that may have another. */
uint32_t mtrr_type(const struct mtrr *m, uint64_t at, uint64_t *end);

/* The vCPU's CR0.CD or MTRRs may have changed. True: RAM has to get other types, by mtrr_continue(). Own thread. */
bool mtrr_apply(struct vcpu *vcpu, bool cd) __must_check;
/*
 * Gives the next slice of RAM its types: a guest can make its EPT as long as it likes, and others want their turn. 1: there is
 * more to do; 0: done, and no vCPU uses an old type; -ENOMEM. A vCPU's thread, no lock held.
 */
int mtrr_continue(struct vm *vm) __must_check;
/* RAM was mapped write-back: the same for it alone. The caller flushes. 0 or -ENOMEM. */
int mtrr_mapped(struct vm *vm, uint64_t at, uint64_t size) __must_check;
