/* SPDX-License-Identifier: BSD-3-Clause */
/* Guest page-table walks: every paging mode, every right, and tables a hostile guest would make. */
/* unit: hypervisor/vm/gva.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/decode_guest.c tests/fake/vm_mem.c tests/fake/vm_vm.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "decode_guest.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "vm/gva.h"
#include "vm/virq.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/pte.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define LINEAR	0x7f1234567abcul
#define PAGE	0x123000ul
#define LONG	(EFER_LME | EFER_LMA | EFER_NXE)
#define OUTSIDE	(GUEST_RAM_SIZE + 0x5000)	/* no RAM there */

static gpa_t out;
static uint32_t error;

static void setup(void)
{
	guest_make();
	fake_cpu_reset();
	error = 0xbad;
	out.v = 0xbad;
}

static void teardown(void)
{
	guest_free();
}

static int walk(uint64_t linear, uint32_t access)
{
	return gva_translate(guest.vcpu, linear, access, &out, &error);
}

static void expect_page(uint64_t linear, uint32_t access, uint64_t want)
{
	ck_assert_int_eq(walk(linear, access), 0);
	ck_assert_uint_eq(out.v, want);
}

static void expect_fault(uint64_t linear, uint32_t access, uint32_t code)
{
	ck_assert_int_eq(walk(linear, access), 1);
	ck_assert_uint_eq(error, code);
}

/* Entry of the 4-level tables at GUEST_TABLES that translates `linear` at `level`. */
static uint64_t *entry_at(uint64_t linear, unsigned int level)
{
	uint64_t table = GUEST_TABLES;
	unsigned int l;

	for (l = 4; l > level; l--)
		table = *guest_entry(table + (linear >> (12 + 9 * (l - 1)) & 511) * 8) & PTE_ADDR;
	return guest_entry(table + (linear >> (12 + 9 * (level - 1)) & 511) * 8);
}

START_TEST(no_paging)
{
	guest_paging(false, 0, 0, 0);
	expect_page(0x12345678, GVA_WRITE | GVA_USER, 0x12345678);
	expect_page(0x500000001, GVA_READ, 1);
}
END_TEST

START_TEST(long_mode_pages)
{
	guest_map(LINEAR, PAGE, PTE_P | PTE_W);
	expect_page(LINEAR, GVA_READ, PAGE | 0xabc);
	expect_page(LINEAR, GVA_WRITE, PAGE | 0xabc);
	expect_page(LINEAR, GVA_FETCH, PAGE | 0xabc);
	expect_fault(LINEAR + PAGE_SIZE, GVA_READ, 0);
	expect_fault(LINEAR + PAGE_SIZE, GVA_WRITE | GVA_USER, PF_WRITE | PF_USER);
	expect_fault(LINEAR + PAGE_SIZE, GVA_FETCH, PF_INSTR);
	/* 2 MiB and 1 GiB */
	*entry_at(LINEAR, 2) = 0x40000000 | PTE_P | PTE_PS | PTE_PAT_LARGE;
	expect_page(LINEAR, GVA_READ, 0x40000000 + (LINEAR & (SIZE_2M - 1)));
	*entry_at(LINEAR, 3) = 0x80000000 | PTE_P | PTE_PS;
	expect_page(LINEAR, GVA_READ, 0x80000000 + (LINEAR & (SIZE_1G - 1)));
}
END_TEST

START_TEST(not_present_at_each_level)
{
	guest_map(LINEAR, PAGE, PTE_P);
	*entry_at(LINEAR, (unsigned int)_i) &= ~PTE_P;
	expect_fault(LINEAR, GVA_READ, 0);
}
END_TEST

