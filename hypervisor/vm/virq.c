/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events into a guest: what is queued for the next entry, and the choice made
 * before it (SDM vol 3, 6.15 exception merging, 26.6 event injection, 27.2.4
 * IDT vectoring).
 */
#include "vm/virq.h"

#include "cpu/tsc.h"
#include "irq/timer.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "vm/lapic_pt.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/virq_entry.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "vmx/caps.h"
#include "x86/apicreg.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

/* Exceptions that push an error code (SDM vol 3, table 6-1). */
#define ERROR_VECTORS (1u << VEC_DF | 1u << VEC_TS | 1u << VEC_NP | 1u << VEC_SS | 1u << VEC_GP | 1u << VEC_PF | 1u << VEC_AC)
/* "Contributory" of table 6-4. */
#define CONTRIBUTORY (1u << VEC_DE | 1u << VEC_TS | 1u << VEC_NP | 1u << VEC_SS | 1u << VEC_GP)

static bool is_exception(uint32_t info)
{
	uint32_t type = info & INTR_TYPE_MASK;

	return (info & INTR_VALID) && (type == INTR_TYPE_HARD_EXC || type == INTR_TYPE_SOFT_EXC);
}

/* Table 6-5: what a second exception becomes while the first was being delivered. */
static uint8_t merge(struct vcpu *vcpu, uint8_t vector)
{
	uint32_t first;

	if (!is_exception(vcpu->inject.info))
		return vector;
	first = vcpu->inject.info & 0xff;
	if (first == VEC_DF && (vector == VEC_PF || 1u << vector & CONTRIBUTORY)) {
		atomic_set_bit(&vcpu->requests, REQ_TRIPLE_FAULT);
		return VEC_DF;
	}
	if ((1u << first & CONTRIBUTORY && 1u << vector & CONTRIBUTORY) ||
	    (first == VEC_PF && (vector == VEC_PF || 1u << vector & CONTRIBUTORY)))
		return VEC_DF;
	return vector;
}

void virq_exception_error(struct vcpu *vcpu, uint8_t vector, uint32_t error)
{
	uint8_t v = merge(vcpu, vector);

	vcpu->inject.info = INTR_VALID | INTR_TYPE_HARD_EXC | v;
	vcpu->inject.error = v == vector ? error : 0;
	/* Real mode pushes no error codes; entry with the bit set would fail (26.2.1.3). */
	if ((1u << v & ERROR_VECTORS) && (vcpu_cr0(vcpu) & CR0_PE))
		vcpu->inject.info |= INTR_ERROR;
}

void virq_exception(struct vcpu *vcpu, uint8_t vector)
{
	virq_exception_error(vcpu, vector, 0);
}

void virq_page_fault(struct vcpu *vcpu, uint64_t cr2, uint32_t error)
{
	write_cr2(cr2);
	virq_exception_error(vcpu, VEC_PF, error);
}

/* An injected #DB leaves DR6 and DR7 to us (26.6.1.1). */
void virq_debug_trap(struct vcpu *vcpu, uint64_t dr6)
{
	uint64_t pending = vmread(VMCS_GUEST_PENDING_DEBUG), due = pending | dr6;

	if (!(due & (PENDING_DEBUG_HIT | DR6_BS)))
		return;
	if (pending)
		vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
	write_dr6(read_dr6() | (due & (DR6_HITS | DR6_BS)));
	vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_GD);
	virq_exception(vcpu, VEC_DB);
}

void virq_post(struct vcpu *vcpu, uint8_t vector, bool level)
{
	if (READ_ONCE(vcpu->lapic_pt))
		lapic_pt_post(vcpu, vector);
	else
		vlapic_post(vcpu, vector, level);
}

void virq_nmi(struct vcpu *vcpu)
{
	vcpu_request(vcpu, REQ_NMI);
}

