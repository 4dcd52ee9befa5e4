/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control-register policy: which bits a guest may set and what that means for
 * its VMCS (SDM vol 3, 2.5, 23.8, 26.3.1.1). The hypervisor owns every bit
 * whose change needs work; the guest reads it from the shadow.
 */
#include "cpu/features.h"
#include "irq/vector.h"
#include "lib/errno.h"
#include "log/log.h"
#include "vm/gpa.h"
#include "vm/vcpu.h"
#include "vm/vcpu_arch.h"
#include "vm/vlapic.h"
#include "vm/vm.h"
#include "vmx/caps.h"
#include "x86/cpuid.h"
#include "x86/cr.h"
#include "x86/desc.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define CR0_DEFINED (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)

uint64_t guest_xcr0_mask, guest_cr4_mask;

/* CR4 bits that are there when a CPUID bit is. */
static uint64_t cr4_of_cpuid(void)
{
	struct cpuid_regs l1 = cpuid(1, 0), l7 = cpuid(0, 0).eax >= 7 ? cpuid(7, 0) : (struct cpuid_regs){ 0 };
	const struct { uint32_t reg, bit; uint64_t cr4; } map[] = {
		{ l1.ecx, 17, CR4_PCIDE }, { l1.ecx, 26, CR4_OSXSAVE },
		{ l7.ebx, 0, CR4_FSGSBASE }, { l7.ebx, 7, CR4_SMEP }, { l7.ebx, 20, CR4_SMAP },
		{ l7.ecx, 2, CR4_UMIP }, { l7.ecx, 3, CR4_PKE },
	};
	uint64_t v = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE |
		     CR4_OSFXSR | CR4_OSXMMEXCPT;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(map); i++)
		if (map[i].reg & 1u << map[i].bit)
			v |= map[i].cr4;
	return v;
}

void vcpu_arch_init(void)
{
	if (feature_has(FEAT_POSTED_INTR))
		vector_set(VEC_POSTED, vlapic_notified, NULL);
	guest_cr4_mask = cr4_of_cpuid() & vmx_caps.cr4_may;
	if (!feature_has(FEAT_XSAVE)) {
		guest_cr4_mask &= ~CR4_OSXSAVE;
		return;
	}
	guest_xcr0_mask = cpuid(0xd, 0).eax & ~(XCR0_BNDREGS | XCR0_BNDCSR);
	/* Newer state (AMX, user interrupts) is not switched, so it is not offered. */
	guest_xcr0_mask &= XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU;
}

#define PDPTE_RESERVED	0x1e6ul
#define ADDRESS_LEAF	0x80000008u
#define ADDRESS_DEFAULT	36u	/* bits of a CPU without that leaf (SDM vol 3, 4.1.4) */

uint64_t vcpu_address_mask(void)
{
	uint32_t bits = cpuid(0x80000000u, 0).eax >= ADDRESS_LEAF ? cpuid(ADDRESS_LEAF, 0).eax & 0xff : ADDRESS_DEFAULT;

	return (1ul << bits) - 1;
}

/* PAE paging keeps its four top entries in the VMCS (26.3.1.6): all of them are loaded, or none and 1. */
static int load_pdptes(struct vcpu *vcpu)
{
	const uint64_t reserved = PDPTE_RESERVED | ~vcpu_address_mask();
	uint64_t pdpte[4];
	unsigned int i;

	if (gpa_read(vcpu->vm, gpa(vmread(VMCS_GUEST_CR3) & 0xffffffe0u), pdpte, sizeof(pdpte)))
		return 1;
	for (i = 0; i < 4; i++)
		if ((pdpte[i] & 1) && (pdpte[i] & reserved))
			return 1;
	for (i = 0; i < 4; i++)
		vmwrite(VMCS_GUEST_PDPTE0 + 2 * i, pdpte[i]);
	return 0;
}

static void flush_tlb(struct vcpu *vcpu)
{
	invvpid(INVVPID_CONTEXT, (uint16_t)(vcpu->vm->vpid_base + vcpu->vcpu_id));
}

/* EFER.LMA follows CR0.PG and EFER.LME; the entry control must agree. */
static void set_long_mode(struct vcpu *vcpu, bool on)
{
	struct vcpu_arch *a = vcpu->arch;

	a->efer = on ? a->efer | EFER_LMA : a->efer & ~EFER_LMA;
	vmwrite(VMCS_GUEST_EFER, a->efer);
	vmcs_change_entry(&a->vmcs, on ? ENTRY_GUEST_64 : 0, on ? 0 : ENTRY_GUEST_64);
}

#define TSS_BUSY_16	3u

/* Long mode needs PAE, a code segment without the L bit and a TSS that is not a 16-bit one (SDM vol 2, MOV to CR0). */
static bool may_enter_long_mode(struct vcpu *vcpu)
{
	return (vcpu_cr4(vcpu) & CR4_PAE) && !(vmread(VMCS_GUEST_CS_AR) & SEG_AR_L) &&
	       (vmread(VMCS_GUEST_TR_AR) & SEG_AR_TYPE) != TSS_BUSY_16;
}

