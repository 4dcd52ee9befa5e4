/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walks of the guest's page tables (SDM vol 3, 4.3 - 4.6). The tables belong to
 * the guest: each entry is read once, and its address is looked up in the VM's
 * EPT before it is followed, so a hostile table leads nowhere but to an error.
 */
#include "vm/gva.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "vm/memuse.h"
#include "vm/vcpu.h"
#include "vm/virq.h"
#include "vm/vm.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/pte.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define SET_AD		0x100u	/* in `access`, beside the GVA_ bits: note the access in the tables */
#define PSE_ADDR_HIGH(e) (((e) >> 13 & 0xff) << 32)	/* 4 MiB pages: address bits 39:32 (table 4-4) */
#define PSE_RSVD	(1ul << 21)
#define PDPTE_RSVD	0x1e6ul	/* bits 8:5 and 2:1 */
#define ADDR_HIGH	0x000ffff000000000ul	/* of an entry: 64 GiB and up, which the CPU may not have */
#define PAE_RSVD	0x7ff0000000000000ul	/* 62:52 are reserved in PAE entries, free in IA-32e ones */

/* One walk. `rights` gathers U and W by AND over all levels, NX by OR. */
struct walk {
	const struct vm *vm;
	uint64_t linear, cr4, efer, table, rights;
	uint64_t doubtful;	/* entry bits that need a closer look when set; PTE_P: when clear */
	uint32_t access;
	unsigned int level;
	/*
	 * RAM around the place looked up last. Tables and code mostly lie in one
	 * large page of the EPT, so most lookups of a walk end here. Not kept
	 * longer than one walk: the EPT may change.
	 */
	uint64_t ram_base, ram_size;
	uint8_t *ram;
	bool ram_writable;
	struct gva_code_walk *keep;	/* NULL: nobody wants to know the entries */
};

static bool look_up(struct walk *w, uint64_t at)
{
	uint64_t size;
	uint32_t attr;
	hpa_t where;

	if (pgtable_lookup(&w->vm->ept, at, &where, &attr, &size) || !pg_is_ram(attr))
		return false;
	w->ram_base = at & ~(size - 1);
	w->ram_size = size;
	w->ram = (uint8_t *)hpa_to_hva(where) - (at - w->ram_base);
	w->ram_writable = attr & PG_W;
	return true;
}

/* RAM at a place, up to the end of its page, or NULL. */
static inline void *ram_at(struct walk *w, uint64_t at)
{
	if (unlikely(at - w->ram_base >= w->ram_size) && !look_up(w, at))
		return NULL;
	return w->ram + (at - w->ram_base);
}

/* As ram_at(), but only where the guest itself may write. */
static void *writable_at(struct walk *w, uint64_t at)
{
	void *p = ram_at(w, at);

	return p && w->ram_writable ? p : NULL;
}

/* True when the address has bits the CPU does not have; asked only about addresses above 64 GiB. */
static bool beyond_cpu(uint64_t entry)
{
	uint32_t bits = cpuid(0x80000000u, 0).eax >= 0x80000008u ? cpuid(0x80000008u, 0).eax & 0xff : 36;

	return bits < 52 && (entry & PTE_ADDR) >> bits;
}

/* Reserved bits of an 8-byte entry, tables 4-9, 4-11, 4-15 - 4-20. */
static bool is_reserved(const struct walk *w, uint64_t e, bool leaf)
{
	uint64_t unused = 0;

	if (leaf && w->level > 1)
		unused = ((1ul << (12 + 9 * (w->level - 1))) - 1) & PTE_ADDR & ~PTE_PAT_LARGE;
	if ((e & PTE_NX) && !(w->efer & EFER_NXE))
		return true;
	if (!(w->efer & EFER_LMA) && (e & PAE_RSVD))
		return true;
	if ((e & PTE_PS) && w->level > 3)
		return true;
	return (e & unused) || ((e & ADDR_HIGH) && beyond_cpu(e));
}

static uint32_t fault_code(const struct walk *w, uint32_t why)
{
	uint32_t code = why | (w->access & (GVA_WRITE | GVA_USER));

	/* Bit 4 exists only where fetches can fault by themselves (4.7). */
	if ((w->access & GVA_FETCH) && ((w->cr4 & CR4_SMEP) || ((w->cr4 & CR4_PAE) && (w->efer & EFER_NXE))))
		code |= PF_INSTR;
	return code;
}

