/* SPDX-License-Identifier: BSD-3-Clause */
/* A TSC of another rate than the machine's: exact both ways, never early, told everywhere. */
/* unit: hypervisor/vm/vcpuid.c hypervisor/vm/lapic_pt.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "hv_vm.h"
#include "public/hypercall.h"
#include "vm/hyperv.h"
#include "vm/vcpuid.h"
#include "vm/vlapic.h"
#include "vm/vmsr.h"
#include "vm/vtsc.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "x86/apicreg.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define HOST_KHZ	2500000ul
#define GUEST_KHZ	1400000ul
#define VECTOR		0xecu

static struct vm *vm;
static struct vcpu *vcpu;

/* What RDTSC gives the guest, by the rule of the SDM. */
static uint64_t guest_tsc(void)
{
	uint64_t m = vmread(VMCS_TSC_MULTIPLIER), host = vmread(VMCS_PROC2_CTLS) & PROC2_TSC_SCALING ?
		(uint64_t)((unsigned __int128)fake_tsc * m >> 48) : fake_tsc;

	return host + vmread(VMCS_TSC_OFFSET);
}

static void setup(void)
{
	hv_machine_reset();
	fake_time_reset();
	fake_tsc_khz = HOST_KHZ;
	fake_tsc = 123456789012345ul;
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 1);
	vcpu = vm->vcpus[0];
	vcpu->thread.state = THREAD_RUNNING;
	vm->options = SCENARIO_OPT_HYPERV_LEAVES;
	vtsc_init(&vm->tsc, GUEST_KHZ);
	hv_vcpu_start(vcpu);
}

static void teardown(void)
{
	vlapic_quiesce(vcpu);
	vcpu->thread.state = THREAD_DEAD;
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
static void apic_wr(uint32_t reg, uint32_t v) { ck_assert_int_eq(vlapic_mmio_write(vcpu, reg, v), 0); }

static uint32_t apic_rd(uint32_t reg)
{
	uint32_t v;

	ck_assert_int_eq(vlapic_mmio_read(vcpu, reg, &v), 0);
	return v;
}

static bool fired(void)
{
	vlapic_sync(vcpu);
	return vlapic_irr_top(vcpu) == VECTOR;
}

START_TEST(ratios)
{
	ck_assert_uint_eq(vtsc_ratio(7, 2, 0), 3);
	ck_assert_uint_eq(vtsc_ratio(7, 2, 4), 56);
	ck_assert_uint_eq(vtsc_ratio(1, 3, 64), 0x5555555555555555ul);
	ck_assert_uint_eq(vtsc_ratio(2, 3, 64), 0xaaaaaaaaaaaaaaaaul);
	ck_assert_uint_eq(vtsc_ratio(1ul << 48, (1ul << 63) - 1, 48), 1ul << 33);
}
END_TEST

/* Without a wish, or with the machine's own rate, nothing is scaled: no control, no rounding. */
START_TEST(own_rate)
{
	struct vtsc t;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vtsc_init(&t, i ? HOST_KHZ : 0);
		ck_assert_uint_eq(t.to_guest, 0);
		ck_assert_uint_eq(vtsc_khz(&t), HOST_KHZ);
		ck_assert(vtsc_from_host(&t, ~0ul) == ~0ul && vtsc_to_host(&t, ~0ul) == ~0ul);
	}
	vm->tsc = t;
	hv_vcpu_start(vcpu);
	ck_assert_uint_eq(vmread(VMCS_PROC2_CTLS) & PROC2_TSC_SCALING, 0);
	ck_assert_uint_eq(guest_tsc(), fake_tsc);
}
END_TEST

