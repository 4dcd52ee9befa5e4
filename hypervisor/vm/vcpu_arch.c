/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting state of a vCPU and the state switched between vCPUs that share a CPU. */
#include "vm/vcpu_arch.h"

#include "cpu/features.h"
#include "cpu/percpu.h"
#include "cpu/tsc.h"
#include "irq/lapic.h"
#include "irq/vector.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/console.h"
#include "log/log.h"
#include "mm/frame.h"
#include "vm/split_lock.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "vm/vmsr.h"
#include "vmx/caps.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

/*
 * Guest MSRs that live in the CPU while the vCPU runs: the hypervisor uses none of them. All but the first change by WRMSR only,
 * which exits, so what they hold is known.
 */
static const uint32_t switched[NR_SWITCHED_MSRS] = {
	MSR_KERNEL_GS_BASE, MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK, MSR_TSC_AUX
};

enum seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, NR_SEGS };

static void write_seg(enum seg s, uint16_t sel, uint64_t base, uint32_t limit, uint32_t ar)
{
	vmwrite(VMCS_GUEST_ES + 2u * s, sel);
	vmwrite(VMCS_GUEST_ES_BASE + 2u * s, base);
	vmwrite(VMCS_GUEST_ES_LIMIT + 2u * s, limit);
	vmwrite(VMCS_GUEST_ES_AR + 2u * s, ar);
}

#define HW_VID		(PROC2_VID | PROC2_APIC_REG_VIRT)
#define AR_REAL_CODE	0x9bu	/* present, code, accessed */
#define AR_REAL_DATA	0x93u
#define AR_FLAT_DATA	0xc093u
#define AR_LDT		0x82u
#define GUARD_US	500u	/* a 16550 takes 16 characters in 1.4 ms */
#define AR_TSS_BUSY	0x8bu

/* Fields every start has in common (SDM vol 3, table 9-1). */
static void start_common(struct vcpu *vcpu)
{
	vmwrite(VMCS_GUEST_DR7, 0x400);
	vmwrite(VMCS_GUEST_DEBUGCTL, 0);
	vmwrite(VMCS_GUEST_PAT, 0x0007040600070406ul);
	vmwrite(VMCS_GUEST_SYSENTER_CS, 0);
	vmwrite(VMCS_GUEST_SYSENTER_ESP, 0);
	vmwrite(VMCS_GUEST_SYSENTER_EIP, 0);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vmwrite(VMCS_GUEST_ACTIVITY, ACTIVITY_ACTIVE);
	vmwrite(VMCS_ENTRY_INTR_INFO, 0);
	vmwrite(VMCS_TSC_OFFSET, vcpu->tsc_offset);
	vcpu->inject.info = 0;
	vcpu->nmi_pending = false;
}

static void start_real(uint16_t cs, uint64_t cs_base, uint64_t rip)
{
	unsigned int s;

	for (s = SEG_ES; s <= SEG_GS; s++)
		write_seg(s, 0, 0, 0xffff, AR_REAL_DATA);
	write_seg(SEG_CS, cs, cs_base, 0xffff, AR_REAL_CODE);
	write_seg(SEG_LDTR, 0, 0, 0xffff, AR_LDT);
	write_seg(SEG_TR, 0, 0, 0xffff, AR_TSS_BUSY);
	vmwrite(VMCS_GUEST_GDTR_BASE, 0);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, 0xffff);
	vmwrite(VMCS_GUEST_IDTR_BASE, 0);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, 0xffff);
	vmwrite(VMCS_GUEST_RIP, rip);
	vmwrite(VMCS_GUEST_RSP, 0);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	vmwrite(VMCS_GUEST_CR3, 0);
}