START_TEST(reserved_bits_at_each_level)
{
	const unsigned int level = (unsigned int)_i;
	uint64_t old;

	guest_map(LINEAR, PAGE, PTE_P);
	old = *entry_at(LINEAR, level);
	/* Addresses beyond the CPU: 39 bits here. */
	fake_cpuid_set(0x80000000, 0, (struct cpuid_regs){ .eax = 0x80000008 });
	fake_cpuid_set(0x80000008, 0, (struct cpuid_regs){ .eax = 39 });
	*entry_at(LINEAR, level) = old | 1ul << 39;
	expect_fault(LINEAR, GVA_READ, PF_PRESENT | PF_RSVD);
	*entry_at(LINEAR, level) = old | 1ul << 52 | 1ul << 62;	/* free for software */
	expect_page(LINEAR, GVA_READ, PAGE | 0xabc);
	*entry_at(LINEAR, level) = old | PTE_NX;
	expect_page(LINEAR, GVA_READ, PAGE | 0xabc);
	expect_fault(LINEAR, GVA_FETCH, PF_PRESENT | PF_INSTR);
	guest.efer = EFER_LME | EFER_LMA;
	expect_fault(LINEAR, GVA_READ, PF_PRESENT | PF_RSVD);
	guest.efer = LONG;
	if (level == 4) {
		*entry_at(LINEAR, 4) = old | PTE_PS;
		expect_fault(LINEAR, GVA_READ, PF_PRESENT | PF_RSVD);
	}
	if (level == 2 || level == 3) {	/* a large page's low address bits */
		*entry_at(LINEAR, level) = 0x80000000 | PTE_P | PTE_PS | 1ul << 13;
		expect_fault(LINEAR, GVA_READ, PF_PRESENT | PF_RSVD);
		*entry_at(LINEAR, level) = 0x80000000 | PTE_P | PTE_PS | 1ul << (level == 2 ? 20 : 29);
		expect_fault(LINEAR, GVA_READ, PF_PRESENT | PF_RSVD);
	}
}
END_TEST

START_TEST(five_levels)
{
	const uint64_t high = 0x00ff123456789abc;
	uint64_t top = guest_new_table();

	guest_paging(true, top, CR4_PAE | CR4_LA57, LONG);
	*guest_entry(top + (high >> 48 & 511) * 8) = GUEST_TABLES | PTE_P | PTE_W | PTE_U;
	guest_map(high & 0xffffffffffff, PAGE, PTE_P);
	expect_page(high, GVA_READ, PAGE | 0xabc);
	expect_fault(0x1234, GVA_READ, 0);
	ck_assert_int_eq(walk(0x0100000000000000, GVA_READ), -EINVAL);
}
END_TEST

START_TEST(canonical)
{
	ck_assert_int_eq(walk(0x0000800000000000, GVA_READ), -EINVAL);
	ck_assert_int_eq(walk(0xffff7fffffffffff, GVA_READ), -EINVAL);
	expect_fault(0xffff800000000000, GVA_READ, 0);
	ck_assert_int_eq(gva_read(guest.vcpu, 0x0000800000000000, &error, 4, GVA_READ), 1);
	ck_assert_uint_eq(guest.vector, VEC_GP);
	ck_assert_uint_eq(guest.error, 0);
}
END_TEST

/* All combinations of page rights, control bits and access, against the rules of SDM vol 3, 4.6.1, written down as they stand there. */
static bool rule(unsigned int page, unsigned int ctl, uint32_t access)
{
	bool user_page = page & 1, writable = page & 2, nx = page & 4;
	bool wp = ctl & 1, smep = ctl & 2, smap = ctl & 4, ac = ctl & 8;

	if (access & GVA_USER) {
		if (!user_page)
			return false;
		if (access & GVA_FETCH)
			return !nx;
		return writable || !(access & GVA_WRITE);
	}
	if (access & GVA_FETCH)
		return !nx && !(user_page && smep);
	if (user_page && smap && !ac)
		return false;
	return !(access & GVA_WRITE) || writable || !wp;
}

START_TEST(rights)
{
	static const uint32_t accesses[] = {
		GVA_READ, GVA_WRITE, GVA_FETCH, GVA_READ | GVA_USER, GVA_WRITE | GVA_USER, GVA_FETCH | GVA_USER
	};
	unsigned int level = (unsigned int)_i, page, ctl, i;
	uint64_t *e;

	guest_map(LINEAR, PAGE, PTE_P | PTE_W | PTE_U);
	e = entry_at(LINEAR, level);
	for (page = 0; page < 8; page++)
		for (ctl = 0; ctl < 16; ctl++)
			for (i = 0; i < ARRAY_SIZE(accesses); i++) {
				*e = (*e & PTE_ADDR) | PTE_P | (page & 1 ? PTE_U : 0) | (page & 2 ? PTE_W : 0) |
				     (page & 4 ? PTE_NX : 0);
				guest_paging(true, GUEST_TABLES, CR4_PAE | (ctl & 2 ? CR4_SMEP : 0) |
					     (ctl & 4 ? CR4_SMAP : 0), LONG);
				if (!(ctl & 1))
					vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_PG);
				vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | (ctl & 8 ? RFLAGS_AC : 0));
				if (rule(page, ctl, accesses[i]))
					expect_page(LINEAR, accesses[i], PAGE | 0xabc);
				else
					expect_fault(LINEAR, accesses[i], PF_PRESENT | accesses[i]);
			}
}
END_TEST

