/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens on an exception in the hypervisor itself. */
#include "cpu/exception.h"

#include "cpu/idt.h"
#include "cpu/percpu.h"
#include "lib/util.h"
#include "log/console.h"
#include "log/panic.h"
#include "mm/hostmap.h"
#include "x86/cr.h"
#include "x86/fixup.h"
#include "x86/insn.h"

#define FIRST_INTERRUPT	32u
#define STACK_WORDS	16u

static void count_nmi(void)
{
	this_cpu()->nr_nmi++;
}

void (*nmi_hook)(void) = count_nmi;
void (*idt_interrupt)(uint8_t vector);
void (*idt_machine_check)(void);
const char *(*fault_hook)(const struct host_frame *f);

static const char *const names[FIRST_INTERRUPT] = {
	[EXC_DE] = "#DE divide error", [EXC_DB] = "#DB debug", [EXC_BP] = "#BP breakpoint",
	[EXC_OF] = "#OF overflow", [EXC_BR] = "#BR bound range", [EXC_UD] = "#UD invalid instruction",
	[EXC_NM] = "#NM no FPU", [EXC_DF] = "#DF double fault (stack overflow?)", [EXC_TS] = "#TS invalid TSS",
	[EXC_NP] = "#NP segment not present", [EXC_SS] = "#SS stack segment",
	[EXC_GP] = "#GP general protection", [EXC_PF] = "#PF page fault", [EXC_MF] = "#MF x87 error",
	[EXC_AC] = "#AC alignment check", [EXC_MC] = "#MC machine check", [EXC_XM] = "#XM SIMD error",
	[EXC_VE] = "#VE virtualization", [EXC_CP] = "#CP control protection",
};

/* See the header. */
const char *exception_name(uint64_t vector)
{
	return vector < FIRST_INTERRUPT && names[vector] ? names[vector] : "exception";
}

static bool apply_fixup(struct host_frame *f)
{
	for (const struct fixup_entry *e = fixup_start; e < fixup_end; e++) {
		if (e->insn == f->rip) {
			f->rip = e->fixup;
			return true;
		}
	}
	return false;
}

static void print_stack(uint64_t rsp)
{
	/* After an overflow it points into the guard page: show what lies above. */
	if (!hostmap_readable(rsp))
		rsp = ALIGN_UP(rsp, PAGE_SIZE);
	console_printf("stack");
	for (uint32_t i = 0; i < STACK_WORDS; i++) {
		uint64_t at = ALIGN_DOWN(rsp, 8ul) + i * 8;

		if (!hostmap_readable(at))
			break;
		console_printf("%s %016lx", i % 4 ? "" : "\n ", *(const uint64_t *)at);
	}
	console_printf("\n");
}

static void __noreturn report(const struct host_frame *f, const char *why)
{
	const char *name = exception_name(f->vector);

	console_printf("\n%s (vector %lu, error %lx) on CPU %u at %lx:%016lx\n"
		       "rax %016lx rbx %016lx rcx %016lx rdx %016lx\n"
		       "rsi %016lx rdi %016lx rbp %016lx rsp %016lx\n",
		       name, f->vector, f->error, this_pcpu_id(), f->cs, f->rip,
		       f->rax, f->rbx, f->rcx, f->rdx, f->rsi, f->rdi, f->rbp, f->rsp);
	console_printf("r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n"
		       "r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n"
		       "cr0 %lx cr2 %016lx cr3 %lx cr4 %lx rflags %lx\n",
		       f->r8, f->r9, f->r10, f->r11, f->r12, f->r13, f->r14, f->r15,
		       read_cr0(), read_cr2(), read_cr3(), read_cr4(), f->rflags);
	print_stack(f->rsp);
	if (why)
		console_printf("not contained: %s\n", why);
	panic("%s in the hypervisor at %016lx", name, f->rip);
}

/* See the header. NMI context. */
void nmi_handle(void)
{
	if (panic_active())
		panic_halt();
	nmi_hook();
}

/* See the header. Interrupts off. */
void idt_dispatch(struct host_frame *f)
{
	if (f->vector >= FIRST_INTERRUPT && idt_interrupt)
		idt_interrupt((uint8_t)f->vector);
	else if (f->vector == EXC_NMI)
		nmi_handle();
	else if (f->vector == EXC_MC && idt_machine_check)
		idt_machine_check();
	else if (!apply_fixup(f))
		report(f, fault_hook ? fault_hook(f) : NULL);
}