static int start_regs(struct vcpu *vcpu, const struct acrn_regs *r)
{
	bool prot = r->cr0 & CR0_PE;
	const uint16_t sel[] = { r->es_sel, 0, r->ss_sel, r->ds_sel, r->fs_sel, r->gs_sel };
	unsigned int s;

	memcpy(vcpu->gpr, &r->gprs, sizeof(vcpu->gpr));
	for (s = SEG_ES; s <= SEG_GS; s++)
		if (s != SEG_CS)
			write_seg(s, sel[s], prot ? 0 : (uint64_t)sel[s] << 4, prot ? 0xffffffffu : 0xffffu,
				  prot ? AR_FLAT_DATA : AR_REAL_DATA);
	write_seg(SEG_CS, r->cs_sel, r->cs_base, r->cs_limit, r->cs_ar);
	write_seg(SEG_LDTR, r->ldt_sel, 0, 0xffff, AR_LDT);
	write_seg(SEG_TR, r->tr_sel, 0, 0xffff, AR_TSS_BUSY);
	vmwrite(VMCS_GUEST_GDTR_BASE, r->gdt.base);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, r->gdt.limit);
	vmwrite(VMCS_GUEST_IDTR_BASE, r->idt.base);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, r->idt.limit);
	vmwrite(VMCS_GUEST_RIP, r->rip);
	vmwrite(VMCS_GUEST_RSP, r->gprs.rsp);
	vmwrite(VMCS_GUEST_RFLAGS, r->rflags | RFLAGS_FIXED);
	vmwrite(VMCS_GUEST_CR3, r->cr3);
	if (vcpu_write_cr4(vcpu, r->cr4) || vcpu_write_efer(vcpu, r->ia32_efer & ~EFER_LMA) ||
	    vcpu_write_cr0(vcpu, r->cr0))
		return ERR(-EINVAL);
	return 0;
}

static uint32_t wanted_proc2(const struct vm *vm)
{
	uint32_t v = PROC2_EPT | PROC2_VPID | PROC2_UNRESTRICTED | PROC2_RDTSCP | PROC2_INVPCID |
		     PROC2_XSAVES | PROC2_WBINVD | PROC2_PLE;

	if (!vm->lapic_pt)
		v |= HW_VID;
	if (vm->tsc.to_guest)
		v |= PROC2_TSC_SCALING;
	return v;
}

/* Exits we want for every guest; LAPIC passthrough drops some later (vm/lapic_pt.c). */
static int setup_vmcs(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	struct vcpu_arch *a = vcpu->arch;
	const struct vmcs_setup s = {
		.pin = PIN_EXTINT | PIN_NMI | PIN_VIRTUAL_NMI | (vm->lapic_pt ? 0 : PIN_POSTED_INTR),
		.proc = PROC_HLT | PROC_MWAIT | PROC_MONITOR | PROC_RDPMC | PROC_TPR_SHADOW | PROC_IO_BITMAPS |
			PROC_MSR_BITMAPS | PROC_SECONDARY | PROC_TSC_OFFSET | PROC_MOV_DR,
		.proc2 = wanted_proc2(vm),
		.exit = EXIT_HOST_64 | EXIT_ACK_INTR | EXIT_SAVE_PAT | EXIT_LOAD_PAT | EXIT_SAVE_EFER |
			EXIT_LOAD_EFER | EXIT_SAVE_DEBUG,
		.entry = ENTRY_LOAD_PAT | ENTRY_LOAD_EFER | ENTRY_LOAD_DEBUG,
		.exceptions = 1u << VEC_MC | split_lock_exceptions(),
		.eptp = vm->eptp,
		.vpid = (uint16_t)(vm->vpid_base + vcpu->vcpu_id),
		.msr_bitmap = hva_to_hpa(a->msr_bitmap),
		.io_bitmaps = hva_to_hpa(vm->io_bitmaps),
		.virt_apic = hva_to_hpa(vcpu->vlapic->page),
		.posted_desc = hva_to_hpa(&vcpu->vlapic->posted),
		.posted_vector = VEC_POSTED,
		.cr0_mask = ~CR0_GUEST_OWNED,
		.cr4_mask = ~guest_cr4_mask | CR4_PAE | CR4_PCIDE | CR4_MCE,
		.xss_exits = ~0ul,
		.tsc_multiplier = vm->tsc.to_guest,
	};
	int err;

	err = vmcs_setup(&a->vmcs, &s);
	a->dr_loaded = !(a->vmcs.proc & PROC_MOV_DR);
	/* Delivery by hardware needs the register page too; one without the other is of no use here. */
	vcpu->vlapic->hw_vid = (a->vmcs.proc2 & HW_VID) == HW_VID;
	if (!vcpu->vlapic->hw_vid) {
		vmcs_change_proc2(&a->vmcs, 0, HW_VID);
		vmcs_change_pin(&a->vmcs, 0, PIN_POSTED_INTR);
	}
	vcpu->vlapic->posting = a->vmcs.pin & PIN_POSTED_INTR;
	if (!err && !(a->vmcs.proc & PROC_TPR_SHADOW))
		vmcs_change_proc(&a->vmcs, PROC_CR8_LOAD | PROC_CR8_STORE, 0);
	vcpu_preempt_timer(vcpu, true);
	return err;
}

