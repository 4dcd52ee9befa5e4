/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a vCPU's thread: requests, entry, exit, again. */
#include "cpu/percpu.h"
#include "exit/exit.h"
#include "exit/watch.h"
#include "io/io.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "sched/thread.h"
#include "vm/lapic_pt.h"
#include "vm/run_hook.h"
#include "vm/steal.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/virq_entry.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "vm/vmsr.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

static void serve_init(struct vcpu *vcpu)
{
	lapic_pt_disable(vcpu);
	vlapic_reset(vcpu, true);
	vcpu->nmi_pending = false;
	vcpu->inject.info = 0;
	vcpu->steal.msr = 0;
	vcpu->event_check = true;
	vcpu->state = VCPU_WAIT_SIPI;
}

static void serve_sipi(struct vcpu *vcpu)
{
	if (vcpu->state != VCPU_WAIT_SIPI)
		return;
	vcpu_arch_sipi(vcpu, vcpu->sipi_vector);
	/* INIT took a passed-through APIC back but left its mode: x2APIC means it is the guest's again. */
	vmsr_apic_mode(vcpu);
	vcpu->state = VCPU_RUNNING;
}

static void serve_nmi(struct vcpu *vcpu)
{
	vcpu->nmi_pending = true;
}

static void serve_ept_flush(struct vcpu *vcpu)
{
	invept(INVEPT_CONTEXT, vcpu->vm->eptp);
}

static void serve_eoi_exits(struct vcpu *vcpu)
{
	uint64_t map[4];
	unsigned int i;

	if (!vcpu->vlapic->hw_vid)
		return;
	vlapic_eoi_exits(vcpu, map);
	for (i = 0; i < 4; i++)
		vmwrite(VMCS_EOI_EXIT0 + 2 * i, map[i]);
}

static void serve_io_done(struct vcpu *vcpu)
{
	int err;

	vcpu->where = VCPU_IN_HANDLER;
	err = io_finish(vcpu);
	vcpu->where = VCPU_OUTSIDE;
	if (err) {
		exit_report(vcpu, "an access could not be finished");
		vm_crash(vcpu->vm, "vCPU %u: access to %lx could not be finished (error %d)", vcpu->vcpu_id,
			 vcpu->io.addr, err);
	}
}

static void serve_triple_fault(struct vcpu *vcpu)
{
	exit_report(vcpu, "triple fault");
	if (vcpu->vm->hooks.stopped)
		vcpu->vm->hooks.stopped(vcpu->vm, VM_STOP_TRIPLE_FAULT);
}

/* Between slices interrupts are taken and, by the loop, other threads run. */
static void serve_memtypes(struct vcpu *vcpu)
{
	int r = mtrr_continue(vcpu->vm);

	if (r < 0)
		vm_crash(vcpu->vm, "no memory is left for page tables of its memory types");
	if (r <= 0)
		return;
	vcpu_request(vcpu, REQ_MEMTYPES);
	if (!vcpu->lapic_pt)
		cpu_sti_nop_cli();
}

/* Indexed by enum vcpu_request; NULL: a state looked at in may_enter(). */
static void (*const serve_table[])(struct vcpu *vcpu) = {
	[REQ_EVENT] = virq_sync,
	[REQ_NMI] = serve_nmi,
	[REQ_INIT] = serve_init,
	[REQ_SIPI] = serve_sipi,
	[REQ_EPT_FLUSH] = serve_ept_flush,
	[REQ_IO_DONE] = serve_io_done,
	[REQ_PAUSE] = NULL,
	[REQ_EXIT] = NULL,
	[REQ_EOI_EXITS] = serve_eoi_exits,
	[REQ_TRIPLE_FAULT] = serve_triple_fault,
	[REQ_MEMTYPES] = serve_memtypes,
	[REQ_MACHINE_CHECK] = exit_log_machine_check,
};

#define STICKY (1ul << REQ_PAUSE | 1ul << REQ_EXIT)

static void serve(struct vcpu *vcpu)
{
	uint64_t todo = READ_ONCE(vcpu->requests) & ~STICKY;

	for (; todo; todo &= todo - 1) {
		unsigned int r = bit_lowest(todo);

		if (atomic_test_and_clear_bit(&vcpu->requests, r))
			serve_table[r](vcpu);
	}
}

static void __noreturn end_thread(struct vcpu *vcpu)
{
	lapic_pt_disable(vcpu);
	vlapic_quiesce(vcpu);
	vcpu_arch_leave(vcpu);
	WRITE_ONCE(vcpu->state, VCPU_OFFLINE);
	thread_exit();
}