/* Address and data of an MSI: SDM vol 3, 11.11. */
int virq_msi(struct vm *vm, uint64_t addr, uint64_t data)
{
	uint32_t dest = ((uint32_t)addr & MSI_ADDR_DEST_MASK) >> MSI_ADDR_DEST_SHIFT;

	if ((addr & MSI_ADDR_BASE_MASK) != MSI_ADDR_BASE)
		return ERR(-EINVAL);
	/* Bits 31:8 of an id travel in address bits 63:40 for guests with more than 255 CPUs. */
	dest |= (uint32_t)(addr >> 32) & 0xffffff00u;
	const struct lapic_message m = {
		dest, addr & MSI_ADDR_LOGICAL, (data & MSI_DATA_DM_MASK) >> MSI_DATA_DM_SHIFT,
		data & MSI_DATA_VECTOR_MASK, data & MSI_DATA_LEVEL
	};
	if (!m.logical && !m.delivery_mode && !m.level && vlapic_post_plain(vm, dest, m.vector))
		return 0;
	return vlapic_deliver(vm, &m);
}

int virq_line(struct vm *vm, uint32_t gsi, bool level)
{
	if (!vm->hooks.line)
		return ERR(-EINVAL);
	return vm->hooks.line(vm, gsi, level);
}

void virq_reinject(struct vcpu *vcpu)
{
	uint32_t info = (uint32_t)vmread(VMCS_IDT_VECTORING_INFO);
	uint32_t type = info & INTR_TYPE_MASK;

	if (likely(!(info & INTR_VALID)))
		return;
	vcpu->inject.info = info & ~INTR_NMI_UNBLOCK;
	vcpu->inject.error = info & INTR_ERROR ? (uint32_t)vmread(VMCS_IDT_VECTORING_ERROR) : 0;
	vcpu->inject.insn_len = 0;
	if (type == INTR_TYPE_SOFT_INT || type == INTR_TYPE_SOFT_EXC || type == INTR_TYPE_PRIV_SOFT)
		vcpu->inject.insn_len = (uint32_t)vmread(VMCS_EXIT_INSN_LEN);
	/* The NMI is delivered again: the CPU must not think one is in service. */
	if (type == INTR_TYPE_NMI)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, vmread(VMCS_GUEST_INTERRUPTIBILITY) & ~(uint64_t)BLOCK_NMI);
}

static void enter_with(uint32_t info)
{
	vmwrite(VMCS_ENTRY_INTR_INFO, info);
}

static bool inject_queued(struct vcpu *vcpu)
{
	uint32_t info = vcpu->inject.info;

	if (!info)
		return false;
	vcpu->inject.info = 0;
	enter_with(info);
	if (info & INTR_ERROR)
		vmwrite(VMCS_ENTRY_ERROR_CODE, vcpu->inject.error);
	if (vcpu->inject.insn_len)
		vmwrite(VMCS_ENTRY_INSN_LEN, vcpu->inject.insn_len);
	vcpu->inject.insn_len = 0;
	return true;
}

static bool inject_nmi(struct vcpu *vcpu, bool busy)
{
	if (!vcpu->nmi_pending)
		return busy;
	if (busy || (vmread(VMCS_GUEST_INTERRUPTIBILITY) & (BLOCK_NMI | BLOCK_STI | BLOCK_MOV_SS))) {
		vmcs_change_proc(vcpu->vmx, PROC_NMI_WINDOW, 0);
		return busy;
	}
	vcpu->nmi_pending = false;
	enter_with(INTR_VALID | INTR_TYPE_NMI | VEC_NMI);
	return true;
}

static bool interrupts_open(void)
{
	return (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF) &&
	       !(vmread(VMCS_GUEST_INTERRUPTIBILITY) & (BLOCK_STI | BLOCK_MOV_SS));
}

static int extint_pending(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	if (likely(!READ_ONCE(vm->pic_out)) || vcpu->vcpu_id || !vlapic_accepts_extint(vcpu))
		return -1;
	return vm->hooks.extint_pending(vm);
}

