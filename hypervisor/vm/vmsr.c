/* SPDX-License-Identifier: BSD-3-Clause */
/* MSR policy (SDM vol 4; vol 3, 24.6.9 bitmaps, 30.5 virtual x2APIC). */
#include "vm/vmsr.h"

#include "cpu/features.h"
#include "cpu/tsc.h"
#include "log/log.h"
#include "lib/util.h"
#include "vm/hyperv.h"
#include "vm/lapic_pt.h"
#include "vm/steal.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "vm/vmicrocode.h"
#include "x86/apicreg.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

struct msr_rule {
	uint32_t first, last;
	bool pass_read, pass_write;	/* no exit */
	int (*read)(struct vcpu *vcpu, uint32_t msr, uint64_t *value);	/* NULL: #GP */
	int (*write)(struct vcpu *vcpu, uint32_t msr, uint64_t value);
};

static int read_zero(struct vcpu *vcpu __unused, uint32_t msr __unused, uint64_t *v)
{
	*v = 0;
	return 0;
}

static int write_zero_only(struct vcpu *vcpu __unused, uint32_t msr __unused, uint64_t v)
{
	return v != 0;
}

static int write_ignore(struct vcpu *vcpu __unused, uint32_t msr __unused, uint64_t v __unused)
{
	return 0;
}

static int write_tsc(struct vcpu *vcpu, uint32_t msr __unused, uint64_t v)
{
	uint64_t old = vcpu->tsc_offset;

	vcpu->tsc_offset = v - vtsc_from_host(&vcpu->vm->tsc, tsc_now());
	vmwrite(VMCS_TSC_OFFSET, vcpu->tsc_offset);
	vlapic_tsc_changed(vcpu);
	lapic_pt_tsc_changed(vcpu, old);
	hyperv_tsc_changed(vcpu);
	return 0;
}

static int read_deadline(struct vcpu *vcpu, uint32_t msr, uint64_t *v)
{
	if (!vcpu->lapic_pt)
		return vlapic_msr_read(vcpu, msr, v);
	*v = lapic_pt_read_deadline(vcpu);
	return 0;
}

static int write_deadline(struct vcpu *vcpu, uint32_t msr, uint64_t v)
{
	if (!vcpu->lapic_pt)
		return vlapic_msr_write(vcpu, msr, v);
	lapic_pt_write_deadline(vcpu, v);
	return 0;
}

static int write_apic_base(struct vcpu *vcpu, uint32_t msr, uint64_t v)
{
	int fault = vlapic_msr_write(vcpu, msr, v);

	if (!fault)
		vmsr_apic_mode(vcpu);
	return fault;
}

/* A passthrough guest's ICR, id and LDR are the trapped ones; it sees its virtual id. */
static int write_x2apic(struct vcpu *vcpu, uint32_t msr, uint64_t v)
{
	if (vcpu->lapic_pt && msr == MSR_X2APIC_ICR)
		return lapic_pt_icr(vcpu, v);
	return vlapic_msr_write(vcpu, msr, v);
}

static int read_efer(struct vcpu *vcpu, uint32_t msr __unused, uint64_t *v)
{
	*v = vcpu_efer(vcpu);
	return 0;
}

static int write_efer(struct vcpu *vcpu, uint32_t msr __unused, uint64_t v)
{
	return vcpu_write_efer(vcpu, v);
}

static int read_pat(struct vcpu *vcpu __unused, uint32_t msr __unused, uint64_t *v)
{
	*v = vmread(VMCS_GUEST_PAT);
	return 0;
}

static bool pat_type_is_valid(uint64_t t)
{
	return t == 0 || t == 1 || (t >= 4 && t <= 7);
}

static int write_pat(struct vcpu *vcpu __unused, uint32_t msr __unused, uint64_t v)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		if (!pat_type_is_valid(v >> 8 * i & 0xff))
			return 1;
	vmwrite(VMCS_GUEST_PAT, v);
	return 0;
}

