/* SPDX-License-Identifier: BSD-3-Clause */
/* Host interrupt vectors: the table of handlers, the allocator of the dynamic range, and dispatch. */
#include "irq/vector.h"

#include "cpu/percpu.h"
#include "cpu/trace.h"
#include "hw/vtd.h"
#include "irq/ipi.h"
#include "irq/lapic.h"
#include "irq/timer.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "log/log.h"

struct vector_entry {
	void (*fn)(void *arg, uint8_t vector);	/* unexpected(): nobody's */
	void *arg;
};

static void kick_handler(void *arg __unused, uint8_t vector __unused)
{
	ipi_serve();
}

static void timer_handler(void *arg __unused, uint8_t vector __unused)
{
	timer_expire();
}

static void unexpected(void *arg __unused, uint8_t vector)
{
	static uint64_t said[4];
	uint64_t bit = 1ul << (vector & 63);

	this_cpu()->nr_spurious++;
	/* Once a vector: a storm must not drown the console. */
	if (!(__atomic_fetch_or(&said[vector >> 6], bit, __ATOMIC_RELAXED) & bit))
		log_warn("irq: vector 0x%x on CPU %u belongs to nobody", vector, this_pcpu_id());
}

static uint64_t counts[MAX_PCPUS][256];	/* own CPU counts, anyone may read */

static struct vector_entry table[256] = {
	[0 ... VEC_KICK - 1] = { unexpected, NULL },
	[VEC_KICK] = { kick_handler, NULL },
	[VEC_KICK + 1 ... VEC_TIMER - 1] = { unexpected, NULL },
	[VEC_TIMER] = { timer_handler, NULL },
	[VEC_TIMER + 1 ... 255] = { unexpected, NULL },
};

#define NR_DYNAMIC (VEC_DYNAMIC_LAST - VEC_DYNAMIC_FIRST + 1)

static struct {
	struct spinlock lock;
	bool taken[NR_DYNAMIC];	/* [lock] */
	uint32_t next;		/* [lock] where the next search begins */
} dynamic;

/* See the header. */
void vector_set(uint8_t vector, void (*fn)(void *arg, uint8_t vector), void *arg)
{
	struct vector_entry *e = &table[vector];

	/* Another CPU may dispatch this vector now: it must never see the new argument with the old function. */
	__atomic_store_n(&e->fn, unexpected, __ATOMIC_SEQ_CST);
	__atomic_store_n(&e->arg, arg, __ATOMIC_SEQ_CST);
	__atomic_store_n(&e->fn, fn ? fn : unexpected, __ATOMIC_RELEASE);
}

/* See the header. */
int vector_get(void (*fn)(void *arg, uint8_t vector), void *arg)
{
	int vector = -ENOSPC;

	spin_lock(&dynamic.lock);
	for (uint32_t n = 0; n < NR_DYNAMIC; n++) {
		uint32_t i = (dynamic.next + n) % NR_DYNAMIC;

		if (dynamic.taken[i])
			continue;
		dynamic.taken[i] = true;
		/* Going round keeps a vector just put back out of use for long: a late interrupt of its old source meets nobody. */
		dynamic.next = (i + 1) % NR_DYNAMIC;
		vector = (int)(VEC_DYNAMIC_FIRST + i);
		vector_set((uint8_t)vector, fn, arg);
		break;
	}
	spin_unlock(&dynamic.lock);
	return vector;
}

/* See the header. */
void vector_put(uint8_t vector)
{
	if (vector < VEC_DYNAMIC_FIRST || vector > VEC_DYNAMIC_LAST)
		return;
	/* Whatever still sends the old owner's message is stopped by the IOMMU. */
	vtd_ir_clear(vector);
	spin_lock(&dynamic.lock);
	vector_set(vector, NULL, NULL);
	dynamic.taken[vector - VEC_DYNAMIC_FIRST] = false;
	spin_unlock(&dynamic.lock);
}

/*
 * While a passthrough guest's LAPIC is given or taken back no vector of the guest means anything to us; but a call to this CPU
 * may have been under way, whose caller waits.
 */
static __attribute__((noinline)) void drop(uint8_t vector)
{
	if (vector == VEC_KICK)
		ipi_serve();
	if (vector != this_cpu()->held_vector)
		lapic_eoi();
}

static inline __attribute__((always_inline)) void dispatch(uint64_t vector)
{
	const struct vector_entry *e = &table[vector];
	void (*fn)(void *arg, uint8_t vector);

	counts[this_pcpu_id()][vector]++;
	/* A spurious interrupt sets no ISR bit and takes no EOI (SDM vol. 3, 11.9). */
	if (unlikely(vector == VEC_SPURIOUS)) {
		this_cpu()->nr_spurious++;
		return;
	}
	if (unlikely(this_cpu()->lapic_owned_by_guest)) {
		drop((uint8_t)vector);
		return;
	}
	fn = __atomic_load_n(&e->fn, __ATOMIC_ACQUIRE);
	critical_enter();
	fn(e->arg, (uint8_t)vector);
	lapic_eoi();
	critical_leave();
}

/* A copy of its own, so that the other one has nothing to keep over a call. */
static __attribute__((noinline)) void dispatch_traced(uint8_t vector)
{
	trace(TRACE_Q_INTERRUPT, vector, 0);
	dispatch(vector);
}

/* See the header. */
void vector_dispatch(uint8_t vector)
{
	if (unlikely(this_cpu_watch()))
		dispatch_traced(vector);
	else
		dispatch(vector);
}

/* See the header. */
uint64_t vector_count(uint32_t pcpu_id, uint8_t vector)
{
	return counts[pcpu_id][vector];
}
