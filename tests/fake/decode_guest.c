/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake guest, see decode_guest.h. */
#include "decode_guest.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/percpu.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "vm/virq.h"
#include "vm_vm.h"
#include "x86/cr.h"
#include "x86/pte.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

struct decode_guest guest;
struct percpu percpu_area[MAX_PCPUS];

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

uint64_t vcpu_rip(const struct vcpu *vcpu) { (void)vcpu; return vmread(VMCS_GUEST_RIP); }
uint64_t vcpu_rflags(const struct vcpu *vcpu) { (void)vcpu; return vmread(VMCS_GUEST_RFLAGS); }
uint64_t vcpu_cr0(const struct vcpu *vcpu) { (void)vcpu; return vmread(VMCS_GUEST_CR0); }
uint64_t vcpu_cr3(const struct vcpu *vcpu) { (void)vcpu; return vmread(VMCS_GUEST_CR3); }
uint64_t vcpu_cr4(const struct vcpu *vcpu) { (void)vcpu; return vmread(VMCS_GUEST_CR4); }
uint64_t vcpu_efer(const struct vcpu *vcpu) { (void)vcpu; return guest.efer; }
unsigned int vcpu_cpl(const struct vcpu *vcpu) { (void)vcpu; return guest.cpl; }
unsigned int vcpu_mode_bytes(const struct vcpu *vcpu) { (void)vcpu; return guest.mode; }

uint64_t vcpu_seg_base(const struct vcpu *vcpu, unsigned int seg)
{
	(void)vcpu;
	return seg < 4 && guest.mode == 8 ? 0 : vmread(VMCS_GUEST_ES_BASE + 2 * seg);
}

void vcpu_iterated(struct vcpu *vcpu, uint64_t rflags)
{
	(void)vcpu;
	guest.nr_traps += !!(rflags & RFLAGS_TF);
}

void vcpu_step(struct vcpu *vcpu, uint64_t rip)
{
	vmwrite(VMCS_GUEST_RIP, rip);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, vmread(VMCS_GUEST_INTERRUPTIBILITY) & ~(uint64_t)(BLOCK_STI | BLOCK_MOV_SS));
	vcpu_iterated(vcpu, vmread(VMCS_GUEST_RFLAGS));
}

void vcpu_skip(struct vcpu *vcpu)
{
	vcpu_step(vcpu, vmread(VMCS_GUEST_RIP) + vmread(VMCS_EXIT_INSN_LEN));
}

void virq_exception_error(struct vcpu *vcpu, uint8_t vector, uint32_t error)
{
	(void)vcpu;
	guest.nr_faults++;
	guest.vector = vector;
	guest.error = error;
}

void virq_exception(struct vcpu *vcpu, uint8_t vector)
{
	virq_exception_error(vcpu, vector, 0);
}

void virq_page_fault(struct vcpu *vcpu, uint64_t cr2, uint32_t error)
{
	virq_exception_error(vcpu, VEC_PF, error);
	guest.cr2 = cr2;
}

/* As in vm/gpa.c: write-back memory within one page. */
void *gpa_ptr(const struct vm *vm, gpa_t at, uint64_t size)
{
	uint32_t attr;
	hpa_t first;

	if ((at.v & (PAGE_SIZE - 1)) + size > PAGE_SIZE || pgtable_lookup(&vm->ept, at.v, &first, &attr, NULL) ||
	    !pg_is_ram(attr))
		return NULL;
	return hpa_to_hva(first);
}

void guest_make(void)
{
	memset(&fake_vmx, 0, sizeof(fake_vmx));
	memset(&guest, 0, sizeof(guest));
	guest.vm = fake_vm_create(1);
	guest.vcpu = guest.vm->vcpus[0];
	guest.ram = aligned_alloc(PAGE_SIZE, GUEST_RAM_SIZE);
	memset(guest.ram, 0, GUEST_RAM_SIZE);
	pgtable_set_caps(1, 1, true);
	if (pgtable_init(&guest.vm->ept, &pgtable_ept) ||
	    pgtable_map(&guest.vm->ept, 0, hpa((uint64_t)guest.ram), GUEST_RAM_SIZE, PG_R | PG_W | PG_X | PG_WB))
		abort();
	guest.next_table = GUEST_TABLES + PAGE_SIZE;
	guest.mode = 8;
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	guest_paging(true, GUEST_TABLES, CR4_PAE, EFER_LME | EFER_LMA | EFER_NXE);
}

void guest_free(void)
{
	pgtable_fini(&guest.vm->ept);
	fake_vm_destroy(guest.vm);
	free(guest.ram);
}

void guest_paging(bool on, uint64_t cr3, uint64_t cr4, uint64_t efer)
{
	vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_WP | (on ? CR0_PG : 0));
	vmwrite(VMCS_GUEST_CR3, cr3);
	vmwrite(VMCS_GUEST_CR4, cr4);
	guest.efer = efer;
}

uint64_t *guest_entry(uint64_t gpa)
{
	if (gpa > GUEST_RAM_SIZE - 8)
		abort();
	return (uint64_t *)(guest.ram + gpa);
}

uint64_t guest_new_table(void)
{
	uint64_t at = guest.next_table;

	guest.next_table += PAGE_SIZE;
	if (guest.next_table > GUEST_RAM_SIZE)
		abort();
	return at;
}

void guest_map(uint64_t linear, uint64_t gpa, uint64_t bits)
{
	uint64_t table = GUEST_TABLES;
	unsigned int level;

	for (level = 4; level > 1; level--) {
		uint64_t *e = guest_entry(table + (linear >> (12 + 9 * (level - 1)) & 511) * 8);

		if (!(*e & PTE_P))
			*e = guest_new_table() | PTE_P | PTE_W | PTE_U;
		table = *e & PTE_ADDR;
	}
	*guest_entry(table + (linear >> 12 & 511) * 8) = gpa | bits;
}