/* 4.6.1, without protection keys (not offered to guests). */
static bool is_allowed(const struct vcpu *vcpu, const struct walk *w)
{
	uint32_t a = w->access;
	bool user_page = w->rights & PTE_U;

	if ((a & GVA_FETCH) && ((w->rights & PTE_NX) || (!(a & GVA_USER) && user_page && (w->cr4 & CR4_SMEP))))
		return false;
	if ((a & GVA_USER) && !user_page)
		return false;
	if ((a & GVA_WRITE) && !(w->rights & PTE_W) && ((a & GVA_USER) || (vcpu_cr0(vcpu) & CR0_WP)))
		return false;
	if (!(a & (GVA_FETCH | GVA_USER)) && user_page && (w->cr4 & CR4_SMAP))
		return vcpu_rflags(vcpu) & RFLAGS_AC;
	return true;
}

/* As the CPU's own walk: accessed in every entry, dirty in the last (4.8). A locked OR, as other CPUs change bits too. */
static void note_access(struct walk *w, uint64_t at, uint64_t e, bool leaf)
{
	uint32_t bits = PTE_A | (leaf && (w->access & GVA_WRITE) ? PTE_D : 0), *p;

	if (!(w->access & SET_AD) || (e & bits) == bits)
		return;
	p = writable_at(w, at);
	if (p)
		__atomic_fetch_or(p, bits, __ATOMIC_RELAXED);
}

/* Ends a walk at a leaf that makes the address `at`. */
static int finish(const struct vcpu *vcpu, const struct walk *w, uint64_t at, gpa_t *out, uint32_t *error)
{
	if (unlikely(!is_allowed(vcpu, w))) {
		*error = fault_code(w, PF_PRESENT);
		return 1;
	}
	*out = gpa(at);
	return 0;
}

/* An entry that ends the walk with a fault: not present, or malformed. */
static bool is_bad(const struct walk *w, uint64_t e, uint32_t *error)
{
	if (!(e & PTE_P)) {
		*error = fault_code(w, 0);
		return true;
	}
	if (!is_reserved(w, e, w->level == 1 || (e & PTE_PS)))
		return false;
	*error = fault_code(w, PF_PRESENT | PF_RSVD);
	return true;
}

/* PAE, 4-level and 5-level tables below w->level. The hot loop: what it needs is kept out of *w. */
static int walk_long(const struct vcpu *vcpu, struct walk *w, gpa_t *out, uint32_t *error)
{
	const uint64_t linear = w->linear, doubtful = w->doubtful;
	const bool set_ad = w->access & SET_AD;
	struct gva_code_walk *const keep = w->keep;
	uint64_t table = w->table, all = ~0ul, any = 0, at, e, offset;
	unsigned int shift = 12 + 9 * (w->level - 1);
	int r;

	for (;; shift -= 9) {
		const uint64_t *p;

		at = table + (linear >> shift & 511) * 8;
		p = ram_at(w, at);
		if (unlikely(!p))
			return -EFAULT;
		e = READ_ONCE(*p);
		if (unlikely(keep)) {
			keep->entry[keep->nr].at = p;
			keep->entry[keep->nr++].value = e;
		}
		if (unlikely((e ^ PTE_P) & doubtful)) {
			w->level = (shift - 12) / 9 + 1;
			if (is_bad(w, e, error))
				return 1;
		}
		all &= e;
		any |= e;
		if (shift == 12 || (e & PTE_PS))
			break;
		if (unlikely(set_ad))
			note_access(w, at, e, false);
		table = e & PTE_ADDR;
	}
	w->rights = (w->rights & all) | (any & PTE_NX);
	offset = (1ul << shift) - 1;
	r = finish(vcpu, w, (e & PTE_ADDR & ~offset) | (linear & offset), out, error);
	if (unlikely(set_ad) && !r)
		note_access(w, at, e, true);
	return r;
}

/* Two levels of 1024 4-byte entries (4.3). */
static int walk_32(const struct vcpu *vcpu, struct walk *w, gpa_t *out, uint32_t *error)
{
	for (w->level = 2;; w->level--) {
		unsigned int shift = w->level == 2 ? 22 : 12;
		uint64_t at = w->table + (w->linear >> shift & 1023) * 4;
		const uint32_t *p = ram_at(w, at);
		uint64_t e, page;
		bool large;
		int r;

		if (!p)
			return -EFAULT;
		e = READ_ONCE(*p);
		large = w->level == 2 && (e & PTE_PS) && (w->cr4 & CR4_PSE);
		if (!(e & PTE_P) || (large && (e & PSE_RSVD))) {
			*error = fault_code(w, e & PTE_P ? PF_PRESENT | PF_RSVD : 0);
			return 1;
		}
		w->rights &= e;
		if (w->level == 2 && !large) {
			note_access(w, at, e, false);
			w->table = e & 0xfffff000u;
			continue;
		}
		page = large ? (e & 0xffc00000u) | PSE_ADDR_HIGH(e) : e & 0xfffff000u;
		r = finish(vcpu, w, page | (w->linear & ((1ul << shift) - 1)), out, error);
		if (!r)
			note_access(w, at, e, true);
		return r;
	}
}