/*
 * Bochs 2.7 gives a guest that is entered with IF clear no interrupt, not even as an exit, before it changes IF: without another
 * exit nobody could stop it (doc/testing.md). In the preemption timer's units, which each exit saves: time in the guest; 0: no guard.
 */
static uint32_t guard_count(void)
{
	if (!console_is_bochs() || !feature_has(FEAT_PREEMPT_TIMER))
		return 0;
	return (uint32_t)(tsc_from_us(GUARD_US) >> vmx_caps.preempt_shift);
}

void vcpu_preempt_timer(struct vcpu *vcpu, bool on)
{
	bool clock = on && !lapic_has_timer();
	uint32_t guard = on && !clock ? guard_count() : 0;

	on = clock || guard;
	vmcs_change_pin(vcpu->vmx, on ? PIN_PREEMPT_TIMER : 0, on ? 0 : PIN_PREEMPT_TIMER);
	vmcs_change_exit(vcpu->vmx, guard ? EXIT_SAVE_PREEMPT : 0, guard ? 0 : EXIT_SAVE_PREEMPT);
	vcpu->entry_timer = clock;
	if (guard)
		vmwrite(VMCS_PREEMPT_TIMER, guard);
}

int vcpu_arch_start(struct vcpu *vcpu)
{
	struct vcpu_arch *a = vcpu->arch;
	int err;

	memset(vcpu->gpr, 0, sizeof(vcpu->gpr));
	memset(a->msr_bitmap, 0xff, PAGE_SIZE);
	vmsr_open(vcpu);
	err = setup_vmcs(vcpu);
	if (err)
		return err;
	start_common(vcpu);
	a->efer = 0;
	vmwrite(VMCS_CR4_SHADOW, 0);
	vmwrite(VMCS_CR0_SHADOW, 0);
	if (vcpu_write_cr4(vcpu, 0) || vcpu_write_cr0(vcpu, CR0_ET) || vcpu_write_efer(vcpu, 0))
		return ERR(-EINVAL);
	if (a->start_given)
		err = start_regs(vcpu, &a->start);
	else
		start_real(0xf000, 0xffff0000u, 0xfff0);
	vcpu->gpr[GPR_RDX] = a->start_given ? vcpu->gpr[GPR_RDX] : 0x600;
	/* A VM that is gone may have had this EPT root and VPID: what this CPU keeps of it is not ours (28.4.3.3). */
	invept(INVEPT_CONTEXT, vcpu->vm->eptp);
	invvpid(INVVPID_CONTEXT, (uint16_t)(vcpu->vm->vpid_base + vcpu->vcpu_id));
	a->live = true;
	if (!vcpu->vcpu_id)
		hyperv_reset(vcpu->vm);
	vcpu_memtypes_changed(vcpu);
	return err;
}

void vcpu_arch_sipi(struct vcpu *vcpu, uint8_t vector)
{
	memset(vcpu->gpr, 0, sizeof(vcpu->gpr));
	start_common(vcpu);
	vcpu->arch->efer = 0;
	/* CR4 first: with PCIDs on, paging could not go off. */
	if (vcpu_write_cr4(vcpu, 0) || vcpu_write_cr0(vcpu, CR0_ET) || vcpu_write_efer(vcpu, 0)) {
		vm_crash(vcpu->vm, "vCPU %u: control registers of the start-up state refused", vcpu->vcpu_id);
		return;
	}
	start_real((uint16_t)(vector << 8), (uint64_t)vector << 12, 0);
	vcpu->gpr[GPR_RDX] = 0x600;
}

/*
 * DR0 - DR3 are in the CPU from the guest's first MOV DR until another vCPU takes it, or longer if DR7 enables one: then they act
 * without being touched. Else they are 0 there, and a MOV DR exits.
 */
