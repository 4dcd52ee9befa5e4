/* SPDX-License-Identifier: BSD-3-Clause */
/* Hyper-V's leaves and registers: shown only where asked for, clocks that agree, pages written only to RAM. */
/* unit: hypervisor/vm/hyperv.c hypervisor/vm/mtrr.c hypervisor/vm/vcpuid.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hv_vm.h"
#include "public/hypercall.h"
#include "vm/hyperv.h"
#include "vm/vcpu_arch.h"
#include "vm/vcpuid.h"
#include "vm/vmsr.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "x86/cr.h"
#include "x86/msr.h"

#define AT	0x5000ul

static struct vm *vm;
static struct vcpu *vcpu;

struct page { uint32_t sequence, reserved; uint64_t scale; int64_t offset; };

static void setup(void)
{
	hv_machine_reset();
	fake_tsc = 777000000;
	fake_tsc_khz = 2500000;
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 2);
	vcpu = vm->vcpus[0];
	vm->options = SCENARIO_OPT_HYPERV_LEAVES;
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	fake_tsc_khz = 1000000;
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static uint64_t rd(uint32_t msr)
{
	uint64_t v;

	ck_assert_int_eq(vmsr_read(vcpu, msr, &v), 0);
	return v;
}

static void wr(uint32_t msr, uint64_t v) { ck_assert_int_eq(vmsr_write(vcpu, msr, v), 0); }

START_TEST(not_asked_for)
{
	uint64_t v;
	uint32_t msr;

	vm->options = 0;
	ck_assert_uint_eq(vcpuid_get(vcpu, 0x40000001, 0).eax, 0);
	for (msr = 0x40000000; msr < 0x40000100; msr++)
		ck_assert_msg(vmsr_read(vcpu, msr, &v) && vmsr_write(vcpu, msr, 0), "MSR %x", msr);
}
END_TEST

START_TEST(leaves)
{
	struct cpuid_regs r = vcpuid_get(vcpu, 0x40000000, 0);

	ck_assert(r.eax == HV_CPUID_MAX && r.ebx == HV_CPUID_SIGNATURE);
	r = vcpuid_get(vcpu, 0x40000001, 0);
	ck_assert_int_eq(memcmp(&r.eax, "Hv#1", 4), 0);
	ck_assert_uint_eq(r.eax & HV_FEATURE_PRIVILEGED, 0);
	r = vcpuid_get(vcpu, 0x40000002, 0);
	ck_assert_uint_eq(r.eax | r.ebx | r.ecx | r.edx, 0);
	r = vcpuid_get(vcpu, 0x40000003, 0);
	ck_assert(r.eax == 0xa62 && !r.ebx && !r.ecx && r.edx == 0x100);
	r = vcpuid_get(vcpu, 0x40000004, 0);
	ck_assert(r.eax == 0x20 && r.ebx == ~0u);
	ck_assert_uint_eq(vcpuid_get(vcpu, 0x40000005, 0).eax, 2);
	ck_assert_uint_eq(vcpuid_get(vcpu, 0x40000006, 0).eax, 0);
	ck_assert_uint_eq(vcpuid_get(vcpu, 0x40000007, 0).eax, 0);
	ck_assert_uint_eq(vcpuid_get(vcpu, 0x40000010, 0).eax, 2500000);
}
END_TEST

START_TEST(numbers)
{
	static const uint32_t there[] = { 0, 1, 2, 0x20, 0x21, 0x22, 0x23 };
	uint64_t v;
	uint32_t msr, i;

	for (msr = 0; msr < 0x100; msr++) {
		bool has = false;

		for (i = 0; i < 7; i++)
			has |= there[i] == msr;
		ck_assert_msg(!vmsr_read(vcpu, 0x40000000 + msr, &v) == has, "MSR %x", msr);
		if (msr != 0 && msr != 1 && msr != 0x21)
			ck_assert_msg(vmsr_write(vcpu, 0x40000000 + msr, 0), "MSR %x", msr);
	}
	vcpu = vm->vcpus[1];
	ck_assert_uint_eq(rd(0x40000002), 1);
	ck_assert_uint_eq(rd(0x40000022), 2500000000ul);
	ck_assert_uint_eq(rd(0x40000023), 2500000000ul);
}
END_TEST

/* A second is 10^7; years do not overflow. */
START_TEST(reference_counter)
{
	uint64_t v;

	ck_assert_uint_eq(rd(0x40000020), 0);
	fake_tsc += 2500000000ul;
	ck_assert_uint_le(10000000 - rd(0x40000020), 1);
	fake_tsc += 2500000000ul * 86400 * 1000;
	v = 10000000ul * (1 + 86400 * 1000ul);
	ck_assert_uint_le(v - rd(0x40000020), 100);
}
END_TEST

