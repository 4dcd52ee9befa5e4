/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CPUID policy (SDM vol 2, CPUID). A leaf with no row reads as zero. A row says
 * which bits of the machine's answer may be seen; `fix` then writes what
 * depends on the VM. Hidden on purpose: VMX, SMX, MONITOR/MWAIT, debug store,
 * performance counters, thermal and power control, MPX, SGX, PT, RDT, CET,
 * WAITPKG, LA57, AMX: nothing of them is saved per VM.
 */
#include "vm/vcpuid.h"

#include "cpu/features.h"
#include "lib/bits.h"
#include "public/hypercall.h"
#include "vm/hyperv.h"
#include "vm/steal.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "x86/cpuid.h"
#include "x86/cr.h"

#define MAX_BASIC	0x16u
#define MAX_EXTENDED	0x80000008u
#define KVM_BASE	0x40000100u
/* "KVMKVMKVM" in EBX, ECX, EDX of that leaf. */
#define KVM_SIGNATURE_EBX	0x4b4d564bu
#define KVM_SIGNATURE_ECX	0x564b4d56u
#define KVM_SIGNATURE_EDX	0x4du
#define ALL		0xffffffffu

#define L1_ECX_AVX		(1u << 12 | 1u << 28 | 1u << 29)	/* FMA, AVX, F16C */
#define L1_ECX_X2APIC		(1u << 21)
#define L1_ECX_TSC_DEADLINE	(1u << 24)
#define L1_ECX_XSAVE		(1u << 26)
#define L1_ECX_OSXSAVE		(1u << 27)
#define L1_ECX_HYPERVISOR	(1u << 31)
#define L1_EDX_MTRR		(1u << 12)
#define L1_EDX_HTT		(1u << 28)
#define L7_EBX_AVX		(1u << 5 | 1u << 16 | 1u << 17 | 1u << 21 | 1u << 28 | 1u << 30 | 1u << 31)	/* AVX2, AVX-512 */
#define L7_ECX_AVX		(1u << 1 | 1u << 6 | 1u << 9 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 14)
#define X1_EDX_NX		(1u << 20)

struct rule {
	uint32_t eax, ebx, ecx, edx;	/* bits kept of the host's answer */
	void (*fix)(struct vcpu *vcpu, uint32_t subleaf, struct cpuid_regs *r);
};

static unsigned int ceil_log2(uint32_t n)
{
	return n <= 1 ? 0 : bit_highest(n - 1) + 1;
}

static void fix_max_basic(struct vcpu *vcpu __unused, uint32_t sub __unused, struct cpuid_regs *r)
{
	r->eax = MAX_BASIC;
}

static void fix_features(struct vcpu *vcpu, uint32_t sub __unused, struct cpuid_regs *r)
{
	const struct vm *vm = vcpu->vm;
	uint32_t nr = 1u << ceil_log2(vm->nr_vcpus);

	r->ebx = (r->ebx & 0xffffu) | nr << 16 | vcpu->vapic_id << 24;
	r->ecx |= L1_ECX_HYPERVISOR | L1_ECX_TSC_DEADLINE | L1_ECX_X2APIC;
	/* With LAPIC passthrough the timer is the machine's. */
	if (vm->lapic_pt && !feature_has(FEAT_TSC_DEADLINE))
		r->ecx &= ~L1_ECX_TSC_DEADLINE;
	if (vm->options & SCENARIO_OPT_NO_X2APIC)
		r->ecx &= ~L1_ECX_X2APIC;
	if (vcpu_cr4(vcpu) & CR4_OSXSAVE)
		r->ecx |= L1_ECX_OSXSAVE;
	if (!feature_has(FEAT_XSAVE))
		r->ecx &= ~(L1_ECX_XSAVE | L1_ECX_AVX);
	if (vm->flags & SCENARIO_FLAG_HIDE_MTRR)
		r->edx &= ~L1_EDX_MTRR;
	r->edx = vm->nr_vcpus > 1 ? r->edx | L1_EDX_HTT : r->edx & ~L1_EDX_HTT;
}

/* One package, one thread a core; a cache of level 3 is everybody's, lower ones private. */
static void fix_caches(struct vcpu *vcpu, uint32_t sub __unused, struct cpuid_regs *r)
{
	uint32_t cores = (1u << ceil_log2(vcpu->vm->nr_vcpus)) - 1;
	uint32_t level = r->eax >> 5 & 7;

	if (!(r->eax & 0x1f))
		return;
	r->eax = (r->eax & 0x3fffu) | (level == 3 ? cores << 14 : 0) | cores << 26;
}

