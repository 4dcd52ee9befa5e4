/* SPDX-License-Identifier: BSD-3-Clause */
/* Local APIC passthrough: what is opened and closed, handing over and taking back, and ICR writes. */
/* unit: hypervisor/vm/lapic_pt.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "cpu/percpu.h"
#include "hv_vm.h"
#include "vm/lapic_pt.h"
#include "vm/vcpu_arch.h"
#include "vm/virq_entry.h"
#include "vm/vlapic.h"
#include "vm/virq.h"
#include "vm/vmsr.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "x86/apicreg.h"
#include "x86/insn.h"
#include "x86/msr.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define APIC_BASE_X2	(APIC_BASE_DEFAULT | 1u << 11 | 1u << 10)

static struct vm *vm;
static struct vcpu *vcpu;
static uint32_t proc_before, pin_before;

static void setup(void)
{
	uint32_t msr;

	hv_machine_reset();
	for (msr = 0x800; msr < 0x840; msr++)
		fake_msr_set(msr, 0);
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 3);
	vcpu = vm->vcpus[0];
	vm->lapic_pt = true;
	hv_vcpu_start(vcpu);
	proc_before = vcpu->vmx->proc;
	pin_before = vcpu->vmx->pin;
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

/* The guest's switch to x2APIC mode. */
static void to_x2apic(void) { ck_assert_int_eq(vmsr_write(vcpu, MSR_APIC_BASE, APIC_BASE_X2), 0); }

static bool exits(uint32_t msr, bool write)
{
	const uint8_t *map = (const uint8_t *)vcpu->arch->msr_bitmap + (write ? 2048 : 0) + (msr >= 0xc0000000 ? 1024 : 0);

	return map[(msr & 0x1fff) / 8] >> msr % 8 & 1;
}

static void check_closed(void)
{
	uint32_t msr;

	for (msr = 0x800; msr < 0x900; msr++)
		ck_assert_msg(exits(msr, false) && exits(msr, true), "MSR %x", msr);
	ck_assert(exits(MSR_TSC_DEADLINE, true));
	ck_assert(!vcpu->lapic_pt);
	ck_assert(!this_cpu()->lapic_owned_by_guest);
	ck_assert_uint_eq(vcpu->vmx->proc, proc_before);
	ck_assert_uint_eq(vcpu->vmx->pin, pin_before);
}

START_TEST(only_x2apic_mode_hands_it_over)
{
	check_closed();
	vmsr_apic_mode(vcpu);
	check_closed();
}
END_TEST

START_TEST(handed_over)
{
	uint32_t msr;

	to_x2apic();
	ck_assert(vcpu->lapic_pt && this_cpu()->lapic_owned_by_guest);
	ck_assert_uint_eq(vcpu->vmx->pin & PIN_EXTINT, 0);
	ck_assert_uint_eq(vcpu->vmx->pin & PIN_NMI, PIN_NMI);
	ck_assert_uint_eq(vcpu->vmx->proc & (PROC_HLT | PROC_TPR_SHADOW | PROC_INTR_WINDOW), 0);
	ck_assert_uint_ge(hv_lapic.nr_arms, 1);
	for (msr = 0x800; msr < 0x840; msr++) {
		bool kept = msr == MSR_X2APIC_ICR || msr == 0x802 || msr == 0x80d;

		ck_assert_msg(exits(msr, false) == kept && exits(msr, true) == kept, "MSR %x", msr);
	}
	ck_assert(exits(0x840, true) && exits(MSR_APIC_BASE, true));
	ck_assert(!exits(MSR_TSC_DEADLINE, true));
}
END_TEST

static unsigned int nr_served;

static void serve_twice(void)
{
	ck_assert(!this_cpu()->lapic_owned_by_guest);
	if (++nr_served == 2)
		lapic_pt_release();
}

/* While somebody needs all CPUs to answer, the switch waits and answers; afterwards nobody can hold. */
START_TEST(waits_for_the_holder)
{
	ck_assert_int_eq(lapic_pt_hold(), 0);
	fake_on_serve = serve_twice;
	to_x2apic();
	fake_on_serve = NULL;
	ck_assert_uint_eq(nr_served, 2);
	ck_assert(this_cpu()->lapic_owned_by_guest);
	ck_assert_int_eq(lapic_pt_hold(), -EPERM);
	lapic_pt_disable(vcpu);
	ck_assert_int_eq(lapic_pt_hold(), 0);
	lapic_pt_release();
}
END_TEST