/* False: nothing to run now, wait for a request. */
static bool may_enter(struct vcpu *vcpu)
{
	if (READ_ONCE(vcpu->requests) & STICKY) {
		if (vcpu->requests & 1ul << REQ_EXIT)
			end_thread(vcpu);
		/* The state before the pause stands in `resume` until the bit is cleared. */
		if (!vcpu->parked)
			vcpu->resume_state = vcpu->state;
		vcpu->parked = true;
		WRITE_ONCE(vcpu->state, VCPU_PAUSED);
		return false;
	}
	if (vcpu->parked) {
		vcpu->parked = false;
		vcpu->state = vcpu->resume_state;
		serve(vcpu);
	}
	if (vcpu->state == VCPU_HALTED && virq_wakes_halt(vcpu))
		vcpu->state = VCPU_RUNNING;
	return vcpu->state == VCPU_RUNNING;
}

/*
 * Into the guest and back; false: something is to be done first. `watched` is a constant: two copies, and the usual
 * one records nothing.
 */
static inline __attribute__((always_inline)) bool run(struct vcpu *vcpu, bool watched)
{
	int err;

	/* The exchange orders "in guest" before the look at requests: whoever posts one after it sends a kick. */
	(void)__atomic_exchange_n(&vcpu->where, VCPU_IN_GUEST, __ATOMIC_SEQ_CST);
	if (unlikely(READ_ONCE(vcpu->requests) || sched_wanted())) {
		WRITE_ONCE(vcpu->where, VCPU_OUTSIDE);
		return false;
	}
	if (vcpu->before_entry)
		virq_before_entry(vcpu);
	if (watched)
		watch_entry(vcpu);
	err = vmcs_enter(vcpu->vmx, vcpu->gpr);
	if (watched)
		watch_exit(vcpu);
	WRITE_ONCE(vcpu->where, VCPU_IN_HANDLER);
	if (unlikely(err)) {
		WRITE_ONCE(vcpu->where, VCPU_OUTSIDE);
		exit_entry_failed(vcpu, 0);
		return true;
	}
	err = exit_dispatch(vcpu);
	WRITE_ONCE(vcpu->where, VCPU_OUTSIDE);
	if (unlikely(err))
		exit_unhandled(vcpu, err);
	return true;
}

static bool __attribute__((noinline)) run_watched(struct vcpu *vcpu)
{
	return run(vcpu, true);
}

static bool run_once(struct vcpu *vcpu)
{
	return unlikely(this_cpu_watch()) ? run_watched(vcpu) : run(vcpu, false);
}

static void start(struct vcpu *vcpu)
{
	vcpu_arch_switch(vcpu);
	if (vcpu_arch_start(vcpu))
		vm_crash(vcpu->vm, "vCPU %u: its initial registers were refused", vcpu->vcpu_id);
	vmsr_apic_mode(vcpu);
	serve_eoi_exits(vcpu);
	virq_sync(vcpu);
	vcpu->event_check = true;
	vcpu->state = vcpu->vcpu_id ? VCPU_WAIT_SIPI : VCPU_RUNNING;
}

/* Back on the CPU: another vCPU's state may be in it. */
static void switch_in(struct thread *t)
{
	struct vcpu *vcpu = container_of(t, struct vcpu, thread);

	vcpu_arch_switch(vcpu);
	vlapic_timer_unpark(vcpu);
	/* What others did meanwhile is not this exit's cost; watch_exit() set the hook for the way out. */
	if (unlikely(vcpu->cost_since))
		vcpu->cost_since = rdtsc();
	if (unlikely(vcpu->steal.msr))
		steal_switch_in(vcpu);
}

/* Set by those who need it: most vCPUs leave the CPU without a word. */
void vcpu_switch_out(struct thread *t)
{
	struct vcpu *vcpu = container_of(t, struct vcpu, thread);

	if (vcpu->cost_since)
		watch_pause(vcpu);
	if (vcpu->steal.msr)
		steal_switch_out(vcpu);
}

void vcpu_thread_park(struct vcpu *vcpu)
{
	WRITE_ONCE(vcpu->where, VCPU_OUTSIDE);
	for (;;) {
		if (READ_ONCE(vcpu->requests) & 1ul << REQ_EXIT)
			end_thread(vcpu);
		WRITE_ONCE(vcpu->state, VCPU_PAUSED);
		thread_block();
	}
}

/* A notification for it may have met another vCPU in the guest. */
static void switch_in_posting(struct thread *t)
{
	switch_in(t);
	atomic_set_bit(&container_of(t, struct vcpu, thread)->requests, REQ_EVENT);
}

void vcpu_thread_body(void *arg)
{
	struct vcpu *vcpu = arg;

	vcpu->cost_since = 0;
	start(vcpu);
	vcpu->thread.switch_in = vcpu->vlapic->posting ? switch_in_posting : switch_in;
	for (;;) {
		if (likely(vcpu->state == VCPU_RUNNING && !vcpu->parked) && run_once(vcpu))
			continue;
		/* While parked everything but pause and exit waits: a completed access must meet its own state. */
		if (vcpu->requests && !vcpu->parked)
			serve(vcpu);
		if (sched_wanted())
			schedule();
		if (!may_enter(vcpu))
			thread_block();
	}
}