#define MISC_FAST_STRING	(1ul << 0)
#define MISC_NO_BTS		(1ul << 11)
#define MISC_NO_PEBS		(1ul << 12)

static int read_misc_enable(struct vcpu *vcpu __unused, uint32_t msr __unused, uint64_t *v)
{
	*v = MISC_FAST_STRING | MISC_NO_BTS | MISC_NO_PEBS;
	return 0;
}

static bool mtrrs_hidden(const struct vcpu *vcpu)
{
	return vcpu->vm->flags & SCENARIO_FLAG_HIDE_MTRR;
}

static int read_mtrr(struct vcpu *vcpu, uint32_t msr, uint64_t *v)
{
	return mtrrs_hidden(vcpu) || mtrr_read(&vcpu->arch->mtrr, msr, v);
}

static int write_mtrr(struct vcpu *vcpu, uint32_t msr, uint64_t v)
{
	if (mtrrs_hidden(vcpu) || mtrr_write(&vcpu->arch->mtrr, msr, v, vcpu_address_mask()))
		return 1;
	if (!vcpu->vcpu_id)
		vcpu_memtypes_changed(vcpu);
	return 0;
}

static int read_debugctl(struct vcpu *vcpu __unused, uint32_t msr __unused, uint64_t *v)
{
	*v = vmread(VMCS_GUEST_DEBUGCTL);
	return 0;
}

/* Branch records are not saved per VM: only single-step-on-branches may be set. */
static int write_debugctl(struct vcpu *vcpu __unused, uint32_t msr __unused, uint64_t v)
{
	if (v & ~DEBUGCTL_BTF)
		return 1;
	vmwrite(VMCS_GUEST_DEBUGCTL, v);
	return 0;
}

/* No supervisor state is offered (doc/feature/cpu-policy.md says why, for each): the register is 0 in every CPU, and only that fits. */
static int read_xss(struct vcpu *vcpu __unused, uint32_t msr __unused, uint64_t *v)
{
	*v = 0;
	return !feature_has(FEAT_XSAVES);
}

static int write_xss(struct vcpu *vcpu __unused, uint32_t msr __unused, uint64_t v)
{
	return !feature_has(FEAT_XSAVES) || v;
}

/* Sorted by number: vmsr_read/write search it by halves; arch->msr_rule counts to 255. */
static const struct msr_rule rules[] = {
	{ MSR_TSC, MSR_TSC, true, false, NULL, write_tsc },
	{ MSR_PLATFORM_ID, MSR_PLATFORM_ID, false, false, read_zero, NULL },
	{ MSR_APIC_BASE, MSR_APIC_BASE, false, false, vlapic_msr_read, write_apic_base },
	{ MSR_BIOS_UPDT_TRIG, MSR_BIOS_UPDT_TRIG, false, false, NULL, vmicrocode_update },
	{ MSR_BIOS_SIGN_ID, MSR_BIOS_SIGN_ID, false, false, vmicrocode_revision, write_ignore },
	{ MSR_MTRR_CAP, MSR_MTRR_CAP, false, false, read_mtrr, NULL },
	{ MSR_SYSENTER_CS, MSR_SYSENTER_EIP, true, true, NULL, NULL },
	{ MSR_MCG_CAP, MSR_MCG_CAP, false, false, read_zero, NULL },
	{ MSR_MCG_STATUS, MSR_MCG_STATUS, false, false, read_zero, write_zero_only },
	{ MSR_MISC_ENABLE, MSR_MISC_ENABLE, false, false, read_misc_enable, write_ignore },
	{ MSR_DEBUGCTL, MSR_DEBUGCTL, false, false, read_debugctl, write_debugctl },
	{ MSR_MTRR_PHYS_BASE(0), MSR_MTRR_PHYS_MASK(7), false, false, read_mtrr, write_mtrr },
	{ MSR_MTRR_FIX64K_00000, MSR_MTRR_FIX4K_F8000, false, false, read_mtrr, write_mtrr },
	{ MSR_PAT, MSR_PAT, false, false, read_pat, write_pat },
	{ MSR_MTRR_DEF_TYPE, MSR_MTRR_DEF_TYPE, false, false, read_mtrr, write_mtrr },
	{ MSR_TSC_DEADLINE, MSR_TSC_DEADLINE, false, false, read_deadline, write_deadline },
	{ X2APIC_MSR_FIRST, X2APIC_MSR_LAST, false, false, vlapic_msr_read, write_x2apic },
	{ MSR_XSS, MSR_XSS, false, false, read_xss, write_xss },
	{ HYPERV_MSR_FIRST, HYPERV_MSR_LAST, false, false, hyperv_read, hyperv_write },
	{ MSR_KVM_STEAL_TIME, MSR_KVM_STEAL_TIME, false, false, steal_read, steal_write },
	{ MSR_EFER, MSR_EFER, false, false, read_efer, write_efer },
	{ MSR_STAR, MSR_SFMASK, true, false, NULL, vcpu_write_switched },
	{ MSR_FS_BASE, MSR_KERNEL_GS_BASE, true, true, NULL, NULL },
	{ MSR_TSC_AUX, MSR_TSC_AUX, true, false, NULL, vcpu_write_switched },
};