/* What the guest programmed before goes on in the real APIC. */
START_TEST(registers_go_along)
{
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_SVR, APIC_SVR_ENABLE | 0xf7), 0);
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_TPR, 0x20), 0);
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_LVT_TIMER, 0xec), 0);
	to_x2apic();
	ck_assert_uint_eq(rdmsr(0x808), 0x20);
	ck_assert_uint_eq(rdmsr(0x832), 0xec);
	ck_assert_uint_eq(rdmsr(0x80f), APIC_SVR_ENABLE | 0xf7);
}
END_TEST

/* The guest's timer counts TSC ticks, the real one has another clock; divisors hold for both. */
START_TEST(armed_counting_timer_goes_along)
{
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_SVR, APIC_SVR_ENABLE | 0xf7), 0);
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_LVT_TIMER, 0xec | (_i ? APIC_LVT_TIMER_PERIODIC : 0)), 0);
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_TDCR, APIC_TDCR_BY_16), 0);
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_TMICT, 1000000), 0);
	fake_time_pass(4000000);
	to_x2apic();
	ck_assert_uint_eq(fake_time_next(), 0);
	/* Left, or a whole period: 12 or 16 million ticks, 4 a count, divided by 16, never early. */
	ck_assert_uint_eq(rdmsr(0x838), (_i ? 250000 : 187500) + 1);
	ck_assert_uint_eq(rdmsr(0x83e), APIC_TDCR_BY_16);
}
END_TEST

START_TEST(armed_deadline_goes_along)
{
	fake_msr_set(MSR_TSC_DEADLINE, 0);
	fake_time_pass(1000);
	ck_assert_int_eq(vmsr_write(vcpu, MSR_TSC, 51000), 0);
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_SVR, APIC_SVR_ENABLE | 0xf7), 0);
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_LVT_TIMER, 0xec | APIC_LVT_TIMER_TSC_DEADLINE), 0);
	ck_assert_int_eq(vmsr_write(vcpu, MSR_TSC_DEADLINE, 60000), 0);
	to_x2apic();
	ck_assert_uint_eq(rdmsr(MSR_TSC_DEADLINE), 10000);
	ck_assert_uint_eq(rdmsr(0x838), 0);
	ck_assert_uint_eq(fake_time_next(), 0);
}
END_TEST

/* In service lowest first, then what waits; what is posted by those who did not see the flag follows. */
START_TEST(vectors_go_along)
{
	ck_assert_int_eq(vlapic_mmio_write(vcpu, APIC_SVR, APIC_SVR_ENABLE | 0xf7), 0);
	vlapic_post(vcpu, 0x31, false);
	vlapic_sync(vcpu);
	vlapic_accept(vcpu, 0x31);
	vlapic_post(vcpu, 0x92, false);
	vlapic_sync(vcpu);
	vlapic_accept(vcpu, 0x92);
	vlapic_post(vcpu, 0x45, false);
	vlapic_post(vcpu, 0x33, false);
	to_x2apic();
	ck_assert_uint_eq(hv_lapic.nr_held, 2);
	ck_assert_uint_eq(hv_lapic.held[0], 0x31);
	ck_assert_uint_eq(hv_lapic.held[1], 0x92);
	ck_assert_uint_eq(hv_lapic.nr_fixed, 2);
	ck_assert_uint_eq(hv_lapic.fixed_vector, 0x33);
	vlapic_post(vcpu, 0x46, false);
	vcpu->event_check = true;
	virq_before_entry(vcpu);
	ck_assert_uint_eq(hv_lapic.nr_fixed, 3);
	ck_assert_uint_eq(hv_lapic.fixed_vector, 0x46);
	ck_assert_uint_eq(vmread(VMCS_ENTRY_INTR_INFO), 0);
}
END_TEST

/* A CPU whose guest was reset by INIT takes interrupts in the hypervisor again, and HLT exits: else its IPIs go to the guest. */
START_TEST(taken_back)
{
	to_x2apic();
	lapic_pt_disable(vcpu);
	check_closed();
	ck_assert_uint_eq(hv_lapic.nr_reclaims, 1);
	ck_assert_uint_eq(hv_lapic.nr_expires, 1);
	lapic_pt_disable(vcpu);
	ck_assert_uint_eq(hv_lapic.nr_reclaims, 1);
}
END_TEST

