/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ticket lock. The hypervisor runs with interrupts off except in the idle
 * loop, so taking a lock never needs to disable them; NMI handlers take none.
 */
#pragma once

#include "lib/critical.h"
#include "lib/types.h"

struct spinlock {
	uint32_t next;	/* ticket handed out next */
	uint32_t owner;	/* ticket being served */
};

#define SPINLOCK_INIT { 0, 0 }

static inline void spin_lock(struct spinlock *l)
{
	uint32_t me = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	critical_enter();
	/* Acquire: what the previous holder wrote is visible from here on. */
	while (unlikely(__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != me))
		__builtin_ia32_pause();
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
	critical_leave();
}

static inline bool spin_is_locked(const struct spinlock *l)
{
	return READ_ONCE(l->owner) != READ_ONCE(l->next);
}