void vcpu_load_dr(struct vcpu *vcpu)
{
	struct vcpu_arch *a = vcpu->arch;

	write_dr0(a->dr[0]);
	write_dr1(a->dr[1]);
	write_dr2(a->dr[2]);
	write_dr3(a->dr[3]);
	vmcs_change_proc(&a->vmcs, 0, PROC_MOV_DR);
	a->dr_loaded = true;
}

static __attribute__((noinline)) void save_dr(struct vcpu_arch *a)
{
	a->dr[0] = read_dr0();
	a->dr[1] = read_dr1();
	a->dr[2] = read_dr2();
	a->dr[3] = read_dr3();
	write_dr0(0);
	write_dr1(0);
	write_dr2(0);
	write_dr3(0);
	if (vmread(VMCS_GUEST_DR7) & DR7_ENABLES)
		return;
	vmcs_change_proc(&a->vmcs, PROC_MOV_DR, 0);
	a->dr_loaded = !(a->vmcs.proc & PROC_MOV_DR);
}

static void save(struct vcpu *vcpu)
{
	struct vcpu_arch *a = vcpu->arch;

	if (likely(guest_xcr0_mask)) {
		if (a->xcr0 != guest_xcr0_mask)
			xsetbv(0, guest_xcr0_mask);
		xsave(a->fpu, guest_xcr0_mask);
	} else {
		fxsave(a->fpu);
	}
	a->msr[0] = rdmsr(switched[0]);
	if (unlikely(a->dr_loaded))
		save_dr(a);
	a->dr6 = read_dr6();
	a->cr2 = read_cr2();
}

/* `prev`: whose state save() has just put away, so that it is in the CPU still; NULL: nobody knows what is. */
static void restore(struct vcpu *vcpu, const struct vcpu *prev)
{
	struct vcpu_arch *a = vcpu->arch;
	const struct vcpu_arch *p = prev ? prev->arch : NULL;

	if (likely(guest_xcr0_mask)) {
		if (!p)
			xsetbv(0, guest_xcr0_mask);
		if (xrstor(a->fpu, guest_xcr0_mask))
			vm_crash(vcpu->vm, "vCPU %u: its XSAVE area was refused", vcpu->vcpu_id);
		if (a->xcr0 != guest_xcr0_mask)
			xsetbv(0, a->xcr0);
	} else {
		fxrstor(a->fpu);
	}
#pragma GCC unroll 8
	for (unsigned int i = 0; i < NR_SWITCHED_MSRS; i++)
		if (!p || p->msr[i] != a->msr[i])
			wrmsr(switched[i], a->msr[i]);
	if (unlikely(a->dr_loaded))
		vcpu_load_dr(vcpu);
	write_dr6(a->dr6);
	write_cr2(a->cr2);
	split_lock_switch(vcpu);
}

void vcpu_arch_switch(struct vcpu *vcpu)
{
	struct percpu *cpu = this_cpu();
	struct vcpu *prev = cpu->vcpu;

	if (prev == vcpu)
		return;
	if (prev)
		save(prev);
	vmcs_load(&vcpu->arch->vmcs);
	restore(vcpu, prev);
	cpu->vcpu = vcpu;
}

void vcpu_arch_leave(struct vcpu *vcpu)
{
	struct percpu *cpu = this_cpu();

	if (cpu->vcpu == vcpu) {
		save(vcpu);
		cpu->vcpu = NULL;
	}
	vmcs_unload(&vcpu->arch->vmcs);
	vcpu->arch->live = false;
}

int vcpu_write_switched(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < NR_SWITCHED_MSRS && switched[i] != msr; i++)
		;
	if (i == NR_SWITCHED_MSRS || wrmsr_safe(msr, value))
		return 1;
	vcpu->arch->msr[i] = value;
	return 0;
}

void vcpu_msr_intercept(struct vcpu *vcpu, uint32_t msr, bool rd, bool wr)
{
	uint8_t *map = vcpu->arch->msr_bitmap;
	uint32_t bit = msr & 0x1fff;

	/* 24.6.9: read low, read high, write low, write high, 1 KiB each. */
	if (msr >= 0xc0000000u)
		map += 1024;
	map[bit / 8] = (uint8_t)((map[bit / 8] & ~(1u << bit % 8)) | (uint32_t)rd << bit % 8);
	map += 2048;
	map[bit / 8] = (uint8_t)((map[bit / 8] & ~(1u << bit % 8)) | (uint32_t)wr << bit % 8);
}