static void fix_arat(struct vcpu *vcpu __unused, uint32_t sub __unused, struct cpuid_regs *r)
{
	r->eax = 1u << 2;	/* the APIC timer never stops */
}

static void fix_structured(struct vcpu *vcpu __unused, uint32_t sub, struct cpuid_regs *r)
{
	if (sub)
		*r = (struct cpuid_regs){ 0 };
	r->eax = 0;
	if (!feature_has(FEAT_XSAVE)) {
		r->ebx &= ~L7_EBX_AVX;
		r->ecx &= ~L7_ECX_AVX;
	}
	if (!feature_has(FEAT_ERMS)) {
		r->ebx &= ~CPUID_7_EBX_ERMS;
		r->edx &= ~CPUID_7_EDX_FSRM;
	}
}

static void fix_topology(struct vcpu *vcpu, uint32_t sub, struct cpuid_regs *r)
{
	uint32_t nr = vcpu->vm->nr_vcpus, shift = 0;
	uint16_t i;

	for (i = 0; i < nr; i++)
		shift = shift < ceil_log2(vcpu->vm->vcpus[i]->vapic_id + 1) ?
			ceil_log2(vcpu->vm->vcpus[i]->vapic_id + 1) : shift;
	*r = (struct cpuid_regs){ .ecx = sub & 0xff, .edx = vcpu->vapic_id };
	if (sub == 0) {
		r->ebx = 1;
		r->ecx |= 1u << 8;	/* thread level */
	} else if (sub == 1) {
		r->eax = shift;
		r->ebx = nr;
		r->ecx |= 2u << 8;	/* core level */
	}
}

static void fix_xsave(struct vcpu *vcpu __unused, uint32_t sub, struct cpuid_regs *r)
{
	if (!feature_has(FEAT_XSAVE)) {
		*r = (struct cpuid_regs){ 0 };
	} else if (sub == 0) {
		/* EBX follows XCR0, which holds the guest's value now. */
		r->eax &= (uint32_t)guest_xcr0_mask;
		r->edx = 0;
	} else if (sub == 1) {
		r->eax &= feature_has(FEAT_XSAVES) ? 0xfu : 0x7u;
		r->ebx = feature_has(FEAT_XSAVES) ? r->ebx : 0;
		r->ecx = 0;
		r->edx = 0;
	} else if (sub > 63 || !(guest_xcr0_mask & 1ul << sub)) {
		*r = (struct cpuid_regs){ 0 };
	}
}

/* The TSC as a multiple of a crystal that is the virtual APIC timer's clock: guests need not calibrate. */
static void fix_tsc(struct vcpu *vcpu, uint32_t sub __unused, struct cpuid_regs *r)
{
	uint64_t hz = vlapic_timer_hz(vcpu);
	uint32_t shift = 0;

	while (hz >> shift > ALL)
		shift++;
	*r = (struct cpuid_regs){ .eax = 1, .ebx = 1u << shift, .ecx = (uint32_t)(hz >> shift) };
}

static void fix_mhz(struct vcpu *vcpu, uint32_t sub __unused, struct cpuid_regs *r)
{
	uint32_t mhz = (uint32_t)(vtsc_khz(&vcpu->vm->tsc) / 1000) & 0xffff;

	*r = (struct cpuid_regs){ .eax = mhz, .ebx = mhz };
}

static const struct rule basic[MAX_BASIC + 1] = {
	[0x0] = { 0, ALL, ALL, ALL, fix_max_basic },
	/* ECX without 2-8, 11, 14, 15, 18, 21, 24, 27, 31; EDX without 18, 21, 22, 29, 31 */
	[0x1] = { 0x0fff3fffu, 0x0000ff00u, 0x76da3203u, 0x1f8bfbffu, fix_features },
	[0x2] = { ALL, ALL, ALL, ALL, NULL },
	[0x4] = { ALL, ALL, ALL, ALL, fix_caches },
	[0x6] = { 0, 0, 0, 0, fix_arat },
	/* EBX: FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS INVPCID AVX512* RDSEED ADX SMAP CLFLUSHOPT CLWB SHA */
	[0x7] = { 0, 0xf1bf07a9u, 0x00405f4eu, 0x00000010u, fix_structured },
	[0xb] = { 0, 0, 0, 0, fix_topology },
	[0xd] = { ALL, ALL, ALL, ALL, fix_xsave },
	[0x15] = { 0, 0, 0, 0, fix_tsc },
	[0x16] = { 0, 0, 0, 0, fix_mhz },
};