static uint64_t random64(void)
{
	static uint64_t x = 88172645463325252ul;

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static void try_pair(uint64_t host_khz, uint64_t khz)
{
	uint64_t now, ahead, host, got, hour = host_khz * 3600000;
	struct vtsc t;
	unsigned int i;

	fake_tsc_khz = host_khz;
	vtsc_init(&t, khz);
	/* The rate holds to a part in 10^9 over an hour. */
	got = vtsc_from_host(&t, hour);
	ck_assert_uint_le(khz * 3600000 - got, khz * 3600000 / 1000000000 + 1);
	for (i = 0; i < 2000; i++) {
		now = random64() >> (8 + random64() % 40);
		ahead = random64() >> (16 + random64() % 48);
		host = vtsc_to_host(&t, ahead);
		got = vtsc_from_host(&t, now + host) - vtsc_from_host(&t, now);
		ck_assert_msg(got >= ahead, "%lu kHz on %lu: %lu ticks early", khz, host_khz, ahead - got);
		/* One host tick, and what the rounded ratio makes of long times. */
		ck_assert_msg(got - ahead <= 2 + khz / host_khz + (ahead >> 30), "%lu kHz on %lu: %lu ticks late", khz, host_khz, got - ahead);
	}
}

START_TEST(never_early)
{
	static const uint64_t khz[] = { SCENARIO_MIN_TSC_KHZ, 50000, 1193182, 1999999, 2500000, 3000001, SCENARIO_MAX_TSC_KHZ };
	unsigned int i, j;

	for (i = 0; i < 7; i++)
		for (j = 0; j < 7; j++)
			if (i != j)
				try_pair(khz[i], khz[j]);
}
END_TEST

/* More than a host can count is for ever, not soon. */
START_TEST(far_future)
{
	struct vtsc t;

	fake_tsc_khz = SCENARIO_MAX_TSC_KHZ;
	vtsc_init(&t, SCENARIO_MIN_TSC_KHZ);
	ck_assert_uint_eq(vtsc_to_host(&t, ~0ul), ~0ul);
	ck_assert_uint_eq(vtsc_to_host(&t, 0), 0);
	fake_tsc_khz = HOST_KHZ;
	apic_wr(APIC_SVR, APIC_SVR_ENABLE | 0xff);
	apic_wr(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_TSC_DEADLINE);
	wr(MSR_TSC_DEADLINE, ~0ul);
	fake_time_pass(1ul << 40);
	ck_assert(!fired());
}
END_TEST

START_TEST(told_everywhere)
{
	struct cpuid_regs r = vcpuid_get(vcpu, 0x15, 0);

	ck_assert_uint_eq((uint64_t)r.ecx * r.ebx / r.eax, GUEST_KHZ * 1000);
	ck_assert_uint_eq(vcpuid_get(vcpu, 0x16, 0).eax, 1400);
	ck_assert_uint_eq(vcpuid_get(vcpu, HV_CPUID_TIMING, 0).eax, GUEST_KHZ);
	ck_assert_uint_eq(rd(0x40000022), GUEST_KHZ * 1000);
	ck_assert_uint_eq(rd(0x40000023), GUEST_KHZ * 1000);
	ck_assert_uint_eq(vlapic_timer_hz(vcpu), GUEST_KHZ * 1000);
}
END_TEST

START_TEST(tsc_runs_at_its_rate)
{
	uint64_t before = guest_tsc();

	fake_tsc += HOST_KHZ * 5000;
	ck_assert_uint_le(GUEST_KHZ * 5000 - (guest_tsc() - before), 1);
	/* Set, it goes on from there. */
	wr(MSR_TSC, 1000);
	ck_assert_uint_eq(guest_tsc(), 1000);
	fake_tsc += HOST_KHZ;
	ck_assert_uint_le(GUEST_KHZ + 1000 - guest_tsc(), 1);
}
END_TEST

/* The interrupt comes when the guest's TSC is there, whatever it was set to. */
START_TEST(deadline)
{
	uint64_t want;
	unsigned int i;

	apic_wr(APIC_SVR, APIC_SVR_ENABLE | 0xff);
	apic_wr(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_TSC_DEADLINE);
	for (i = 0; i < 3; i++) {
		want = guest_tsc() + GUEST_KHZ * 7 + 13 * i;
		wr(MSR_TSC_DEADLINE, want);
		ck_assert_uint_eq(rd(MSR_TSC_DEADLINE), want);
		/* At most three host ticks late. */
		fake_time_to(fake_time_next() - 4);
		ck_assert_uint_lt(guest_tsc(), want);
		ck_assert(!fired());
		fake_time_pass(4);
		ck_assert_uint_ge(guest_tsc(), want);
		ck_assert(fired());
		vlapic_reset(vcpu, false);
		apic_wr(APIC_SVR, APIC_SVR_ENABLE | 0xff);
		apic_wr(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_TSC_DEADLINE);
		wr(MSR_TSC, i ? ~0ul >> 1 : 5);
	}
	/* Moved by a write of the TSC while it waits. */
	wr(MSR_TSC_DEADLINE, guest_tsc() + 1000);
	wr(MSR_TSC, guest_tsc() + 1000);
	ck_assert(fired());
}
END_TEST

START_TEST(counting_modes)
{
	uint64_t before;

	apic_wr(APIC_SVR, APIC_SVR_ENABLE | 0xff);
	apic_wr(APIC_TDCR, APIC_TDCR_BY_1);
	apic_wr(APIC_LVT_TIMER, VECTOR);
	before = guest_tsc();
	apic_wr(APIC_TMICT, 1400000);
	fake_tsc += HOST_KHZ / 4;
	ck_assert_uint_le(apic_rd(APIC_TMCCT) - 1050000, 1);
	fake_time_to(fake_time_next() - 1);
	ck_assert(!fired() && apic_rd(APIC_TMCCT) > 0);
	fake_time_pass(1);
	ck_assert(fired() && !apic_rd(APIC_TMCCT));
	ck_assert_uint_le(guest_tsc() - before - 1400000, 2);
	/* A thousand periods of a millisecond are a second. */
	apic_wr(APIC_LVT_TIMER, VECTOR | APIC_LVT_TIMER_PERIODIC);
	apic_wr(APIC_TMICT, 1400000);
	before = fake_tsc;
	fake_time_to(before + HOST_KHZ * 1000);
	ck_assert_uint_le(fake_time_next() - (before + HOST_KHZ * 1000), 1001);
	apic_wr(APIC_TMICT, 0);
}
END_TEST

START_TEST(reference_time)
{
	const struct { uint32_t sequence, reserved; uint64_t scale; int64_t offset; } *p = (const void *)(hv_vm_ram(vm) + 0x5000);
	uint64_t by_page;
	unsigned int i;

	ck_assert_uint_eq(rd(0x40000020), 0);
	fake_tsc += HOST_KHZ * 86400 * 1000;
	ck_assert_uint_le(86400 * 10000000ul - rd(0x40000020), 10);
	for (i = 0; i < 2; i++) {
		wr(MSR_TSC, i ? 77 : guest_tsc());
		wr(0x40000021, 0x5001);
		fake_tsc += HOST_KHZ * 12345;
		by_page = (uint64_t)((unsigned __int128)guest_tsc() * p->scale >> 64) + (uint64_t)p->offset;
		ck_assert_int_le(llabs((int64_t)(by_page - rd(0x40000020))), 1);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vtsc");
	TCase *c = tcase_create("vtsc");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, ratios);
	tcase_add_test(c, own_rate);
	tcase_add_test(c, never_early);
	tcase_add_test(c, far_future);
	tcase_add_test(c, told_everywhere);
	tcase_add_test(c, tsc_runs_at_its_rate);
	tcase_add_test(c, deadline);
	tcase_add_test(c, counting_modes);
	tcase_add_test(c, reference_time);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
