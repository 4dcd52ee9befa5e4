/* SPDX-License-Identifier: BSD-3-Clause */
/* Kicks and calls between the hypervisor's CPUs. */
#include "irq/ipi.h"

#include "cpu/percpu.h"
#include "irq/lapic.h"
#include "irq/vector.h"
#include "lib/bits.h"
#include "log/panic.h"
#include "x86/insn.h"

/* A call in flight, on its caller's stack until `done`. */
struct ipi_call {
	struct ipi_call *next;
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

/* Calls waiting for each CPU, newest first: pushed by anyone, taken whole by the owner. */
static struct {
	struct ipi_call *head;
} __aligned(64) mailbox[MAX_PCPUS];

/* See the header. */
void ipi_kick(uint32_t pcpu_id)
{
	struct percpu *p = &percpu_area[pcpu_id];

	/* Whoever runs here is in host mode already and looks before it enters a guest or halts. */
	if (p == this_cpu())
		return;
	if (READ_ONCE(p->lapic_owned_by_guest))
		lapic_send_nmi(p->apic_id);
	else
		lapic_send_fixed(p->apic_id, VEC_KICK);
}

/* See the header. */
void ipi_posted(uint32_t pcpu_id)
{
	lapic_send_fixed(percpu_area[pcpu_id].apic_id, VEC_POSTED);
}

/* See the header. */
void ipi_serve(void)
{
	struct percpu *p = this_cpu();
	struct ipi_call *c;

	if (likely(!READ_ONCE(p->requests)) || !atomic_test_and_clear_bit(&p->requests, CPU_REQ_CALL))
		return;
	c = __atomic_exchange_n(&mailbox[p->pcpu_id].head, NULL, __ATOMIC_ACQUIRE);
	while (c) {
		/* The record is its caller's again as soon as `done` is seen there. */
		struct ipi_call *next = c->next;

		c->fn(c->arg);
		__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
		c = next;
	}
}

/* See the header. */
void ipi_call(uint32_t pcpu_id, void (*fn)(void *arg), void *arg)
{
	struct ipi_call c = { .fn = fn, .arg = arg };
	struct ipi_call **head = &mailbox[pcpu_id].head;
	struct percpu *p = &percpu_area[pcpu_id];

	if (p == this_cpu()) {
		fn(arg);
		return;
	}
	ASSERT(!p->lapic_owned_by_guest);
	/* The record lies on this stack. */
	critical_enter();
	c.next = __atomic_load_n(head, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(head, &c.next, &c, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	/* The record comes before the request bit: who clears the bit finds the record. */
	atomic_set_bit(&p->requests, CPU_REQ_CALL);
	ipi_kick(pcpu_id);
	/* Two CPUs may call each other: answering while waiting keeps both going. */
	while (!__atomic_load_n(&c.done, __ATOMIC_ACQUIRE)) {
		ipi_serve();
		cpu_pause();
	}
	critical_leave();
}
