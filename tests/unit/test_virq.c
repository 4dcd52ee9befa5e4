/* SPDX-License-Identifier: BSD-3-Clause */
/* Events into a guest: merging, re-injection, windows and blocking, PIC and APIC interrupts, waking from HLT. */
/* unit: hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vcr.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "cpu/tsc.h"
#include "hv_vm.h"
#include "vm/vcpu_arch.h"
#include "vm/virq.h"
#include "vm/virq_entry.h"
#include "vm/vlapic.h"
#include "vmx/caps.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "x86/apicreg.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

static struct vm *vm;
static struct vcpu *vcpu;
static int pic_vector, pic_accepts;

static int pic_pending(struct vm *v) { (void)v; return pic_vector; }

static int pic_accept(struct vm *v)
{
	int vector = pic_vector;

	(void)v;
	pic_accepts++;
	pic_vector = -1;
	return vector;
}

static void setup_with(bool vid)
{
	hv_machine_reset();
	if (!vid)
		vmx_caps.may[VMX_PROC2] &= ~PROC2_VID;
	vm = hv_vm_create(0, SCENARIO_SERVICE, 2);
	vcpu = vm->vcpus[0];
	vm->hooks.extint_pending = pic_pending;
	vm->pic_out = true;
	vm->hooks.extint_accept = pic_accept;
	pic_vector = -1;
	pic_accepts = 0;
	ck_assert_int_eq(vcpu->vlapic->hw_vid, vid);
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_SVR, APIC_SVR_ENABLE | 0xff), 0);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	vmwrite(VMCS_CR0_SHADOW, CR0_PE | CR0_ET);
	vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_NE);
}

static void setup(void) { setup_with(false); }
static void setup_vid(void) { setup_with(true); }

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

/* What the next entry injects; forgets it, as the CPU does after the entry. */
static uint32_t injected(void)
{
	uint32_t info;

	virq_before_entry(vcpu);
	info = (uint32_t)vmread(VMCS_ENTRY_INTR_INFO);
	vmwrite(VMCS_ENTRY_INTR_INFO, 0);
	return info;
}

static bool window(uint32_t bit) { return vcpu->vmx->proc & bit; }

static void post(uint8_t vector)
{
	vlapic_post(vcpu, vector, false);
	vlapic_sync(vcpu);
	vcpu->event_check = true;
}

/* A step behind an emulated instruction: #DB before anything else, DR6 and DR7 as the CPU leaves them, no shadow. */
START_TEST(single_step)
{
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF | RFLAGS_TF);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, BLOCK_MOV_SS | BLOCK_NMI);
	vmwrite(VMCS_GUEST_DR7, 0x400 | DR7_GD);
	vmwrite(VMCS_GUEST_RIP, 0x1000);
	vmwrite(VMCS_EXIT_INSN_LEN, 2);
	write_dr6(DR6_INIT);
	post(0x61);
	vcpu_skip(vcpu);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), 0x1002);
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTERRUPTIBILITY), BLOCK_NMI);
	ck_assert_uint_eq(read_dr6(), DR6_INIT | DR6_BS);
	ck_assert_uint_eq(vmread(VMCS_GUEST_DR7), 0x400);
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_HARD_EXC | VEC_DB);
	vcpu->event_check = true;
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_EXTINT | 0x61);
}
END_TEST

/* No trap without TF, nor with "step on branches". */
START_TEST(no_single_step)
{
	vcpu_skip(vcpu);
	ck_assert_uint_eq(vcpu->inject.info, 0);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_TF);
	vmwrite(VMCS_GUEST_DEBUGCTL, DEBUGCTL_BTF);
	vcpu_skip(vcpu);
	ck_assert_uint_eq(vcpu->inject.info, 0);
}
END_TEST