/* The four top entries were loaded with CR3; the CPU walks from its copies (4.4.1). */
static int walk_pae(const struct vcpu *vcpu, struct walk *w, gpa_t *out, uint32_t *error)
{
	uint64_t e = vmread(VMCS_GUEST_PDPTE0 + 2 * (uint32_t)(w->linear >> 30 & 3));

	if (!(e & PTE_P)) {
		*error = fault_code(w, 0);
		return 1;
	}
	if (e & PDPTE_RSVD) {
		*error = fault_code(w, PF_PRESENT | PF_RSVD);
		return 1;
	}
	w->table = e & PTE_ADDR;
	w->level = 2;
	return walk_long(vcpu, w, out, error);
}

/* The paging modes without IA-32e mode. */
static int translate_legacy(const struct vcpu *vcpu, struct walk *w, gpa_t *out, uint32_t *error)
{
	w->linear = (uint32_t)w->linear;
	/* Kept without an entry. */
	if (!(vcpu_cr0(vcpu) & CR0_PG)) {
		*out = gpa(w->linear);
		return 0;
	}
	w->keep = NULL;
	w->cr4 = vcpu_cr4(vcpu);
	if (w->cr4 & CR4_PAE)
		return walk_pae(vcpu, w, out, error);
	w->table = vcpu_cr3(vcpu) & 0xfffff000u;
	return walk_32(vcpu, w, out, error);
}

static int translate(const struct vcpu *vcpu, struct walk *w, gpa_t *out, uint32_t *error)
{
	unsigned int unused;

	w->vm = vcpu->vm;
	w->rights = PTE_U | PTE_W;
	w->efer = vcpu_efer(vcpu);
	w->ram_size = 0;
	w->doubtful = PTE_P | ADDR_HIGH | PTE_PS | (w->efer & EFER_NXE ? 0 : PTE_NX);
	if (unlikely(!(w->efer & EFER_LMA))) {
		w->doubtful |= PAE_RSVD;
		return translate_legacy(vcpu, w, out, error);
	}
	w->cr4 = vcpu_cr4(vcpu);
	w->level = w->cr4 & CR4_LA57 ? 5 : 4;
	unused = w->level == 5 ? 64 - 57 : 64 - 48;
	if (unlikely((uint64_t)((int64_t)(w->linear << unused) >> unused) != w->linear))
		return -EINVAL;
	w->table = vcpu_cr3(vcpu) & PTE_ADDR;
	return walk_long(vcpu, w, out, error);
}

int gva_translate(const struct vcpu *vcpu, uint64_t linear, uint32_t access, gpa_t *out, uint32_t *error)
{
	struct walk w;

	w.linear = linear;
	w.access = access & (GVA_WRITE | GVA_USER | GVA_FETCH);
	w.keep = NULL;
	return translate(vcpu, &w, out, error);
}

/* Of CR4 the guest's own bits: what else there is, IA-32e mode fixes, or a fetch does not ask for. */
static uint64_t code_cr4(void)
{
	return vmread_known(VMCS_GUEST_CR4);
}

static bool holds(const struct vcpu *vcpu, const struct gva_code_walk *c, uint64_t key)
{
	unsigned int i;

	if (c->key != key || c->changes != pgtable_changes(&vcpu->vm->ept) || c->cr3 != vmread_known(VMCS_GUEST_CR3) ||
	    c->cr4 != code_cr4() || c->efer != vcpu_efer(vcpu))
		return false;
	if (unlikely(!c->nr))
		return !(vmread_known(VMCS_GUEST_CR0) & CR0_PG);
	for (i = 0; i < c->nr; i++)
		if (READ_ONCE(*c->entry[i].at) != c->entry[i].value)
			return false;
	return true;
}