START_TEST(pae)
{
	uint64_t dir = guest_new_table(), table = guest_new_table();
	const uint32_t linear = 0xc0a01234;	/* top entry 3, directory 5, table 1 */

	guest_paging(true, 0x20, CR4_PAE, EFER_NXE);
	vmwrite(VMCS_GUEST_PDPTE0 + 6, dir | PTE_P);
	*guest_entry(dir + 5 * 8) = table | PTE_P | PTE_W | PTE_U;
	*guest_entry(table + 1 * 8) = PAGE | PTE_P | PTE_W | PTE_NX;
	expect_page(linear, GVA_WRITE, PAGE | 0x234);
	expect_page(0xfull << 32 | linear, GVA_WRITE, PAGE | 0x234);
	expect_fault(linear, GVA_FETCH, PF_PRESENT | PF_INSTR);
	expect_fault(linear, GVA_USER, PF_PRESENT | PF_USER);
	expect_fault(0x1000, GVA_READ, 0);
	*guest_entry(table + 1 * 8) = PAGE | PTE_P | 1ul << 52;	/* reserved here, unlike in IA-32e mode */
	expect_fault(linear, GVA_READ, PF_PRESENT | PF_RSVD);
	*guest_entry(dir + 5 * 8) = 0x200000 | PTE_P | PTE_PS;
	expect_page(linear, GVA_READ, 0x200000 | 0x1234);
	vmwrite(VMCS_GUEST_PDPTE0 + 6, dir | PTE_P | 2);
	expect_fault(linear, GVA_READ, PF_PRESENT | PF_RSVD);
}
END_TEST

START_TEST(two_level)
{
	uint64_t dir = guest_new_table(), table = guest_new_table();
	uint32_t *pde = (uint32_t *)guest_entry(dir) + 0x301, *pte = (uint32_t *)guest_entry(table) + 0x23;
	const uint32_t linear = 0xc0423456;

	guest_paging(true, dir, CR4_PSE, 0);
	*pde = (uint32_t)table | PTE_P | PTE_W | PTE_U;
	*pte = PAGE | PTE_P | PTE_W | PTE_U;
	expect_page(linear, GVA_WRITE | GVA_USER, PAGE | 0x456);
	*pde &= ~(uint32_t)PTE_W;
	expect_fault(linear, GVA_WRITE, PF_PRESENT | PF_WRITE);
	*pte = 0;
	expect_fault(linear, GVA_FETCH, 0);	/* no such bit without NX */
	/* 4 MiB, with address bits 39:32 in 20:13 */
	*pde = 0x00400000 | PTE_P | PTE_PS | 0x5a << 13;
	expect_page(linear, GVA_READ, 0x5a00400000 | (linear & 0x3fffff));
	*pde |= 1u << 21;
	expect_fault(linear, GVA_READ, PF_PRESENT | PF_RSVD);
	/* Without CR4.PSE the bit means nothing. */
	guest_paging(true, dir, 0, 0);
	*pde = (uint32_t)table | PTE_P | PTE_PS;
	*pte = PAGE | PTE_P;
	expect_page(linear, GVA_READ, PAGE | 0x456);
}
END_TEST