/* What the CPU noted at an exit behind an instruction; addresses that matched without being enabled are no trap. */
START_TEST(pending_debug_traps)
{
	write_dr6(DR6_INIT);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0x3);
	virq_debug_trap(vcpu, 0);
	ck_assert_uint_eq(vcpu->inject.info, 0);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, PENDING_DEBUG_HIT | 0x2);
	virq_debug_trap(vcpu, DR6_BS);
	ck_assert_uint_eq(vcpu->inject.info, INTR_VALID | INTR_TYPE_HARD_EXC | VEC_DB);
	ck_assert_uint_eq(read_dr6(), DR6_INIT | DR6_BS | 2);
	ck_assert_uint_eq(vmread(VMCS_GUEST_PENDING_DEBUG), 0);
	vcpu->inject.info = 0;
}
END_TEST

/* A machine whose local APIC has no timer: each entry sets the preemption timer, never to fire early. */
START_TEST(preemption_timer)
{
	hv_vm_destroy(vm);
	setup();
	ck_assert_uint_eq(vcpu->vmx->pin & PIN_PREEMPT_TIMER, 0);
	hv_lapic.no_timer = true;
	vmx_caps.preempt_shift = 5;
	hv_vcpu_start(vcpu);
	ck_assert(vcpu->entry_timer && vcpu->before_entry);
	ck_assert_uint_eq(vmread(VMCS_PIN_CTLS) & PIN_PREEMPT_TIMER, PIN_PREEMPT_TIMER);
	fake_time_to(1000);
	hv_lapic.timer_next = 1000 + 64;
	virq_before_entry(vcpu);
	ck_assert_uint_eq(vmread(VMCS_PREEMPT_TIMER), 3);
	hv_lapic.timer_next = 900;
	virq_before_entry(vcpu);
	ck_assert_uint_eq(vmread(VMCS_PREEMPT_TIMER), 0);
	hv_lapic.timer_next = 1ul << 50;
	virq_before_entry(vcpu);
	ck_assert_uint_eq(vmread(VMCS_PREEMPT_TIMER), 0xffffffff);
	hv_lapic.timer_next = 0;
	virq_before_entry(vcpu);
	ck_assert_uint_eq(vmread(VMCS_PREEMPT_TIMER), 0xffffffff);
	ck_assert(vcpu->before_entry);
}
END_TEST

/* Bochs: the timer is set once, as a guard, and goes with the local APIC. Elsewhere there is none. */
START_TEST(preemption_guard)
{
	vmx_caps.preempt_shift = 5;
	hv_vcpu_start(vcpu);
	ck_assert_uint_eq(vcpu->vmx->pin & PIN_PREEMPT_TIMER, 0);
	hv_lapic.in_bochs = true;
	hv_vcpu_start(vcpu);
	ck_assert(!vcpu->entry_timer);
	ck_assert_uint_eq(vmread(VMCS_PIN_CTLS) & PIN_PREEMPT_TIMER, PIN_PREEMPT_TIMER);
	ck_assert_uint_eq(vmread(VMCS_EXIT_CTLS) & EXIT_SAVE_PREEMPT, EXIT_SAVE_PREEMPT);
	ck_assert_uint_eq(vmread(VMCS_PREEMPT_TIMER), tsc_from_us(500) >> 5);
	/* Without the timer the exit must not save it: VM entry would fail (SDM vol 3, 26.2.1.2). */
	vcpu_preempt_timer(vcpu, false);
	ck_assert_uint_eq(vmread(VMCS_PIN_CTLS) & PIN_PREEMPT_TIMER, 0);
	ck_assert_uint_eq(vmread(VMCS_EXIT_CTLS) & EXIT_SAVE_PREEMPT, 0);
	vmwrite(VMCS_PREEMPT_TIMER, 1);
	vcpu_preempt_timer(vcpu, true);
	ck_assert_uint_eq(vmread(VMCS_PREEMPT_TIMER), tsc_from_us(500) >> 5);
	ck_assert_uint_eq(vmread(VMCS_PIN_CTLS) & PIN_PREEMPT_TIMER, PIN_PREEMPT_TIMER);
}
END_TEST

enum class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE };

static enum class class_of(unsigned int vector)
{
	switch (vector) {
	case 0: case 10: case 11: case 12: case 13:
		return CONTRIBUTORY;
	case 14:
		return PAGE_FAULT;
	case 8:
		return DOUBLE;
	default:
		return BENIGN;
	}
}

