/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptor tables and the way from a vector to its handler. */
#include "lib/trap.h"

#include "lib/console.h"
#include "lib/report.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"

#define IST_STACK	4096u
#define STUB_SIZE	16u

extern const uint8_t trap_stubs[];
extern const uint64_t boot_gdt[];
void trap_dispatch(struct trap_frame *frame);

struct cpu cpus[MAX_CPUS];
static struct idt_gate idt[256];
static trap_handler handlers[256];
static uint8_t ist_stacks[MAX_CPUS][2][IST_STACK] __aligned(16);

void trap_set(uint8_t vector, trap_handler fn)
{
	handlers[vector] = fn;
}

void trap_set_ist(uint8_t vector, uint8_t ist)
{
	idt[vector].ist = ist;
}

static void idt_fill(void)
{
	unsigned int v;

	for (v = 0; v < 256; v++) {
		uint64_t at = (uint64_t)trap_stubs + v * STUB_SIZE;

		idt[v] = (struct idt_gate){
			.offset_lo = (uint16_t)at, .selector = SEL_GUEST_CODE, .type = GATE_INTERRUPT,
			.offset_mid = (uint16_t)(at >> 16), .offset_hi = (uint32_t)(at >> 32),
		};
	}
	/* Ring 3 may use INT3. */
	idt[EXC_BP].type |= 3 << 5;
	trap_set_ist(EXC_DF, 1);
}

void cpu_setup(uint32_t index)
{
	struct cpu *c = &cpus[index];
	uint64_t tss = (uint64_t)&c->tss;
	unsigned int i;

	if (!index)
		idt_fill();
	c->self = c;
	c->index = index;
	c->fault.vector = -1;
	for (i = 0; i < 4; i++)
		c->gdt[i] = boot_gdt[i];
	c->gdt[4] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | DESC_TSS_AVAIL << 40 | (tss >> 24 & 0xff) << 56;
	c->gdt[5] = tss >> 32;
	c->gdt[6] = DESC_DATA | 3ul << 45;
	c->gdt[7] = DESC_CODE64 | 3ul << 45;
	c->tss.ist[0] = (uint64_t)ist_stacks[index][0] + IST_STACK;
	c->tss.ist[1] = (uint64_t)ist_stacks[index][1] + IST_STACK;
	c->tss.iomap = sizeof(struct tss);
	lgdt(&(struct desc_ptr){ sizeof(c->gdt) - 1, (uint64_t)c->gdt });
	load_segments(SEL_GUEST_CODE, SEL_GUEST_DATA);
	ltr(SEL_GUEST_TSS);
	lidt(&(struct desc_ptr){ sizeof(idt) - 1, (uint64_t)idt });
	wrmsr(MSR_GS_BASE, (uint64_t)c);
}

static bool fix(struct trap_frame *frame)
{
	const struct fixup_entry *e;

	for (e = fixup_start; e < fixup_end; e++) {
		if (e->insn == frame->rip) {
			frame->rip = e->fixup;
			return true;
		}
	}
	return false;
}

static void unexpected(const struct trap_frame *f)
{
	printf("CPU %u: vector %lu error %lx rip %lx cs %lx flags %lx rsp %lx cr2 %lx cr0 %lx cr3 %lx cr4 %lx\n",
	       this_cpu()->index, f->vector, f->error, f->rip, f->cs, f->rflags, f->rsp, read_cr2(), read_cr0(),
	       read_cr3(), read_cr4());
	printf("rax %lx rcx %lx rdx %lx rbx %lx rbp %lx rsi %lx rdi %lx r8 %lx\n",
	       f->rax, f->rcx, f->rdx, f->rbx, f->rbp, f->rsi, f->rdi, f->r8);
	report(false, "no unexpected %s (vector %lu at %lx)", f->vector < 32 ? "exception" : "interrupt", f->vector,
	       f->rip);
	report_end();
}

void trap_dispatch(struct trap_frame *frame)
{
	struct cpu *c = this_cpu();

	c->nr_traps[frame->vector]++;
	if (frame->vector < 32)
		c->fault = (struct fault){ (int)frame->vector, (uint32_t)frame->error, frame->rip,
					   frame->vector == EXC_PF ? read_cr2() : 0 };
	if (handlers[frame->vector])
		handlers[frame->vector](frame);
	else if (frame->vector >= 32 || !fix(frame))
		unexpected(frame);
}
