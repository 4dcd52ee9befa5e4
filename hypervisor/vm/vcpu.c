/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of a vCPU and access to its registers. */
#include "vm/vcpu.h"

#include "cpu/features.h"
#include "cpu/percpu.h"
#include "irq/ipi.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "log/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/frame.h"
#include "vm/run_hook.h"
#include "vm/vcpu_arch.h"
#include "vm/virq.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "x86/cpuid.h"
#include "x86/cr.h"
#include "x86/desc.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define XSAVE_LEGACY_SIZE 512u
#define MXCSR_RESET	0x1f80u
#define FCW_RESET	0x37fu
#define VCPU_PAGES	PAGES(sizeof(struct vcpu))

uint64_t vcpu_gpr(const struct vcpu *vcpu, enum gpr r)
{
	return r == GPR_RSP ? vmread(VMCS_GUEST_RSP) : vcpu->gpr[r];
}

void vcpu_set_gpr(struct vcpu *vcpu, enum gpr r, uint64_t value)
{
	if (r == GPR_RSP)
		vmwrite(VMCS_GUEST_RSP, value);
	else
		vcpu->gpr[r] = value;
}

uint64_t vcpu_rip(const struct vcpu *vcpu __unused) { return vmread_known(VMCS_GUEST_RIP); }
uint64_t vcpu_rflags(const struct vcpu *vcpu __unused) { return vmread_known(VMCS_GUEST_RFLAGS); }
uint64_t vcpu_cr3(const struct vcpu *vcpu __unused) { return vmread_known(VMCS_GUEST_CR3); }
uint64_t vcpu_efer(const struct vcpu *vcpu) { return vcpu->arch->efer; }

uint64_t vcpu_cr0(const struct vcpu *vcpu __unused)
{
	return (vmread(VMCS_GUEST_CR0) & CR0_GUEST_OWNED) | (vmread(VMCS_CR0_SHADOW) & ~CR0_GUEST_OWNED);
}

uint64_t vcpu_cr4(const struct vcpu *vcpu __unused)
{
	uint64_t owned = vmread(VMCS_CR4_MASK);

	return (vmread(VMCS_GUEST_CR4) & ~owned) | (vmread(VMCS_CR4_SHADOW) & owned);
}

unsigned int vcpu_cpl(const struct vcpu *vcpu __unused)
{
	return vmread_known(VMCS_GUEST_SS_AR) >> SEG_AR_DPL_SHIFT & 3;
}

unsigned int vcpu_mode_bytes(const struct vcpu *vcpu)
{
	uint32_t ar = (uint32_t)vmread_known(VMCS_GUEST_CS_AR);

	if ((vcpu->arch->efer & EFER_LMA) && (ar & SEG_AR_L))
		return 8;
	return ar & SEG_AR_DB ? 4 : 2;
}

uint64_t vcpu_seg_base(const struct vcpu *vcpu, unsigned int seg)
{
	if (seg < 4 && vcpu_mode_bytes(vcpu) == 8)
		return 0;
	return vmread(VMCS_GUEST_ES_BASE + 2 * seg);
}

void vcpu_iterated(struct vcpu *vcpu, uint64_t rflags)
{
	if (unlikely(rflags & RFLAGS_TF) && !(vmread(VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF))
		virq_debug_trap(vcpu, DR6_BS);
}

void vcpu_step(struct vcpu *vcpu, uint64_t rip)
{
	uint32_t blocked = (uint32_t)vmread_known(VMCS_GUEST_INTERRUPTIBILITY);

	vmwrite(VMCS_GUEST_RIP, rip);
	if (unlikely(blocked & (BLOCK_STI | BLOCK_MOV_SS)))
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, blocked & ~(BLOCK_STI | BLOCK_MOV_SS));
	vcpu_iterated(vcpu, vmread_known(VMCS_GUEST_RFLAGS));
}

void vcpu_skip(struct vcpu *vcpu)
{
	vcpu_step(vcpu, vmread_known(VMCS_GUEST_RIP) + vmread_known(VMCS_EXIT_INSN_LEN));
}

void vcpu_request(struct vcpu *vcpu, enum vcpu_request r)
{
	/* The atomic OR orders the bit before the look at `where`; run_once() does the opposite. */
	atomic_set_bit(&vcpu->requests, r);
	if (vcpu->pcpu_id != this_pcpu_id() && READ_ONCE(vcpu->where) == VCPU_IN_GUEST)
		ipi_kick(vcpu->pcpu_id);
	thread_wake(&vcpu->thread);
}

void vcpu_request_event(struct vcpu *vcpu)
{
	atomic_set_bit(&vcpu->requests, REQ_EVENT);
	/* In the guest the kick does it: on the way to a halt virq_wakes_halt() looks at the bit by a locked instruction. */
	if (READ_ONCE(vcpu->where) == VCPU_IN_GUEST)
		ipi_kick(vcpu->pcpu_id);
	else
		thread_wake(&vcpu->thread);
}

static uint32_t fpu_size(void)
{
	return feature_has(FEAT_XSAVE) ? cpuid(0xd, 0).ecx : XSAVE_LEGACY_SIZE;
}