/* Tables 6-4 and 6-5 for every pair of exceptions: what comes of `second` while `first` was being delivered. */
START_TEST(merging_table)
{
	unsigned int first = (unsigned int)_i, second;
	enum class a = class_of(first);

	for (second = 0; second < 20; second++) {
		enum class b = class_of(second);
		bool shutdown = a == DOUBLE && (b == CONTRIBUTORY || b == PAGE_FAULT);
		bool twice = (a == CONTRIBUTORY && b == CONTRIBUTORY) ||
			     (a == PAGE_FAULT && (b == CONTRIBUTORY || b == PAGE_FAULT));

		if (second == 2 || second == 8 || second == 9 || second == 15)
			continue;	/* not raised as an exception by anybody */
		vcpu->requests = 0;
		vmwrite(VMCS_IDT_VECTORING_INFO, INTR_VALID | INTR_TYPE_HARD_EXC | first);
		virq_reinject(vcpu);
		virq_exception_error(vcpu, (uint8_t)second, 0x1234);
		ck_assert_msg(!!(vcpu->requests & 1ul << REQ_TRIPLE_FAULT) == shutdown, "%u then %u", first, second);
		if (shutdown)
			continue;
		ck_assert_msg((vcpu->inject.info & 0xff) == (twice ? 8 : second), "%u then %u: %x", first, second,
			      vcpu->inject.info);
		ck_assert_uint_eq(vcpu->inject.info & INTR_TYPE_MASK, INTR_TYPE_HARD_EXC);
		if (twice)
			ck_assert_uint_eq(vcpu->inject.error, 0);
	}
}
END_TEST

/* INT n, INT3 and interrupts are no exceptions of the table, whatever their number. */
START_TEST(merging_after_other_events)
{
	static const uint32_t types[] = { INTR_TYPE_EXTINT, INTR_TYPE_NMI, INTR_TYPE_SOFT_INT };
	unsigned int i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		vmwrite(VMCS_IDT_VECTORING_INFO, INTR_VALID | types[i] | (types[i] == INTR_TYPE_NMI ? 2 : 14));
		virq_reinject(vcpu);
		virq_page_fault(vcpu, 0x5000, 2);
		ck_assert_uint_eq(vcpu->inject.info, INTR_VALID | INTR_TYPE_HARD_EXC | INTR_ERROR | VEC_PF);
		ck_assert_uint_eq(vcpu->inject.error, 2);
		ck_assert_uint_eq(read_cr2(), 0x5000);
	}
}
END_TEST

/* Vectors with an error code, in protected and in real mode (26.2.1.3). */
START_TEST(error_codes)
{
	static const uint32_t with_error = 1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17;
	uint8_t v;

	for (v = 0; v < 20; v++) {
		vcpu->inject.info = 0;
		vmwrite(VMCS_CR0_SHADOW, CR0_PE | CR0_ET);
		vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_NE);
		virq_exception_error(vcpu, v, 7);
		ck_assert_int_eq(!!(vcpu->inject.info & INTR_ERROR), with_error >> v & 1);
		vcpu->inject.info = 0;
		vmwrite(VMCS_CR0_SHADOW, CR0_ET);
		vmwrite(VMCS_GUEST_CR0, CR0_NE);
		virq_exception_error(vcpu, v, 7);
		ck_assert_uint_eq(vcpu->inject.info, INTR_VALID | INTR_TYPE_HARD_EXC | v);
	}
	vcpu->inject.info = 0;
}
END_TEST

START_TEST(an_exception_is_injected_once)
{
	virq_exception_error(vcpu, VEC_GP, 0x18);
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_HARD_EXC | INTR_ERROR | VEC_GP);
	ck_assert_uint_eq(vmread(VMCS_ENTRY_ERROR_CODE), 0x18);
	ck_assert_uint_eq(injected(), 0);
}
END_TEST