_Static_assert(ARRAY_SIZE(rules) <= 256, "arch->msr_rule");

static __attribute__((noinline)) const struct msr_rule *search(struct vcpu_arch *a, uint32_t msr)
{
	unsigned int lo = 0, hi = ARRAY_SIZE(rules);

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (msr > rules[mid].last)
			lo = mid + 1;
		else if (msr < rules[mid].first)
			hi = mid;
		else
			return &rules[a->msr_rule = (uint8_t)mid];
	}
	return NULL;
}

/* A guest uses few of them, and one again and again: its timer's. */
static inline const struct msr_rule *find(struct vcpu *vcpu, uint32_t msr)
{
	const struct msr_rule *last = &rules[vcpu->arch->msr_rule];

	return likely(msr - last->first <= last->last - last->first) ? last : search(vcpu->arch, msr);
}

void vmsr_open(struct vcpu *vcpu)
{
	unsigned int i;
	uint32_t msr;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!rules[i].pass_read && !rules[i].pass_write)
			continue;
		for (msr = rules[i].first; msr <= rules[i].last; msr++)
			vcpu_msr_intercept(vcpu, msr, !rules[i].pass_read, !rules[i].pass_write);
	}
}

int vmsr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	const struct msr_rule *r = find(vcpu, msr);

	if (!r || !r->read)
		return 1;
	return r->read(vcpu, msr, value);
}

int vmsr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	const struct msr_rule *r = find(vcpu, msr);

	if (!r || !r->write)
		return 1;
	return r->write(vcpu, msr, value);
}

/* Registers the CPU answers from the virtual-APIC page, and writes it completes itself (30.5). */
static void virtualise_x2apic(struct vcpu *vcpu, bool on)
{
	uint32_t msr;

	for (msr = MSR_X2APIC_ID; msr <= MSR_X2APIC_SELF_IPI; msr++) {
		bool read = on && vlapic_x2apic_has(msr) && msr != MSR_X2APIC_TMCCT && msr != MSR_X2APIC_ICR;
		bool write = on && (msr == MSR_X2APIC_TPR || msr == MSR_X2APIC_EOI || msr == MSR_X2APIC_SELF_IPI);

		vcpu_msr_intercept(vcpu, msr, !read, !write);
	}
	vmcs_change_proc2(vcpu->vmx, on ? PROC2_X2APIC : 0, on ? 0 : PROC2_X2APIC);
}

void vmsr_apic_mode(struct vcpu *vcpu)
{
	bool x2 = vlapic_is_x2apic(vcpu);

	if (vcpu->vm->lapic_pt) {
		if (x2)
			lapic_pt_enable(vcpu);
		else
			lapic_pt_disable(vcpu);
		return;
	}
	if (vcpu->vlapic->hw_vid)
		virtualise_x2apic(vcpu, x2);
}