/* Hardware finishes the job from the virtual-APIC page: it only needs RVI (30.2.1). */
static void update_rvi(struct vcpu *vcpu)
{
	int top = vlapic_irr_top(vcpu), isr = vlapic_isr_top(vcpu);
	uint64_t status = vmread(VMCS_GUEST_INTR_STATUS), want;

	/* SVI too: a reset of the APIC empties ISR behind the hardware's back. */
	want = (isr < 0 ? 0 : (uint64_t)isr << 8) | (top < 0 ? 0 : (uint64_t)top);
	if (want != status)
		vmwrite(VMCS_GUEST_INTR_STATUS, want);
}

static void inject_interrupt(struct vcpu *vcpu, bool busy)
{
	bool hw = vcpu->vlapic->hw_vid;
	int vector, ext = extint_pending(vcpu);

	if (hw)
		update_rvi(vcpu);
	vector = ext >= 0 ? ext : hw ? -1 : vlapic_pending(vcpu);
	if (vector >= 0 && !busy && interrupts_open()) {
		if (ext >= 0)
			vector = vcpu->vm->hooks.extint_accept(vcpu->vm);
		else
			vlapic_accept(vcpu, (uint8_t)vector);
		if (vector >= 0)
			enter_with(INTR_VALID | INTR_TYPE_EXTINT | (uint32_t)vector);
		vector = extint_pending(vcpu);
		if (vector < 0 && !hw)
			vector = vlapic_pending(vcpu);
	}
	vmcs_change_proc(vcpu->vmx, vector >= 0 ? PROC_INTR_WINDOW : 0, vector >= 0 ? 0 : PROC_INTR_WINDOW);
	if (!hw && (vcpu->vmx->proc & PROC_TPR_SHADOW))
		vmwrite(VMCS_TPR_THRESHOLD, vlapic_tpr_threshold(vcpu));
}

/* The timer counts down at the TSC's rate shifted (26.5.1): one more, as it may just be about to count. Longest: it exits early. */
static void set_preemption_timer(void)
{
	uint64_t next = timer_next(), now = tsc_now(), count = 0;

	if (!next)
		count = PREEMPT_TIMER_MAX;
	else if (next > now)
		count = ((next - now) >> vmx_caps.preempt_shift) + 1;
	vmwrite(VMCS_PREEMPT_TIMER, MIN(count, PREEMPT_TIMER_MAX));
}

void virq_before_entry(struct vcpu *vcpu)
{
	bool busy = inject_queued(vcpu);

	if (unlikely(vcpu->entry_timer))
		set_preemption_timer();
	busy = inject_nmi(vcpu, busy);
	if (!vcpu->event_check)
		return;
	vcpu->event_check = false;
	if (unlikely(vcpu->lapic_pt))
		lapic_pt_forward(vcpu);
	else
		inject_interrupt(vcpu, busy);
}

void virq_sync(struct vcpu *vcpu)
{
	(void)vlapic_sync(vcpu);
	/* The hardware delivers what is in IRR; what is in the PIC it does not know. */
	if (!vcpu->vlapic->hw_vid || extint_pending(vcpu) >= 0)
		vcpu->event_check = true;
}

bool virq_wakes_halt(struct vcpu *vcpu)
{
	/* Other requests are served by the loop, which asks again: they are no reason for the guest to go on. */
	if (vcpu->nmi_pending)
		return true;
	/* The locked instruction also orders "not in guest" before the look at what was posted for a notification. */
	if (atomic_test_and_clear_bit(&vcpu->requests, REQ_EVENT) || unlikely(vcpu->vlapic->posting))
		virq_sync(vcpu);
	if (!(vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF))
		return false;
	return vlapic_pending(vcpu) >= 0 || extint_pending(vcpu) >= 0;
}
