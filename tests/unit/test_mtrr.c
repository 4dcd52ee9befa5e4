/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory types: the registers' rules, overlaps, and what a guest's MTRRs and CR0.CD make of its EPT. */
/* unit: hypervisor/vm/mtrr.c hypervisor/exit/misc.c hypervisor/vm/vcpuid.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "exit/exit.h"
#include "hv_vm.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "vm/gpa.h"
#include "vm/mtrr.h"
#include "vm/vcpu_arch.h"
#include "vm/vmsr.h"
#include "vm_mem.h"
#include "x86/cpuid.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/pte.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define BITS	39
#define MASK	((1ul << BITS) - 1)
#define DEVICE	0x80000000ul
#define FE_E	(MTRR_DEF_TYPE_E | MTRR_DEF_TYPE_FE)

static struct vm *vm;
static struct vcpu *vcpu;
static struct mtrr m;

void exit_report(struct vcpu *v, const char *why) { (void)v; (void)why; }

static void setup(void)
{
	hv_machine_reset();
	fake_cpuid_set(1, 0, (struct cpuid_regs){ 0, 0, 0, ~0u });
	fake_cpuid_set(0x80000000, 0, (struct cpuid_regs){ 0x80000008, 0, 0, 0 });
	fake_cpuid_set(0x80000008, 0, (struct cpuid_regs){ BITS, 0, 0, 0 });
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 2);
	vcpu = vm->vcpus[0];
	ck_assert_int_eq(gpa_map(vm, gpa(DEVICE), hpa(0xfeb00000), SIZE_2M, PG_R | PG_W | PG_UC), 0);
	mtrr_reset(&m);
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void set(unsigned int n, uint64_t base, uint64_t size, uint32_t type)
{
	ck_assert_int_eq(mtrr_write(&m, MSR_MTRR_PHYS_BASE(n), base | type, MASK), 0);
	ck_assert_int_eq(mtrr_write(&m, MSR_MTRR_PHYS_MASK(n), (MASK & ~(size - 1)) | MTRR_PHYS_MASK_VALID, MASK), 0);
}

static void check_type(uint64_t at, uint32_t type, uint64_t end)
{
	uint64_t e;

	ck_assert_msg(mtrr_type(&m, at, &e) == type, "type at %lx", at);
	ck_assert_msg(e == end, "at %lx: end %lx, not %lx", at, e, end);
}

START_TEST(start_state)
{
	check_type(0, PG_WB, 0x10000);
	check_type(0xa0000, PG_WB, 0xa4000);
	check_type(0xff000, PG_WB, 0x100000);
	check_type(0x100000, PG_WB, 1ul << 48);
}
END_TEST

START_TEST(disabled_is_uncached)
{
	ck_assert_int_eq(mtrr_write(&m, MSR_MTRR_DEF_TYPE, MEMTYPE_WB, MASK), 0);
	check_type(0, PG_UC, 1ul << 48);
	/* fixed ranges off: the default type reaches down to 0 */
	ck_assert_int_eq(mtrr_write(&m, MSR_MTRR_DEF_TYPE, MTRR_DEF_TYPE_E | MEMTYPE_WT, MASK), 0);
	check_type(0, PG_WT, 1ul << 48);
}
END_TEST

START_TEST(fixed_ranges)
{
	static const struct { uint32_t msr; uint64_t at, end; unsigned int part; } rows[] = {
		{ 0x250, 0, 0x10000, 0 }, { 0x250, 0x7ffff, 0x80000, 7 }, { 0x258, 0x80000, 0x84000, 0 },
		{ 0x258, 0x9c000, 0xa0000, 7 }, { 0x259, 0xa0000, 0xa4000, 0 }, { 0x259, 0xbffff, 0xc0000, 7 },
		{ 0x268, 0xc0000, 0xc1000, 0 }, { 0x269, 0xcf123, 0xd0000, 7 }, { 0x26b, 0xdb000, 0xdc000, 3 },
		{ 0x26c, 0xe1000, 0xe2000, 1 }, { 0x26f, 0xfffff, 0x100000, 7 },
	};
	uint64_t v = 0x0606060606060606ul & ~(0xfful << 8 * rows[_i].part);

	ck_assert_int_eq(mtrr_write(&m, rows[_i].msr, v | (uint64_t)MEMTYPE_WC << 8 * rows[_i].part, MASK), 0);
	set(0, 0, 1ul << 20, MEMTYPE_UC);	/* fixed beats variable */
	check_type(rows[_i].at, PG_WC, rows[_i].end);
}
END_TEST