static void fix_max_extended(struct vcpu *vcpu __unused, uint32_t sub __unused, struct cpuid_regs *r)
{
	r->eax = MAX_EXTENDED;
}

static void fix_extended(struct vcpu *vcpu __unused, uint32_t sub __unused, struct cpuid_regs *r)
{
	if (!feature_has(FEAT_NX))
		r->edx &= ~X1_EDX_NX;
}

static void fix_invariant_tsc(struct vcpu *vcpu __unused, uint32_t sub __unused, struct cpuid_regs *r)
{
	r->edx = feature_has(FEAT_INVARIANT_TSC) ? 1u << 8 : 0;
}

static const struct rule extended[] = {
	[0] = { 0, ALL, ALL, ALL, fix_max_extended },
	[1] = { ALL, 0, 0x00000121u, 0x2c100800u, fix_extended },
	[2] = { ALL, ALL, ALL, ALL, NULL },
	[3] = { ALL, ALL, ALL, ALL, NULL },
	[4] = { ALL, ALL, ALL, ALL, NULL },
	[5] = { ALL, ALL, ALL, ALL, NULL },
	[6] = { ALL, ALL, ALL, ALL, NULL },
	[7] = { 0, 0, 0, 0, fix_invariant_tsc },
	[8] = { 0x0000ffffu, 0, 0, 0, NULL },
};

/* Leaves of ours and, if the scenario says so, the minimal KVM pair (doc/abi.md). */
static struct cpuid_regs hypervisor_leaf(const struct vm *vm, uint32_t leaf)
{
	bool service = vm_is_service(vm);

	if (leaf - HV_CPUID_FEATURES < 6 && hyperv_is_shown(vm))
		return hyperv_cpuid(vm, leaf);
	switch (leaf) {
	case HV_CPUID_BASE:
		return (struct cpuid_regs){ HV_CPUID_MAX, HV_CPUID_SIGNATURE, HV_CPUID_SIGNATURE, HV_CPUID_SIGNATURE };
	case HV_CPUID_FEATURES:
		return (struct cpuid_regs){ .eax = service ? HV_FEATURE_PRIVILEGED : 0 };
	case HV_CPUID_EXTENSIONS:
		return (struct cpuid_regs){ .eax = service ? HV_EXT_HSM_FUNCTION | HV_EXT_Q_HYPERCALLS | HV_EXT_Q_STATS : 0 };
	case HV_CPUID_TIMING:
		return (struct cpuid_regs){ .eax = (uint32_t)vtsc_khz(&vm->tsc) };
	case KVM_BASE:
		if (steal_is_shown(vm))
			return (struct cpuid_regs){ KVM_BASE + 1, KVM_SIGNATURE_EBX, KVM_SIGNATURE_ECX, KVM_SIGNATURE_EDX };
		break;
	case KVM_BASE + 1:
		if (steal_is_shown(vm))
			return (struct cpuid_regs){ .eax = KVM_FEATURE_STEAL_TIME };
		break;
	default:
		break;
	}
	return (struct cpuid_regs){ 0 };
}

static const struct rule *find(uint32_t leaf)
{
	if (leaf < ARRAY_SIZE(basic))
		return &basic[leaf];
	if (leaf >= 0x80000000u && leaf - 0x80000000u < ARRAY_SIZE(extended))
		return &extended[leaf - 0x80000000u];
	return NULL;
}

struct cpuid_regs vcpuid_get(struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf)
{
	const struct rule *rule = find(leaf);
	struct cpuid_regs r = { 0 };

	if (leaf >> 8 == HV_CPUID_BASE >> 8 || leaf >> 8 == KVM_BASE >> 8)
		return hypervisor_leaf(vcpu->vm, leaf);
	if (!rule)
		return r;
	/* Beyond its highest leaf a CPU answers with that one's values. Leaves 0 to 4 are in every CPU with VMX. */
	if ((rule->eax | rule->ebx | rule->ecx | rule->edx) && (leaf <= 4 || cpuid(leaf & 0x80000000u, 0).eax >= leaf))
		r = cpuid(leaf, subleaf);
	r.eax &= rule->eax;
	r.ebx &= rule->ebx;
	r.ecx &= rule->ecx;
	r.edx &= rule->edx;
	if (rule->fix)
		rule->fix(vcpu, subleaf, &r);
	return r;
}