/* Walks, and keeps in *c what came out. */
static int walk_code(struct vcpu *vcpu, uint64_t linear, struct gva_code_walk *c, const uint8_t **code, uint32_t *error)
{
	uint64_t changes = pgtable_changes(&vcpu->vm->ept);
	struct walk w;
	gpa_t at;
	int r;

	c->changes = 0;
	c->nr = 0;
	w.linear = linear;
	w.access = (uint32_t)(c->key & GVA_USER) | GVA_FETCH;
	w.keep = c;
	r = translate(vcpu, &w, &at, error);
	if (unlikely(r))
		return r;
	*code = ram_at(&w, at.v);
	if (unlikely(!*code))
		return -EFAULT;
	if (unlikely(!w.keep))
		return 0;
	c->page = *code - (linear & (PAGE_SIZE - 1));
	c->cr3 = vcpu_cr3(vcpu);
	c->cr4 = code_cr4();
	c->efer = w.efer;
	c->changes = changes;
	return 0;
}

int gva_code(struct vcpu *vcpu, uint64_t linear, uint32_t access, const uint8_t **code, uint32_t *error)
{
	struct gva_code_walk *c = &vcpu->code[linear / PAGE_SIZE % GVA_CODE_WALKS];
	uint64_t offset = linear & (PAGE_SIZE - 1), key = (linear - offset) | (access & GVA_USER);

	if (likely(holds(vcpu, c, key))) {
		*code = c->page + offset;
		return 0;
	}
	c->key = key;
	return walk_code(vcpu, linear, c, code, error);
}

/* One page's worth of a copy: its RAM in *p. As gva_read(). */
static int reach(struct vcpu *vcpu, uint64_t linear, uint32_t access, uint8_t **p)
{
	uint32_t error = 0;
	struct walk w;
	gpa_t at;
	int r;

	w.linear = linear;
	w.access = access;
	w.keep = NULL;
	r = translate(vcpu, &w, &at, &error);
	if (r == 1)
		virq_page_fault(vcpu, w.linear, error);
	if (r == -EINVAL) {
		virq_exception_error(vcpu, VEC_GP, 0);
		return 1;
	}
	if (r)
		return r;
	*p = access & GVA_WRITE ? writable_at(&w, at.v) : ram_at(&w, at.v);
	return *p ? 0 : -EFAULT;
}

/* Only the faults, and the bits in the guest's tables. */
static int probe(struct vcpu *vcpu, uint64_t linear, uint32_t access)
{
	uint8_t *p;
	int r;

	memuse_begin();
	r = reach(vcpu, linear, access, &p);
	memuse_end();
	return r;
}

/* The part of a copy that lies in one page. */
static int copy_within(struct vcpu *vcpu, uint64_t linear, uint8_t *buf, uint32_t n, uint32_t access)
{
	uint8_t *p;
	int r;

	memuse_begin();
	r = reach(vcpu, linear, access, &p);
	if (!r && (access & GVA_WRITE))
		memcpy(p, buf, n);
	else if (!r)
		memcpy(buf, p, n);
	memuse_end();
	return r;
}

static int copy(struct vcpu *vcpu, uint64_t linear, uint8_t *buf, uint32_t len, uint32_t access)
{
	uint32_t done = 0, n = (uint32_t)(PAGE_SIZE - (linear & (PAGE_SIZE - 1)));
	int r = 0;

	access |= SET_AD;
	/* The second page's fault comes before the first page's change. */
	if (n < len)
		r = probe(vcpu, linear + n, access);
	while (!r && done < len) {
		n = MIN(len - done, (uint32_t)(PAGE_SIZE - ((linear + done) & (PAGE_SIZE - 1))));
		r = copy_within(vcpu, linear + done, buf + done, n, access);
		done += n;
	}
	return r;
}

int gva_read(struct vcpu *vcpu, uint64_t linear, void *buf, uint32_t len, uint32_t access)
{
	return copy(vcpu, linear, buf, len, access & GVA_USER);
}

int gva_write(struct vcpu *vcpu, uint64_t linear, const void *buf, uint32_t len, uint32_t access)
{
	return copy(vcpu, linear, (uint8_t *)buf, len, (access & GVA_USER) | GVA_WRITE);
}

int gva_probe_write(struct vcpu *vcpu, uint64_t linear, uint32_t len, uint32_t access)
{
	uint32_t first = (uint32_t)(PAGE_SIZE - (linear & (PAGE_SIZE - 1)));
	int r;

	access = (access & GVA_USER) | GVA_WRITE | SET_AD;
	r = probe(vcpu, linear, access);
	return r || first >= len ? r : probe(vcpu, linear + first, access);
}