START_TEST(variable_ranges)
{
	set(0, 0x40000000, 0x40000000, MEMTYPE_UC);
	set(7, 0x30000000, 0x1000, MEMTYPE_WC);
	check_type(0x100000, PG_WB, 0x30000000);
	check_type(0x30000fff, PG_WC, 0x30001000);
	check_type(0x30001000, PG_WB, 0x40000000);
	check_type(0x7fffffff, PG_UC, 0x80000000);
	check_type(0x80000000, PG_WB, 1ul << 48);
	/* not valid: does not count */
	ck_assert_int_eq(mtrr_write(&m, MSR_MTRR_PHYS_MASK(0), MASK & ~0x3ffffffful, MASK), 0);
	check_type(0x40000000, PG_WB, 1ul << 48);
}
END_TEST

/* 11.11.4.1; what it leaves undefined is UC. */
START_TEST(overlaps)
{
	static const uint8_t types[] = { MEMTYPE_UC, MEMTYPE_WC, MEMTYPE_WT, MEMTYPE_WP, MEMTYPE_WB };
	static const uint32_t want[5][5] = {
		{ PG_UC, PG_UC, PG_UC, PG_UC, PG_UC },
		{ PG_UC, PG_WC, PG_UC, PG_UC, PG_UC },
		{ PG_UC, PG_UC, PG_WT, PG_UC, PG_WT },
		{ PG_UC, PG_UC, PG_UC, PG_WP, PG_UC },
		{ PG_UC, PG_UC, PG_WT, PG_UC, PG_WB },
	};
	unsigned int a, b;

	for (a = 0; a < 5; a++) {
		for (b = 0; b < 5; b++) {
			set(2, 0x200000, 0x200000, types[a]);
			set(5, 0x300000, 0x100000, types[b]);
			check_type(0x300000, want[a][b], 0x400000);
		}
	}
}
END_TEST

/* Every reserved bit and type of every register. */
START_TEST(refused_values)
{
	unsigned int i, msr;

	for (i = 0; i < 64; i++) {
		uint64_t bit = 1ul << i;
		bool def = (i < 8) || i == 10 || i == 11;

		ck_assert_int_eq(mtrr_write(&m, MSR_MTRR_DEF_TYPE, bit & ~0xfful, MASK), !def);
		ck_assert_int_eq(mtrr_write(&m, MSR_MTRR_PHYS_BASE(3), bit & ~0xfful, MASK), !(i < 8 || (i > 11 && i < BITS)));
		ck_assert_int_eq(mtrr_write(&m, MSR_MTRR_PHYS_MASK(3), bit, MASK), !(i > 10 && i < BITS));
	}
	for (i = 0; i < 256; i++) {
		bool fine = i == 0 || i == 1 || (i >= 4 && i <= 6);

		ck_assert_int_eq(mtrr_write(&m, MSR_MTRR_DEF_TYPE, i, MASK), !fine);
		ck_assert_int_eq(mtrr_write(&m, MSR_MTRR_PHYS_BASE(0), i, MASK), !fine);
		ck_assert_int_eq(mtrr_write(&m, 0x26b, (0x0606060606060606ul & ~0xff00ul) | (uint64_t)i << 8, MASK), !fine);
	}
	for (msr = 0x200, i = 0; msr < 0x300; msr++) {
		uint64_t v;

		i += !mtrr_read(&m, msr, &v);
		ck_assert_int_eq(mtrr_read(&m, msr, &v), mtrr_write(&m, msr, 0, MASK));
	}
	ck_assert_uint_eq(i, 16 + 11 + 1);
}
END_TEST

static uint32_t ept_attr(uint64_t at)
{
	uint32_t attr;

	ck_assert_int_eq(pgtable_lookup(&vm->ept, at, NULL, &attr, NULL), 0);
	return attr & PG_TYPE_MASK;
}

static uint64_t ept_size(uint64_t at)
{
	uint64_t size;

	ck_assert_int_eq(pgtable_lookup(&vm->ept, at, NULL, NULL, &size), 0);
	return size;
}

/* As exit/run.c serves it. */
static unsigned int settle(void)
{
	unsigned int slices = 0;

	while (vcpu->requests & 1ul << REQ_MEMTYPES) {
		int r = mtrr_continue(vm);

		ck_assert_int_ge(r, 0);
		slices++;
		if (!r)
			vcpu->requests &= ~(1ul << REQ_MEMTYPES);
	}
	return slices;
}

static void wr(uint32_t msr, uint64_t v)
{
	ck_assert_int_eq(vmsr_write(vcpu, msr, v), 0);
	settle();
}