/* Tables that point to themselves end where levels end; tables outside RAM are not followed. */
START_TEST(hostile_tables)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		*guest_entry(GUEST_TABLES + i * 8) = GUEST_TABLES | PTE_P | PTE_W | PTE_U;
	expect_page(LINEAR, GVA_WRITE, GUEST_TABLES | 0xabc);
	guest_map(LINEAR, PAGE, PTE_P);
	for (i = 2; i <= 4; i++) {
		memset(guest.ram + GUEST_TABLES, 0, GUEST_RAM_SIZE - GUEST_TABLES);
		guest.next_table = GUEST_TABLES + PAGE_SIZE;
		guest_map(LINEAR, PAGE, PTE_P);
		*entry_at(LINEAR, i) = OUTSIDE | PTE_P;
		ck_assert_int_eq(walk(LINEAR, GVA_READ), -EFAULT);
		*entry_at(LINEAR, i) = GUEST_MMIO | PTE_P;
		ck_assert_int_eq(walk(LINEAR, GVA_READ), -EFAULT);
		*entry_at(LINEAR, i) = 0x0000fffffffff000 | PTE_P;
		ck_assert_int_eq(walk(LINEAR, GVA_READ), 1);
		ck_assert_uint_eq(error, PF_PRESENT | PF_RSVD);
	}
	guest_paging(true, 0xffffffffff000, CR4_PAE, LONG);
	ck_assert_int_eq(walk(LINEAR, GVA_READ), -EFAULT);
	guest_paging(true, 0xfffff000, 0, 0);
	ck_assert_int_eq(walk(LINEAR, GVA_READ), -EFAULT);
	guest_paging(true, 0, CR4_PAE, 0);
	vmwrite(VMCS_GUEST_PDPTE0, OUTSIDE | PTE_P);
	ck_assert_int_eq(walk(0x1000, GVA_READ), -EFAULT);
}
END_TEST

/* Random tables in all of RAM: whatever stands there, a walk ends with an answer (sanitizers watch). */
START_TEST(random_tables)
{
	static const struct { uint64_t cr4, efer; } modes[] = {
		{ CR4_PAE, LONG }, { CR4_PAE | CR4_LA57, LONG }, { CR4_PAE, EFER_NXE }, { 0, 0 }, { CR4_PSE, 0 }
	};
	unsigned int i, results[3] = { 0 };
	int r;

	srandom(7);
	for (i = 0; i < GUEST_RAM_SIZE; i += 8)
		*guest_entry(i) = ((uint64_t)random() << 12 & (GUEST_RAM_SIZE * 2 - 1) & PAGE_MASK) |
				  (random() & 0xfff) | (random() % 8 ? 1 : 0) | (random() % 16 ? 0 : 1ul << 51);
	for (i = 0; i < 20000; i++) {
		guest_paging(true, (uint64_t)random() & (GUEST_RAM_SIZE - 1) & PAGE_MASK, modes[i % 5].cr4,
			     modes[i % 5].efer);
		vmwrite(VMCS_GUEST_PDPTE0, ((uint64_t)random() & (GUEST_RAM_SIZE - 1) & PAGE_MASK) | PTE_P);
		r = walk((uint64_t)random() << 17 & 0x3fffffff, GVA_READ);
		ck_assert(r == 0 || r == 1 || r == -EFAULT);
		results[r < 0 ? 2 : r]++;
	}
	ck_assert_uint_gt(results[0], 100);
	ck_assert_uint_gt(results[1], 100);
	ck_assert_uint_gt(results[2], 100);
}
END_TEST

START_TEST(copies)
{
	uint8_t buf[64], back[64];
	unsigned int i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i + 1);
	guest_map(0x400000, 0x10000, PTE_P | PTE_W);
	guest_map(0x401000, 0x20000, PTE_P | PTE_W);
	ck_assert_int_eq(gva_write(guest.vcpu, 0x400ff0, buf, 64, GVA_WRITE), 0);
	ck_assert_int_eq(memcmp(guest.ram + 0x10ff0, buf, 16), 0);
	ck_assert_int_eq(memcmp(guest.ram + 0x20000, buf + 16, 48), 0);
	ck_assert_int_eq(gva_read(guest.vcpu, 0x400ff0, back, 64, GVA_READ), 0);
	ck_assert_int_eq(memcmp(buf, back, 64), 0);
	ck_assert_uint_eq(guest.nr_faults, 0);
}
END_TEST

/* A fault on the second page: nothing was written to the first, CR2 is where it happened. */
START_TEST(fault_on_second_page)
{
	const uint64_t value = 0x1122334455667788;

	guest_map(0x400000, 0x10000, PTE_P | PTE_W);
	guest_map(0x401000, 0x20000, PTE_P);
	ck_assert_int_eq(gva_write(guest.vcpu, 0x400ffc, &value, 8, GVA_WRITE), 1);
	ck_assert_uint_eq(guest.nr_faults, 1);
	ck_assert_uint_eq(guest.vector, VEC_PF);
	ck_assert_uint_eq(guest.error, PF_PRESENT | PF_WRITE);
	ck_assert_uint_eq(guest.cr2, 0x401000);
	ck_assert_uint_eq(*guest_entry(0x10ff8), 0);
	ck_assert_int_eq(gva_probe_write(guest.vcpu, 0x400ffc, 8, 0), 1);
	ck_assert_int_eq(gva_probe_write(guest.vcpu, 0x400ff8, 8, 0), 0);
}
END_TEST