/* Leaving x2APIC mode (a kexec does) gives it back, entering it again takes it again. */
START_TEST(mode_changes)
{
	to_x2apic();
	ck_assert_int_eq(vmsr_write(vcpu, MSR_APIC_BASE, APIC_BASE_DEFAULT), 0);
	check_closed();
	ck_assert_int_eq(vmsr_write(vcpu, MSR_APIC_BASE, APIC_BASE_DEFAULT | 1u << 11), 0);
	check_closed();
	to_x2apic();
	ck_assert(vcpu->lapic_pt);
}
END_TEST

START_TEST(machine_without_x2apic)
{
	hv_lapic.x2apic = false;
	to_x2apic();
	ck_assert(vm->crashed && !vcpu->lapic_pt);
}
END_TEST

static int icr(uint32_t dest, uint32_t low)
{
	return vmsr_write(vcpu, MSR_X2APIC_ICR, (uint64_t)dest << 32 | low);
}

START_TEST(icr_to_others)
{
	to_x2apic();
	vm->vcpus[1]->lapic_pt = true;
	ck_assert_int_eq(icr(1, 0x51), 0);
	ck_assert_uint_eq(hv_lapic.nr_fixed, 1);
	ck_assert_uint_eq(hv_lapic.fixed_apic_id, 1);
	ck_assert_uint_eq(hv_lapic.fixed_vector, 0x51);
	ck_assert_int_eq(icr(1, 0x400), 0);
	ck_assert(vm->vcpus[1]->requests & 1ul << REQ_NMI);
	ck_assert_int_eq(icr(1, 0x4500), 0);
	ck_assert(vm->vcpus[1]->requests & 1ul << REQ_INIT);
	ck_assert_int_eq(icr(1, 0x4699), 0);
	ck_assert(vm->vcpus[1]->requests & 1ul << REQ_SIPI);
	ck_assert_uint_eq(vm->vcpus[1]->sipi_vector, 0x99);
	ck_assert_int_eq(icr(1, 0x0f), 0);
	/* A message of somebody else, too. */
	virq_post(vm->vcpus[1], 0x0f, false);
	ck_assert_uint_eq(hv_lapic.nr_fixed, 1);
	vm->vcpus[1]->lapic_pt = false;
}
END_TEST

/* INIT level de-assert does nothing (11.6.1): Linux sends it after every INIT. */
START_TEST(init_de_assert)
{
	to_x2apic();
	ck_assert_int_eq(icr(1, 0x8500), 0);
	ck_assert_uint_eq(vm->vcpus[1]->requests & 1ul << REQ_INIT, 0);
}
END_TEST

/* A message nobody is there to take is lost, as on the bus: no fault. */
START_TEST(icr_to_nobody)
{
	to_x2apic();
	ck_assert_int_eq(icr(77, 0x51), 0);
	ck_assert_int_eq(icr(77, 0x4500), 0);
}
END_TEST

START_TEST(shorthands)
{
	unsigned int i;

	to_x2apic();
	for (i = 1; i < 3; i++)
		vm->vcpus[i]->lapic_pt = true;
	ck_assert_int_eq(icr(0, 1u << 18 | 0x61), 0);
	ck_assert_uint_eq(hv_lapic.nr_fixed, 1);
	ck_assert_uint_eq(hv_lapic.fixed_apic_id, 0);
	ck_assert_int_eq(icr(0, 2u << 18 | 0x61), 0);
	ck_assert_uint_eq(hv_lapic.nr_fixed, 4);
	ck_assert_int_eq(icr(0, 3u << 18 | 0x61), 0);
	ck_assert_uint_eq(hv_lapic.nr_fixed, 6);
	for (i = 1; i < 3; i++)
		vm->vcpus[i]->lapic_pt = false;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lapic_pt");
	TCase *c = tcase_create("lapic_pt");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, only_x2apic_mode_hands_it_over);
	tcase_add_test(c, handed_over);
	tcase_add_test(c, waits_for_the_holder);
	tcase_add_test(c, registers_go_along);
	tcase_add_loop_test(c, armed_counting_timer_goes_along, 0, 2);
	tcase_add_test(c, armed_deadline_goes_along);
	tcase_add_test(c, vectors_go_along);
	tcase_add_test(c, taken_back);
	tcase_add_test(c, mode_changes);
	tcase_add_test(c, machine_without_x2apic);
	tcase_add_test(c, icr_to_others);
	tcase_add_test(c, init_de_assert);
	tcase_add_test(c, icr_to_nobody);
	tcase_add_test(c, shorthands);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
