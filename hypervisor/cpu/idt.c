/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptor tables: one GDT and TSS a CPU, one IDT for all. */
#include "cpu/idt.h"

#include "cpu/percpu.h"
#include "lib/util.h"
#include "log/panic.h"
#include "mm/bootstack.h"
#include "mm/hostmap.h"
#include "x86/cr.h"
#include "x86/desc.h"
#include "x86/insn.h"

#define NR_VECTORS	256u

static struct cpu_tables {
	uint64_t gdt[GDT_SLOTS];
	struct tss tss;
} __aligned(64) tables[MAX_PCPUS];

static struct idt_gate idt[NR_VECTORS] __aligned(16);

/* From idt_entry.S: one 16-byte stub a vector. */
extern const uint8_t idt_stubs[NR_VECTORS][16];

static uint8_t ist_of(uint32_t vector)
{
	switch (vector) {
	case EXC_NMI:
		return IST_NMI;
	case EXC_DF:
		return IST_DF;
	case EXC_MC:
		return IST_MC;
	default:
		return 0;
	}
}

/* Written by the boot CPU before the first use; rewritten with the same values by others. */
static void idt_fill(void)
{
	for (uint32_t v = 0; v < NR_VECTORS; v++) {
		uint64_t at = (uint64_t)idt_stubs[v];

		idt[v] = (struct idt_gate){
			.offset_lo = (uint16_t)at, .selector = SEL_CODE, .ist = ist_of(v),
			.type = GATE_INTERRUPT, .offset_mid = (uint16_t)(at >> 16), .offset_hi = (uint32_t)(at >> 32),
		};
	}
}

/* Top of an interrupt stack: part of the image on the boot CPU, else from the pool. */
static uint64_t ist_stack(uint32_t cpu, uint32_t slot)
{
	uint8_t *low;

	if (cpu == 0)
		return (uint64_t)boot_stack_area[slot] + BOOT_STACK_STRIDE;
	low = hostmap_stack_get(1);
	if (!low)
		panic("no memory for the interrupt stacks of CPU %u", cpu);
	return (uint64_t)low + PAGE_SIZE;
}

static void gdt_fill(struct cpu_tables *t)
{
	uint64_t tss = (uint64_t)&t->tss;

	t->gdt[SEL_CODE32 / 8] = DESC_CODE32;
	t->gdt[SEL_CODE / 8] = DESC_CODE64;
	t->gdt[SEL_DATA / 8] = DESC_DATA;
	t->gdt[SEL_TSS / 8] = (sizeof(t->tss) - 1) | (tss & 0xffffff) << 16 | DESC_TSS_AVAIL << 40 |
			      (tss >> 24 & 0xff) << 56;
	t->gdt[SEL_TSS / 8 + 1] = tss >> 32;
}

/* See the header. After percpu_load(); on other CPUs than the first also after hostmap_load(). */
void idt_load(void)
{
	uint32_t cpu = this_pcpu_id();
	struct cpu_tables *t = &tables[cpu];
	struct desc_ptr gdt_ptr = { sizeof(t->gdt) - 1, (uint64_t)t->gdt };
	struct desc_ptr idt_ptr = { sizeof(idt) - 1, (uint64_t)idt };

	if (cpu == 0)
		idt_fill();
	gdt_fill(t);
	for (uint32_t slot = 1; slot <= NR_IST; slot++)
		t->tss.ist[slot - 1] = ist_stack(cpu, slot);
	t->tss.iomap = sizeof(t->tss);
	lgdt(&gdt_ptr);
	load_segments(SEL_CODE, SEL_DATA);
	ltr(SEL_TSS);
	lidt(&idt_ptr);
}