/* The guest must not lose a page it thinks clean. */
START_TEST(accessed_and_dirty)
{
	uint64_t v = 5;

	guest_map(0x400000, 0x10000, PTE_P | PTE_W);
	ck_assert_int_eq(gva_translate(guest.vcpu, 0x400000, GVA_WRITE, &out, &error), 0);
	ck_assert_uint_eq(*entry_at(0x400000, 1) & (PTE_A | PTE_D), 0);
	ck_assert_int_eq(gva_read(guest.vcpu, 0x400000, &v, 8, GVA_READ), 0);
	ck_assert_uint_eq(*entry_at(0x400000, 1) & (PTE_A | PTE_D), PTE_A);
	ck_assert_uint_eq(*entry_at(0x400000, 4) & (PTE_A | PTE_D), PTE_A);
	ck_assert_int_eq(gva_write(guest.vcpu, 0x400000, &v, 8, GVA_WRITE), 0);
	ck_assert_uint_eq(*entry_at(0x400000, 1) & (PTE_A | PTE_D), PTE_A | PTE_D);
	ck_assert_uint_eq(*entry_at(0x400000, 2) & (PTE_A | PTE_D), PTE_A);
}
END_TEST

/* RAM the VM may only read is written neither as data nor as a table. */
START_TEST(read_only_ram)
{
	uint64_t v = 5;

	guest_map(0x400000, 0x10000, PTE_P | PTE_W);
	ck_assert_int_eq(pgtable_protect(&guest.vm->ept, 0, GUEST_RAM_SIZE, PG_W, 0), 0);
	ck_assert_int_eq(gva_write(guest.vcpu, 0x400000, &v, 8, GVA_WRITE), -EFAULT);
	ck_assert_uint_eq(*guest_entry(0x10000), 0);
	ck_assert_uint_eq(*entry_at(0x400000, 1) & (PTE_A | PTE_D), 0);
	ck_assert_int_eq(gva_read(guest.vcpu, 0x400000, &v, 8, GVA_READ), 0);
}
END_TEST

START_TEST(data_outside_ram)
{
	uint64_t v = 5;

	guest_map(0x400000, GUEST_MMIO, PTE_P | PTE_W);
	ck_assert_int_eq(gva_write(guest.vcpu, 0x400000, &v, 8, GVA_WRITE), -EFAULT);
	ck_assert_int_eq(gva_read(guest.vcpu, 0x400000, &v, 8, GVA_READ), -EFAULT);
	ck_assert_uint_eq(v, 5);
	ck_assert_uint_eq(guest.nr_faults, 0);
	/* Memory of another type than RAM's is a device, mapped or not. */
	ck_assert_int_eq(pgtable_map(&guest.vm->ept, GUEST_MMIO, hpa((uint64_t)guest.ram), PAGE_SIZE,
				     PG_R | PG_W | PG_UC), 0);
	ck_assert_int_eq(gva_read(guest.vcpu, 0x400000, &v, 8, GVA_READ), -EFAULT);
}
END_TEST

/* What gva_code() must say, by a walk that keeps nothing: NULL with *r, or where the byte is. */
static const uint8_t *fresh_code(uint64_t linear, uint32_t access, int *r, uint32_t *code)
{
	uint32_t attr;
	hpa_t at;

	*r = gva_translate(guest.vcpu, linear, access | GVA_FETCH, &out, code);
	if (*r)
		return NULL;
	*r = pgtable_lookup(&guest.vm->ept, out.v, &at, &attr, NULL) || (attr & PG_TYPE_MASK) != PG_WB ? -EFAULT : 0;
	return *r ? NULL : (const uint8_t *)hpa_to_hva(at);
}

static void expect_code(uint64_t linear, uint32_t access)
{
	const uint8_t *want, *got = NULL;
	uint32_t want_error = 0, got_error = 0;
	int want_r, r;

	want = fresh_code(linear, access, &want_r, &want_error);
	r = gva_code(guest.vcpu, linear, access, &got, &got_error);
	ck_assert_int_eq(r, want_r);
	if (r == 1)
		ck_assert_uint_eq(got_error, want_error);
	if (!r)
		ck_assert_ptr_eq(got, want);
}