/* 27.2.4: each type comes back as it was; instruction length only for those that push a later RIP. */
START_TEST(reinjection)
{
	static const struct {
		uint32_t info;
		bool length, error;
	} cases[] = {
		{ INTR_TYPE_EXTINT | 0x31, false, false },
		{ INTR_TYPE_HARD_EXC | VEC_UD, false, false },
		{ INTR_TYPE_HARD_EXC | INTR_ERROR | VEC_PF, false, true },
		{ INTR_TYPE_SOFT_INT | 0x80, true, false },
		{ INTR_TYPE_PRIV_SOFT | VEC_DB, true, false },
		{ INTR_TYPE_SOFT_EXC | VEC_BP, true, false },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		vmwrite(VMCS_IDT_VECTORING_INFO, INTR_VALID | INTR_NMI_UNBLOCK | cases[i].info);
		vmwrite(VMCS_IDT_VECTORING_ERROR, 0x99);
		vmwrite(VMCS_EXIT_INSN_LEN, 2);
		vmwrite(VMCS_ENTRY_INSN_LEN, 0);
		vmwrite(VMCS_ENTRY_ERROR_CODE, 0);
		virq_reinject(vcpu);
		ck_assert_uint_eq(injected(), INTR_VALID | cases[i].info);
		ck_assert_uint_eq(vmread(VMCS_ENTRY_INSN_LEN), cases[i].length ? 2 : 0);
		ck_assert_uint_eq(vmread(VMCS_ENTRY_ERROR_CODE), cases[i].error ? 0x99 : 0);
	}
	vmwrite(VMCS_IDT_VECTORING_INFO, INTR_TYPE_EXTINT | 0x31);
	virq_reinject(vcpu);
	ck_assert_uint_eq(injected(), 0);
}
END_TEST

START_TEST(reinjected_nmi_is_not_blocked_by_itself)
{
	vmwrite(VMCS_IDT_VECTORING_INFO, INTR_VALID | INTR_TYPE_NMI | VEC_NMI);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, BLOCK_NMI | BLOCK_SMI);
	virq_reinject(vcpu);
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTERRUPTIBILITY), BLOCK_SMI);
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_NMI | VEC_NMI);
}
END_TEST

START_TEST(nmi_and_its_window)
{
	static const uint32_t blocks[] = { BLOCK_NMI, BLOCK_STI, BLOCK_MOV_SS };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		vcpu->nmi_pending = true;
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, blocks[i]);
		ck_assert_uint_eq(injected(), 0);
		ck_assert(window(PROC_NMI_WINDOW) && vcpu->nmi_pending);
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
		vcpu->vmx->proc &= ~PROC_NMI_WINDOW;
		ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_NMI | VEC_NMI);
		ck_assert(!window(PROC_NMI_WINDOW) && !vcpu->nmi_pending);
	}
}
END_TEST

/* One event an entry: exception, then NMI, then interrupt; each waits with a window. */
START_TEST(priorities)
{
	post(0x61);
	vcpu->nmi_pending = true;
	virq_exception(vcpu, VEC_UD);
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_HARD_EXC | VEC_UD);
	ck_assert(window(PROC_NMI_WINDOW) && window(PROC_INTR_WINDOW));
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_NMI | VEC_NMI);
	vcpu->event_check = true;
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_EXTINT | 0x61);
	ck_assert(!window(PROC_INTR_WINDOW));
}
END_TEST

/* IF, STI and MOV SS hold an interrupt back; a blocked NMI does not. */
START_TEST(interrupt_blocking)
{
	static const struct {
		uint64_t flags, blocking;
		bool open;
	} cases[] = {
		{ RFLAGS_IF, 0, true }, { 0, 0, false }, { RFLAGS_IF, BLOCK_STI, false },
		{ RFLAGS_IF, BLOCK_MOV_SS, false }, { RFLAGS_IF, BLOCK_NMI, true }, { RFLAGS_IF, BLOCK_SMI, true },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		post(0x71);
		vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | cases[i].flags);
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, cases[i].blocking);
		ck_assert_uint_eq(injected(), cases[i].open ? INTR_VALID | INTR_TYPE_EXTINT | 0x71 : 0);
		ck_assert_int_eq(window(PROC_INTR_WINDOW), !cases[i].open);
		if (cases[i].open)
			ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_EOI, 0), 0);
	}
}
END_TEST