static void fpu_reset(struct vcpu_arch *a)
{
	uint8_t *area = a->fpu;

	*(uint16_t *)area = FCW_RESET;
	*(uint32_t *)(area + 24) = MXCSR_RESET;
	a->xcr0 = 1;
}

static int arch_create(struct vcpu *vcpu)
{
	struct vcpu_arch *a = frame_get(PAGES(sizeof(*a)));

	if (!a)
		return ERR(-ENOMEM);
	vcpu->arch = a;
	vcpu->vmx = &a->vmcs;
	a->fpu_pages = (uint32_t)PAGES(fpu_size());
	a->fpu = frame_get(a->fpu_pages);
	a->msr_bitmap = frame_get(1);
	if (!a->fpu || !a->msr_bitmap)
		return ERR(-ENOMEM);
	fpu_reset(a);
	mtrr_reset(&a->mtrr);
	return vmcs_create(&a->vmcs);
}

static void arch_destroy(struct vcpu *vcpu)
{
	struct vcpu_arch *a = vcpu->arch;

	if (!a)
		return;
	vmcs_destroy(&a->vmcs);
	frame_put(a->msr_bitmap, 1);
	frame_put(a->fpu, a->fpu_pages);
	frame_put(a, PAGES(sizeof(*a)));
}

static int new_thread(struct vcpu *vcpu)
{
	const struct vm *vm = vcpu->vm;
	char name[24];
	int err;

	snprintf(name, sizeof(name), "%s/%u", vm->name, vcpu->vcpu_id);
	err = thread_create(&vcpu->thread, name, vcpu->pcpu_id, vcpu_thread_body, vcpu);
	if (err)
		return err;
	vcpu->thread.params = (struct sched_params){
		.priority = vm->cfg->priority, .weight = vm->cfg->weight,
		.warp_us = vm->cfg->warp_us, .warp_limit_us = vm->cfg->warp_limit_us, .unwarp_us = vm->cfg->unwarp_us,
		.budget_us = vm->cfg->budget_us, .period_us = vm->cfg->period_us,
	};
	return 0;
}

int vcpu_create(struct vm *vm, uint16_t vcpu_id, uint32_t pcpu_id, struct vcpu **out)
{
	struct vcpu *vcpu = frame_get(VCPU_PAGES);
	int err;

	if (!vcpu)
		return ERR(-ENOMEM);
	*vcpu = (struct vcpu){ .vm = vm, .vcpu_id = vcpu_id, .pcpu_id = pcpu_id, .state = VCPU_OFFLINE };
	vcpu->vapic_id = vm->load_order == SCENARIO_SERVICE ? percpu_area[pcpu_id].apic_id : vcpu_id;
	err = arch_create(vcpu);
	if (!err)
		err = vlapic_create(vcpu);
	if (!err)
		err = new_thread(vcpu);
	if (err) {
		vlapic_destroy(vcpu);
		arch_destroy(vcpu);
		frame_put(vcpu, VCPU_PAGES);
		return err;
	}
	*out = vcpu;
	return 0;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	thread_destroy(&vcpu->thread);
	vlapic_destroy(vcpu);
	arch_destroy(vcpu);
	frame_put(vcpu, VCPU_PAGES);
}

int vcpu_renew(struct vcpu *vcpu)
{
	uint64_t run = vcpu->thread.run_ticks, wait = vcpu->thread.wait_ticks;
	int err;

	thread_destroy(&vcpu->thread);
	vcpu_reset(vcpu);
	err = new_thread(vcpu);
	/* What the vCPU has used is its own, whichever thread it had. */
	vcpu->thread.run_ticks = run;
	vcpu->thread.wait_ticks = wait;
	return err;
}

static void arch_reset(struct vcpu_arch *a)
{
	a->start_given = false;
	a->split_locks = false;
	a->live = false;
	a->dr6 = a->cr2 = 0;
	a->dr_loaded = false;
	memset(a->msr, 0, sizeof(a->msr));
	memset(a->dr, 0, sizeof(a->dr));
	mtrr_reset(&a->mtrr);
	memset(a->fpu, 0, a->fpu_pages * PAGE_SIZE);
	fpu_reset(a);
}

void vcpu_reset(struct vcpu *vcpu)
{
	arch_reset(vcpu->arch);
	vcpu->requests = 0;
	vcpu->inject.info = 0;
	vcpu->nmi_pending = false;
	vcpu->event_check = false;
	vcpu->parked = false;
	vcpu->held = false;
	vcpu->tsc_offset = 0;
	vcpu->steal.msr = 0;
	vcpu->state = VCPU_OFFLINE;
	memset(vcpu->code, 0, sizeof(vcpu->code));
	vcpu->hole.changes = 0;
	vlapic_reset(vcpu, false);
}

/* Selectors and CS only need to be loadable: what else is wrong fails the VM entry and stops this VM. */
int vcpu_set_regs(struct vcpu *vcpu, const struct acrn_regs *regs)
{
	if ((regs->cr4 & ~guest_cr4_mask) || regs->cr0 >> 32 || ((regs->cr0 & CR0_PG) && !(regs->cr0 & CR0_PE)))
		return ERR(-EINVAL);
	if (regs->ia32_efer & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return ERR(-EINVAL);
	vcpu->arch->start = *regs;
	vcpu->arch->start_given = true;
	return 0;
}