/* Whatever changes, the walk that is kept is not believed any longer. */
START_TEST(kept_walk)
{
	const uint64_t other = guest_new_table(), page = LINEAR & PAGE_MASK;
	const struct gva_code_walk *kept = &guest.vcpu->code[page / PAGE_SIZE % GVA_CODE_WALKS];
	const uint8_t *code;
	unsigned int level;

	guest_map(LINEAR, PAGE, PTE_P | PTE_U);
	ck_assert_int_eq(gva_code(guest.vcpu, LINEAR, 0, &code, &error), 0);
	ck_assert_ptr_eq(code, guest.ram + PAGE + 0xabc);
	ck_assert_uint_ne(kept->changes, 0);
	ck_assert_uint_eq(kept->nr, 4);
	ck_assert_int_eq(gva_code(guest.vcpu, page, 0, &code, &error), 0);
	ck_assert_ptr_eq(code, guest.ram + PAGE);
	for (level = 1; level <= 4; level++) {
		uint64_t *e = entry_at(LINEAR, level), old = *e;

		*e = 0;
		expect_code(LINEAR, 0);
		*e = old | PTE_NX;
		expect_code(LINEAR, 0);
		*e = old & ~PTE_U;
		expect_code(LINEAR, GVA_USER);
		*e = other | PTE_P | PTE_U;	/* a page of zeroes, or an empty table */
		expect_code(LINEAR, 0);
		*e = old;
		expect_code(LINEAR, 0);
	}
	expect_code(LINEAR, GVA_USER);
	guest_paging(true, GUEST_TABLES, CR4_PAE | CR4_SMEP, LONG);
	expect_code(LINEAR, 0);
	guest_paging(true, other, CR4_PAE, LONG);
	expect_code(LINEAR, 0);
	guest_paging(true, GUEST_TABLES, CR4_PAE, LONG);
	expect_code(LINEAR, 0);
	*entry_at(LINEAR, 1) |= PTE_NX;
	guest_paging(true, GUEST_TABLES, CR4_PAE, EFER_LME | EFER_LMA);
	expect_code(LINEAR, 0);
	guest_paging(true, GUEST_TABLES, CR4_PAE, LONG);
	guest_map(0x400000, PAGE, PTE_P);
	expect_code(0x400000, 0);
	guest_paging(true, GUEST_TABLES, CR4_PAE, EFER_NXE);	/* out of IA-32e mode */
	expect_code(0x400000, 0);
	guest_paging(false, GUEST_TABLES, 0, 0);
	expect_code(PAGE, 0);
	/* Without paging it is kept, too; nothing but CR0.PG says that it is no good any longer. */
	kept = &guest.vcpu->code[PAGE / PAGE_SIZE % GVA_CODE_WALKS];
	ck_assert(kept->changes && !kept->nr);
	*guest_entry(GUEST_TABLES) = 0;
	guest_paging(true, GUEST_TABLES, 0, 0);
	ck_assert_int_eq(gva_code(guest.vcpu, PAGE, 0, &code, &error), 1);
	guest_paging(false, GUEST_TABLES, 0, 0);
	expect_code(PAGE, 0);
}
END_TEST

/* The same for the memory below: code or a table unmapped, mapped elsewhere, made device memory. */
START_TEST(kept_walk_and_ept)
{
	struct pgtable *ept = &guest.vm->ept;
	const uint64_t places[] = { PAGE, GUEST_TABLES, entry_at(LINEAR, 4) ? GUEST_TABLES + PAGE_SIZE : 0 };
	unsigned int i;

	guest_map(LINEAR, PAGE, PTE_P);
	memcpy(guest.ram + 0x30000, guest.ram + GUEST_TABLES, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		hpa_t at = hpa((uint64_t)guest.ram + places[i]), copy = hpa((uint64_t)guest.ram + 0x30000);

		expect_code(LINEAR, 0);
		ck_assert_int_eq(pgtable_unmap(ept, places[i], PAGE_SIZE), 0);
		expect_code(LINEAR, 0);
		ck_assert_int_eq(pgtable_map(ept, places[i], copy, PAGE_SIZE, PG_R | PG_W | PG_X), 0);
		expect_code(LINEAR, 0);
		ck_assert_int_eq(pgtable_map(ept, places[i], at, PAGE_SIZE, PG_R | PG_W | PG_UC), 0);
		expect_code(LINEAR, 0);
		ck_assert_int_eq(pgtable_map(ept, places[i], at, PAGE_SIZE, PG_R | PG_W | PG_X), 0);
		expect_code(LINEAR, 0);
	}
}
END_TEST