static void set_cr0(uint64_t v)
{
	ck_assert_int_eq(vcpu_write_cr0(vcpu, v), 0);
	settle();
}

static void other_cd(bool cd)
{
	if (mtrr_apply(vm->vcpus[1], cd))
		vcpu->requests |= 1ul << REQ_MEMTYPES;
	settle();
}

/* RAM follows, devices do not; it stays RAM for the hypervisor; large pages are split only at the borders. */
START_TEST(ept_follows)
{
	wr(MSR_MTRR_PHYS_BASE(0), 0x300000 | MEMTYPE_WC);
	wr(MSR_MTRR_PHYS_MASK(0), (MASK & ~0xfffffful) | MTRR_PHYS_MASK_VALID);
	wr(MSR_MTRR_PHYS_MASK(0), (MASK & ~0xffful) | MTRR_PHYS_MASK_VALID);
	ck_assert_uint_eq(ept_attr(0x300000), PG_WC);
	ck_assert_uint_eq(ept_size(0x300000), PAGE_SIZE);
	ck_assert_uint_eq(ept_attr(0x301000), PG_WB);
	ck_assert_uint_eq(ept_attr(0x2ff000), PG_WB);
	ck_assert_uint_eq(ept_size(0x400000), SIZE_2M);
	ck_assert_ptr_eq(gpa_ptr(vm, gpa(0x300000), 8), hv_vm_ram(vm) + 0x300000);
	wr(MSR_MTRR_DEF_TYPE, FE_E | MEMTYPE_UC);
	ck_assert_uint_eq(ept_attr(0x400000), PG_UC);
	ck_assert_uint_eq(ept_attr(0x300000), PG_WC);
	ck_assert_uint_eq(ept_attr(0x1000), PG_WB);
	ck_assert_uint_eq(ept_attr(DEVICE), PG_UC);
	ck_assert_ptr_null(gpa_ptr(vm, gpa(DEVICE), 8));
	wr(MSR_MTRR_DEF_TYPE, FE_E | MEMTYPE_WB);
	wr(MSR_MTRR_PHYS_MASK(0), 0);
	ck_assert_uint_eq(ept_attr(0x300000), PG_WB);
	ck_assert_uint_eq(ept_attr(0x400000), PG_WB);
	ck_assert_uint_eq(ept_attr(DEVICE), PG_UC);
}
END_TEST

/* Other vCPUs' registers are kept only; a flush is asked of all when vCPU 0's change. */
START_TEST(boot_processor_decides)
{
	struct vcpu *other = vm->vcpus[1];

	other->requests = 0;
	ck_assert_int_eq(vmsr_write(other, MSR_MTRR_DEF_TYPE, 0), 0);
	ck_assert_uint_eq(other->arch->mtrr.def_type, 0);
	ck_assert_uint_eq(ept_attr(0x400000), PG_WB);
	ck_assert_uint_eq(other->requests, 0);
	wr(MSR_MTRR_DEF_TYPE, 0);
	ck_assert_uint_eq(ept_attr(0x400000), PG_UC);
	ck_assert(other->requests & 1ul << REQ_EPT_FLUSH);
}
END_TEST

/* RAM is uncached while any vCPU has CD set, also RAM that comes meanwhile. */
START_TEST(cache_disable)
{
	set_cr0(CR0_PE | CR0_CD);
	ck_assert_uint_eq(vmread(VMCS_GUEST_CR0) & CR0_CD, 0);
	ck_assert_uint_eq(ept_attr(0x400000), PG_UC);
	other_cd(true);
	set_cr0(CR0_PE);
	ck_assert_uint_eq(ept_attr(0x400000), PG_UC);
	ck_assert_int_eq(gpa_map(vm, gpa(0x40000000), hpa(vm->ram_hpa), SIZE_2M, PG_R | PG_W | PG_WB), 0);
	ck_assert_uint_eq(ept_attr(0x40000000), PG_UC);
	ck_assert_ptr_nonnull(gpa_ptr(vm, gpa(0x40000000), 8));
	other_cd(false);
	ck_assert_uint_eq(ept_attr(0x400000), PG_WB);
	ck_assert_uint_eq(ept_attr(0x40000000), PG_WB);
}
END_TEST

/* A restart finds RAM write-back again. */
START_TEST(reset)
{
	wr(MSR_MTRR_DEF_TYPE, 0);
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_CD), 0);
	vcpu_reset(vcpu);
	hv_vcpu_start(vcpu);
	settle();
	ck_assert_uint_eq(ept_attr(0x400000), PG_WB);
	ck_assert_uint_eq(vm->memtypes.everywhere, PG_WB);
}
END_TEST