/* The one in service holds equal and lower classes back without a window; a higher one passes. */
START_TEST(classes_of_interrupts)
{
	post(0x51);
	ck_assert_uint_eq(injected() & 0xff, 0x51);
	post(0x58);
	ck_assert_uint_eq(injected(), 0);
	ck_assert(!window(PROC_INTR_WINDOW));
	post(0x61);
	post(0x91);
	ck_assert_uint_eq(injected() & 0xff, 0x91);
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_EOI, 0), 0);
	vcpu->event_check = true;
	ck_assert_uint_eq(injected() & 0xff, 0x61);
}
END_TEST

/* The PIC's interrupt comes before the APIC's, is acknowledged once, and only vCPU 0 takes it. */
START_TEST(pic)
{
	pic_vector = 0x20;
	post(0x81);
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_EXTINT | 0x20);
	ck_assert_int_eq(pic_accepts, 1);
	ck_assert(window(PROC_INTR_WINDOW));
	vcpu->event_check = true;
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_EXTINT | 0x81);
	pic_vector = 0x21;
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	vcpu->event_check = true;
	ck_assert_uint_eq(injected(), 0);
	ck_assert_int_eq(pic_accepts, 1);
	ck_assert(window(PROC_INTR_WINDOW));
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	ck_assert(virq_wakes_halt(vcpu));
	ck_assert(!virq_wakes_halt(vm->vcpus[1]));
	/* It says beforehand whether there is any. */
	vm->pic_out = false;
	ck_assert(!virq_wakes_halt(vcpu));
	vm->pic_out = true;
}
END_TEST

/* An interrupt that vanished between the look and the acknowledge injects nothing and leaves no window. */
static int pic_gone(struct vm *v) { (void)v; pic_vector = -1; return -1; }

START_TEST(pic_interrupt_that_vanished)
{
	vm->hooks.extint_accept = pic_gone;
	pic_vector = 0x20;
	vcpu->event_check = true;
	ck_assert_uint_eq(injected(), 0);
	ck_assert(!window(PROC_INTR_WINDOW));
}
END_TEST

/* Virtual-interrupt delivery: RVI and SVI follow IRR and ISR, nothing is injected, no window is asked for. */
START_TEST(vid_updates_rvi)
{
	post(0x45);
	post(0x93);
	ck_assert_uint_eq(injected(), 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTR_STATUS), 0x93);
	ck_assert(!window(PROC_INTR_WINDOW));
	/* What the CPU does at delivery: IRR bit to ISR. */
	*(uint32_t *)(vcpu->vlapic->page + APIC_IRR0 + 0x10 * (0x93 / 32)) = 0;
	*(uint32_t *)(vcpu->vlapic->page + APIC_ISR0 + 0x10 * (0x93 / 32)) = 1u << 0x93 % 32;
	vcpu->event_check = true;
	ck_assert_uint_eq(injected(), 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTR_STATUS), 0x9345);
}
END_TEST

START_TEST(vid_takes_the_pic_by_injection)
{
	pic_vector = 0x20;
	post(0x45);
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_EXTINT | 0x20);
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTR_STATUS), 0x45);
	ck_assert(!window(PROC_INTR_WINDOW));
}
END_TEST

/* HLT ends for an interrupt the guest would take, and for an NMI. */
START_TEST(what_ends_a_halt)
{
	ck_assert(!virq_wakes_halt(vcpu));
	post(0x41);
	ck_assert(virq_wakes_halt(vcpu));
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	ck_assert(!virq_wakes_halt(vcpu));
	vcpu->nmi_pending = true;
	ck_assert(virq_wakes_halt(vcpu));
	vcpu->nmi_pending = false;
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_TPR, 0xf0), 0);
	ck_assert(!virq_wakes_halt(vcpu));
}
END_TEST