/* One random change of a few pages' tables, of a register or of the EPT. */
static void change_something(uint64_t *const entries[16])
{
	static const uint64_t bits[] = { PTE_P, PTE_U, PTE_NX, PTE_W, PTE_A, PTE_PS, 1ul << 12, 1ul << 51 };
	uint64_t at = (uint64_t)random() % (GUEST_RAM_SIZE / PAGE_SIZE) * PAGE_SIZE;

	switch (random() % 8) {
	case 0:
		guest_paging(true, GUEST_TABLES, CR4_PAE | (random() % 2 ? CR4_SMEP : 0), random() % 4 ? LONG : LONG & ~EFER_NXE);
		break;
	case 1:
		guest_paging(true, random() % 4 ? GUEST_TABLES : at, CR4_PAE, LONG);
		break;
	case 2:
		(void)!pgtable_unmap(&guest.vm->ept, at, PAGE_SIZE);
		break;
	case 3:
		(void)!pgtable_map(&guest.vm->ept, 0, hpa((uint64_t)guest.ram), GUEST_RAM_SIZE, PG_R | PG_W | PG_X);
		break;
	default:
		*entries[random() % 16] ^= bits[random() % 8];
		break;
	}
}

/* Random changes between fetches: the answer is always that of a walk made now. */
START_TEST(kept_walks_under_change)
{
	uint64_t linear[8], *entries[16];
	unsigned int i, n, good = 0;

	srandom(11);
	for (i = 0; i < 60000; i++) {
		/* From time to time all afresh: entries have become wild. */
		if (i % 300 == 0) {
			memset(guest.ram + GUEST_TABLES, 0, GUEST_RAM_SIZE - GUEST_TABLES);
			guest.next_table = GUEST_TABLES + PAGE_SIZE;
			(void)!pgtable_map(&guest.vm->ept, 0, hpa((uint64_t)guest.ram), GUEST_RAM_SIZE, PG_R | PG_W | PG_X);
			guest_paging(true, GUEST_TABLES, CR4_PAE, LONG);
			for (n = 0; n < 8; n++) {
				linear[n] = 0x400000 + n * (n % 3 ? PAGE_SIZE : 0x200000ul);
				guest_map(linear[n], 0x10000 + n * PAGE_SIZE, PTE_P | PTE_U);
				entries[n] = entry_at(linear[n], 1);
				entries[8 + n] = entry_at(linear[n], 2);
			}
		}
		if (vmread(VMCS_GUEST_CR3) == GUEST_TABLES && random() % 3 == 0)
			change_something(entries);
		else if (random() % 3 == 0)
			guest_paging(true, GUEST_TABLES, CR4_PAE, LONG);
		n = (unsigned int)random() % 8;
		expect_code(linear[n] + (uint64_t)random() % PAGE_SIZE, random() % 2 ? GVA_USER : 0);
		good += guest.vcpu->code[linear[n] / PAGE_SIZE % GVA_CODE_WALKS].changes != 0;
	}
	ck_assert_uint_gt(good, 5000);
	ck_assert_uint_lt(good, 55000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gva");
	TCase *tc = tcase_create("walk");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_paging);
	tcase_add_test(tc, long_mode_pages);
	tcase_add_loop_test(tc, not_present_at_each_level, 1, 5);
	tcase_add_loop_test(tc, reserved_bits_at_each_level, 1, 5);
	tcase_add_test(tc, five_levels);
	tcase_add_test(tc, canonical);
	tcase_add_loop_test(tc, rights, 1, 5);
	tcase_add_test(tc, pae);
	tcase_add_test(tc, two_level);
	tcase_add_test(tc, hostile_tables);
	tcase_add_test(tc, random_tables);
	tcase_add_test(tc, copies);
	tcase_add_test(tc, fault_on_second_page);
	tcase_add_test(tc, accessed_and_dirty);
	tcase_add_test(tc, read_only_ram);
	tcase_add_test(tc, data_outside_ram);
	tcase_add_test(tc, kept_walk);
	tcase_add_test(tc, kept_walk_and_ept);
	tcase_add_test(tc, kept_walks_under_change);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