START_TEST(hidden)
{
	uint64_t v;
	uint32_t msr;

	vm->flags |= SCENARIO_FLAG_HIDE_MTRR;
	ck_assert_int_eq(vmsr_read(vcpu, MSR_MTRR_CAP, &v), 1);
	for (msr = 0x200; msr < 0x300; msr++)
		if (msr != MSR_PAT)
			ck_assert_msg(vmsr_read(vcpu, msr, &v) && vmsr_write(vcpu, msr, 0), "MSR %x", msr);
	set_cr0(CR0_CD);
	ck_assert_uint_eq(ept_attr(0x400000), PG_UC);
	set_cr0(0);
	ck_assert_uint_eq(ept_attr(0x400000), PG_WB);
}
END_TEST

/* No page for a split. */
START_TEST(no_memory)
{
	wr(MSR_MTRR_PHYS_BASE(0), 0x300000 | MEMTYPE_UC);
	fake_mem_empty = true;
	ck_assert_int_eq(vmsr_write(vcpu, MSR_MTRR_PHYS_MASK(0), (MASK & ~0xffful) | MTRR_PHYS_MASK_VALID), 0);
	ck_assert_int_eq(mtrr_continue(vm), -ENOMEM);
	fake_mem_empty = false;
}
END_TEST

/* 64 MiB at a time; a change in between begins again; nothing is left half done, not by a reset either. */
START_TEST(slices)
{
	ck_assert_int_eq(gpa_map(vm, gpa(0x3fe00000), hpa(vm->ram_hpa), SIZE_2M, PG_R | PG_W | PG_WB), 0);
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_CD), 0);
	ck_assert_int_eq(mtrr_continue(vm), 1);
	ck_assert_uint_eq(ept_attr(0x400000), PG_UC);
	ck_assert_uint_eq(ept_attr(0x3fe00000), PG_WB);
	ck_assert_int_eq(vcpu_write_cr0(vcpu, 0), 0);
	ck_assert_uint_eq(settle(), 16);
	ck_assert_uint_eq(ept_attr(0x400000), PG_WB);
	ck_assert_int_eq(vcpu_write_cr0(vcpu, CR0_CD), 0);
	ck_assert_int_eq(mtrr_continue(vm), 1);
	vcpu_reset(vcpu);
	hv_vcpu_start(vcpu);
	ck_assert_uint_eq(settle(), 16);
	ck_assert_uint_eq(ept_attr(0x400000), PG_WB);
	ck_assert_uint_eq(settle(), 0);
}
END_TEST

/* Real flushes for the owner of devices, or where uncached RAM is not snooped; never for others. */
START_TEST(flushes)
{
	ck_assert_int_eq(exit_wbinvd(vcpu), 0);
	wr(MSR_MTRR_DEF_TYPE, 0);
	ck_assert_int_eq(exit_wbinvd(vcpu), 0);
	ck_assert_uint_eq(fake_cpu.nr_wbinvd, 0);
	fake_cpuid_set(1, 0, (struct cpuid_regs){ 0, 0, 0, ~CPUID_1_EDX_SS });
	ck_assert_int_eq(exit_wbinvd(vcpu), 0);
	ck_assert_uint_eq(fake_cpu.nr_wbinvd, 1);
	wr(MSR_MTRR_DEF_TYPE, FE_E | MEMTYPE_WB);
	ck_assert_int_eq(exit_wbinvd(vcpu), 0);
	ck_assert_uint_eq(fake_cpu.nr_wbinvd, 1);
	service_vm = vm;
	ck_assert_int_eq(exit_wbinvd(vcpu), 0);
	ck_assert_uint_eq(fake_cpu.nr_wbinvd, 2);
	service_vm = NULL;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mtrr");
	TCase *t = tcase_create("mtrr");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, start_state);
	tcase_add_test(t, disabled_is_uncached);
	tcase_add_loop_test(t, fixed_ranges, 0, 11);
	tcase_add_test(t, variable_ranges);
	tcase_add_test(t, overlaps);
	tcase_add_test(t, refused_values);
	tcase_add_test(t, ept_follows);
	tcase_add_test(t, boot_processor_decides);
	tcase_add_test(t, cache_disable);
	tcase_add_test(t, reset);
	tcase_add_test(t, hidden);
	tcase_add_test(t, no_memory);
	tcase_add_test(t, slices);
	tcase_add_test(t, flushes);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
