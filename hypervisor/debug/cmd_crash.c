/* SPDX-License-Identifier: BSD-3-Clause */
/* What is kept of the hypervisor's own faults. */
#include "cpu/exception.h"
#include "cpu/tsc.h"
#include "debug/cmd.h"
#include "exit/exit.h"
#include "exit/fault.h"
#include "log/console.h"

static void show(const struct fault_dump *d)
{
	const struct host_frame *f = &d->frame;
	uint32_t i;

	console_printf("vm %s vCPU %u on CPU %u, %lu ms after power-on: %s (error %lx) at %lx\n", d->vm_name, d->vcpu_id, d->pcpu_id,
		       tsc_to_us(d->tsc) / 1000, exception_name(f->vector), f->error, f->rip);
	console_printf("  handling %s, qualification %lx, guest-physical %lx, guest rip %lx\n",
		       exit_reason_name((uint32_t)d->exit_reason), d->qualification, d->guest_phys, d->guest_rip);
	console_printf("  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n  rsi %016lx rdi %016lx rbp %016lx rsp %016lx\n",
		       f->rax, f->rbx, f->rcx, f->rdx, f->rsi, f->rdi, f->rbp, f->rsp);
	console_printf("  r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n  r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n",
		       f->r8, f->r9, f->r10, f->r11, f->r12, f->r13, f->r14, f->r15);
	console_printf("  cr2 %016lx rflags %lx\n  stack", d->cr2, f->rflags);
	for (i = 0; i < d->nr_words; i++)
		console_printf("%s %016lx", i % 4 ? "" : "\n   ", d->stack[i]);
	console_printf("\n");
}

void cmd_crash(int argc __unused, char **argv __unused)
{
	uint32_t n, nr = fault_count();

	console_printf("%u faults of the hypervisor cost a VM\n", nr);
	for (n = nr > NR_FAULT_DUMPS ? nr - NR_FAULT_DUMPS : 0; n < nr; n++)
		if (fault_dump(n))
			show(fault_dump(n));
}