static uint64_t by_page(const struct page *p)
{
	uint64_t tsc = fake_tsc + vcpu->tsc_offset;

	return (uint64_t)((unsigned __int128)tsc * p->scale >> 64) + (uint64_t)p->offset;
}

START_TEST(reference_page)
{
	const struct page *p = (const struct page *)(hv_vm_ram(vm) + AT);
	uint64_t v;

	fake_tsc += 12345678901ul;
	wr(0x40000021, AT | 1);
	ck_assert_uint_eq(rd(0x40000021), AT | 1);
	ck_assert_uint_eq(p->sequence, 1);
	ck_assert_int_le(llabs((int64_t)(by_page(p) - rd(0x40000020))), 1);
	fake_tsc += 99999999999ul;
	ck_assert_int_le(llabs((int64_t)(by_page(p) - rd(0x40000020))), 1);
	/* another TSC: readers go to the counter, which goes on */
	v = rd(0x40000020);
	wr(MSR_TSC, 0);
	ck_assert_uint_eq(p->sequence, 0);
	ck_assert_uint_eq(rd(0x40000020), v);
	/* asked for again, with a TSC that began before the reference time */
	wr(0x40000021, AT | 1);
	ck_assert_uint_eq(p->sequence, 1);
	ck_assert_int_le(llabs((int64_t)(by_page(p) - rd(0x40000020))), 1);
}
END_TEST

START_TEST(pages_outside_ram)
{
	ck_assert_int_eq(vmsr_write(vcpu, 0x40000021, 0xfee00000ul | 1), 1);
	ck_assert_int_eq(vmsr_write(vcpu, 0x40000021, ~0ul), 1);
	ck_assert_uint_eq(rd(0x40000021), 0);
	wr(0x40000000, 1);
	ck_assert_int_eq(vmsr_write(vcpu, 0x40000001, 0xfee00000ul | 1), 1);
	ck_assert_uint_eq(rd(0x40000001), 0);
}
END_TEST

START_TEST(hypercall_page)
{
	const uint8_t *code = hv_vm_ram(vm) + AT;

	wr(0x40000001, AT | 1);
	ck_assert_uint_eq(rd(0x40000001), AT);
	ck_assert_uint_eq(code[0], 0);
	wr(0x40000000, 0x8100000000000000ul);
	wr(0x40000001, AT | 1);
	ck_assert_int_eq(memcmp(code, "\x31\xd2\xb8\x02\0\0\0\xc3", 8), 0);
	vcpu->arch->efer |= EFER_LMA;
	wr(0x40000001, AT | 3);
	ck_assert_int_eq(memcmp(code, "\xb8\x02\0\0\0\xc3", 6), 0);
	/* locked */
	wr(0x40000001, 0);
	ck_assert_uint_eq(rd(0x40000001), AT | 3);
	/* without an identity it is off */
	wr(0x40000000, 0);
	ck_assert_uint_eq(rd(0x40000001) & 1, 0);
}
END_TEST

START_TEST(reset)
{
	wr(0x40000000, 5);
	wr(0x40000021, AT | 1);
	vcpu_reset(vcpu);
	fake_tsc += 1000;
	hv_vcpu_start(vcpu);
	ck_assert_uint_eq(rd(0x40000000) | rd(0x40000001) | rd(0x40000021) | rd(0x40000020), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hyperv");
	TCase *t = tcase_create("hyperv");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, not_asked_for);
	tcase_add_test(t, leaves);
	tcase_add_test(t, numbers);
	tcase_add_test(t, reference_counter);
	tcase_add_test(t, reference_page);
	tcase_add_test(t, pages_outside_ram);
	tcase_add_test(t, hypercall_page);
	tcase_add_test(t, reset);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
