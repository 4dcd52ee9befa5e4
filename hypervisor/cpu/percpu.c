/* SPDX-License-Identifier: BSD-3-Clause */
/* The CPUs' own structures. */
#include "cpu/percpu.h"

#include "x86/insn.h"
#include "x86/msr.h"

struct percpu percpu_area[MAX_PCPUS];
uint32_t nr_pcpus = 1;

/* See the header. */
void percpu_load(uint32_t pcpu_id, uint32_t apic_id)
{
	struct percpu *p = &percpu_area[pcpu_id];

	p->self = p;
	p->pcpu_id = pcpu_id;
	p->apic_id = apic_id;
	wrmsr(MSR_GS_BASE, (uint64_t)p);
}