/* A vector posted just now is seen, though nobody has synced it yet. */
START_TEST(a_fresh_post_ends_a_halt)
{
	vcpu->requests = 0;
	vlapic_post(vcpu, 0x41, false);
	ck_assert(virq_wakes_halt(vcpu));
	ck_assert(vcpu->event_check);
}
END_TEST

/* Work for the hypervisor that arrives while the guest halts is none of the guest's business: HLT goes on. */
START_TEST(other_requests_do_not_end_a_halt)
{
	static const enum vcpu_request others[] = { REQ_EPT_FLUSH, REQ_EOI_EXITS, REQ_PAUSE, REQ_EXIT, REQ_IO_DONE };
	unsigned int i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		vcpu->requests = 1ul << others[i];
		ck_assert_msg(!virq_wakes_halt(vcpu), "request %u", others[i]);
	}
	vcpu->requests = 0;
}
END_TEST

START_TEST(msi_address_is_checked)
{
	ck_assert_int_eq(virq_msi(vm, 0x12345678, 0x41), -EINVAL);
	ck_assert_int_eq(virq_msi(vm, MSI_ADDR_BASE, 0x41), 0);
	vlapic_sync(vcpu);
	ck_assert_int_eq(vlapic_irr_top(vcpu), 0x41);
	/* Reserved delivery mode 3; nobody with id 200. */
	ck_assert_int_eq(virq_msi(vm, MSI_ADDR_BASE, 0x341), -EINVAL);
	ck_assert_int_eq(virq_msi(vm, MSI_ADDR_BASE | 200u << MSI_ADDR_DEST_SHIFT, 0x41), -EINVAL);
	ck_assert_int_eq(virq_line(vm, 3, true), -EINVAL);
}
END_TEST

START_TEST(with_lapic_passthrough_only_nmis_are_injected)
{
	vcpu->lapic_pt = true;
	virq_post(vcpu, 0x66, false);
	ck_assert_uint_eq(hv_lapic.nr_fixed, 1);
	ck_assert_uint_eq(hv_lapic.fixed_vector, 0x66);
	pic_vector = 0x20;
	vcpu->event_check = true;
	ck_assert_uint_eq(injected(), 0);
	vcpu->nmi_pending = true;
	ck_assert_uint_eq(injected(), INTR_VALID | INTR_TYPE_NMI | VEC_NMI);
	vcpu->lapic_pt = false;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("virq");
	TCase *c = tcase_create("software"), *v = tcase_create("vid");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_checked_fixture(v, setup_vid, teardown);
	tcase_add_loop_test(c, merging_table, 0, 20);
	tcase_add_test(c, merging_after_other_events);
	tcase_add_test(c, error_codes);
	tcase_add_test(c, an_exception_is_injected_once);
	tcase_add_test(c, reinjection);
	tcase_add_test(c, reinjected_nmi_is_not_blocked_by_itself);
	tcase_add_test(c, nmi_and_its_window);
	tcase_add_test(c, priorities);
	tcase_add_test(c, interrupt_blocking);
	tcase_add_test(c, classes_of_interrupts);
	tcase_add_test(c, pic);
	tcase_add_test(c, pic_interrupt_that_vanished);
	tcase_add_test(c, preemption_timer);
	tcase_add_test(c, preemption_guard);
	tcase_add_test(c, single_step);
	tcase_add_test(c, no_single_step);
	tcase_add_test(c, pending_debug_traps);
	tcase_add_test(c, what_ends_a_halt);
	tcase_add_test(c, a_fresh_post_ends_a_halt);
	tcase_add_test(c, other_requests_do_not_end_a_halt);
	tcase_add_test(c, msi_address_is_checked);
	tcase_add_test(c, with_lapic_passthrough_only_nmis_are_injected);
	tcase_add_test(v, vid_updates_rvi);
	tcase_add_test(v, vid_takes_the_pic_by_injection);
	tcase_add_test(v, reinjection);
	tcase_add_test(v, nmi_and_its_window);
	suite_add_tcase(s, c);
	suite_add_tcase(s, v);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