static bool cr0_is_valid(struct vcpu *vcpu, uint64_t v)
{
	uint64_t cr4 = vcpu_cr4(vcpu);

	if (v >> 32 || ((v & CR0_PG) && !(v & CR0_PE)) || ((v & CR0_NW) && !(v & CR0_CD)))
		return false;
	if ((v & CR0_PG) && !(vcpu_cr0(vcpu) & CR0_PG) && (vcpu->arch->efer & EFER_LME) && !may_enter_long_mode(vcpu))
		return false;
	if (!(v & CR0_PG) && ((cr4 & CR4_PCIDE) || (vcpu_cpl(vcpu) == 0 && vcpu_mode_bytes(vcpu) == 8)))
		return false;
	return true;
}

void vcpu_memtypes_changed(struct vcpu *vcpu)
{
	if (mtrr_apply(vcpu, vcpu_cr0(vcpu) & CR0_CD))
		vcpu_request(vcpu, REQ_MEMTYPES);
}

int vcpu_write_cr0(struct vcpu *vcpu, uint64_t v)
{
	uint64_t old = vcpu_cr0(vcpu), cr4 = vcpu_cr4(vcpu);
	bool paging = v & CR0_PG, was = old & CR0_PG;

	if (vcpu->arch->live && !cr0_is_valid(vcpu, v))
		return 1;
	v = (v & CR0_DEFINED) | CR0_ET;
	if (paging && !was && (vcpu->arch->efer & EFER_LME))
		set_long_mode(vcpu, true);
	else if (!paging && (vcpu->arch->efer & EFER_LMA))
		set_long_mode(vcpu, false);
	if (paging && (cr4 & CR4_PAE) && !(vcpu->arch->efer & EFER_LMA) && load_pdptes(vcpu))
		return 1;
	/* The CPU's caches serve everybody and stay on: CD makes the VM's RAM uncached by EPT. */
	vmwrite(VMCS_GUEST_CR0, (v | CR0_NE) & ~(CR0_CD | CR0_NW));
	vmwrite(VMCS_CR0_SHADOW, v);
	if ((v ^ old) & (CR0_PG | CR0_WP | CR0_CD))
		flush_tlb(vcpu);
	if ((v ^ old) & CR0_CD)
		vcpu_memtypes_changed(vcpu);
	return 0;
}

int vcpu_write_cr4(struct vcpu *vcpu, uint64_t v)
{
	uint64_t old = vcpu_cr4(vcpu);
	bool lma = vcpu->arch->efer & EFER_LMA;

	if (v & ~guest_cr4_mask)
		return 1;
	if (lma && !(v & CR4_PAE))
		return 1;
	if ((v & CR4_PCIDE) && !(old & CR4_PCIDE) && (!lma || (vmread(VMCS_GUEST_CR3) & 0xfff)))
		return 1;
	if ((v & CR4_PAE) && (vcpu_cr0(vcpu) & CR0_PG) && !lma && load_pdptes(vcpu))
		return 1;
	/* Machine checks must reach the hypervisor in guest mode too, so CR4.MCE is really on. */
	vmwrite(VMCS_GUEST_CR4, v | CR4_VMXE | (read_cr4() & CR4_MCE));
	vmwrite(VMCS_CR4_SHADOW, v);
	if ((v ^ old) & (CR4_PAE | CR4_PCIDE | CR4_PGE | CR4_PSE | CR4_SMEP))
		flush_tlb(vcpu);
	return 0;
}

int vcpu_write_efer(struct vcpu *vcpu, uint64_t v)
{
	struct vcpu_arch *a = vcpu->arch;
	uint64_t nx = feature_has(FEAT_NX) ? EFER_NXE : 0;

	v &= ~EFER_LMA;
	if (v & ~(EFER_SCE | EFER_LME | nx))
		return 1;
	if (((v ^ a->efer) & EFER_LME) && (vcpu_cr0(vcpu) & CR0_PG) && a->live)
		return 1;
	a->efer = v | (a->efer & EFER_LMA);
	set_long_mode(vcpu, a->efer & EFER_LMA);
	return 0;
}

/* SDM vol 1, 13.3: what may be combined. */
int vcpu_write_xcr0(struct vcpu *vcpu, uint64_t v)
{
	if ((v & ~guest_xcr0_mask) || !(v & XCR0_X87))
		return 1;
	if ((v & XCR0_AVX) && !(v & XCR0_SSE))
		return 1;
	if ((v & XCR0_AVX512) && ((v & XCR0_AVX512) != XCR0_AVX512 || !(v & XCR0_AVX)))
		return 1;
	vcpu->arch->xcr0 = v;
	xsetbv(0, v);
	return 0;
}
