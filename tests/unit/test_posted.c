/* SPDX-License-Identifier: BSD-3-Clause */
/* Posted interrupts: who is told how, the CPU's half as the manual has it, and notifications that come too late. */
/* unit: hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vcr.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "cpu/percpu.h"
#include "hv_vm.h"
#include "irq/vector.h"
#include "lib/bits.h"
#include "vm/vcpu_arch.h"
#include "vm/virq.h"
#include "vm/virq_entry.h"
#include "vm/vlapic.h"
#include "vmx/caps.h"
#include "vm_mem.h"
#include "vm_time.h"
#include "x86/apicreg.h"
#include "x86/cr.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

static struct vm *vm;
static struct vcpu *v;	/* on CPU 1; this is CPU 0 */

static void make(bool pt)
{
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 2);
	vm->lapic_pt = pt;
	v = vm->vcpus[1];
	hv_vcpu_start(v);
	ck_assert_int_eq(vlapic_mmio_write(v, APIC_SVR, APIC_SVR_ENABLE | 0xff), 0);
	v->requests = 0;
	fake_nr_posted = 0;
	fake_nr_kicks = 0;
}

static void setup(void)
{
	hv_machine_reset();
	make(false);
	v->where = VCPU_IN_GUEST;
}

static void setup_without(void)
{
	hv_machine_reset();
	vmx_caps.may[VMX_PIN] &= ~PIN_POSTED_INTR;
	make(false);
	v->where = VCPU_IN_GUEST;
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static bool asked(void) { return v->requests & 1ul << REQ_EVENT; }
static bool on(void) { return v->vlapic->posted.control & 1ul << POSTED_ON; }
static uint32_t irr(uint8_t vector) { return *(uint32_t *)(void *)(v->vlapic->page + APIC_IRR0 + vector / 32 * 16) >> vector % 32 & 1; }

/* Posted-interrupt processing by the CPU (30.6): ON, then PIR into VIRR, then RVI. */
static void cpu_takes_notification(void)
{
	uint64_t *desc = (uint64_t *)vmread(VMCS_POSTED_DESC);
	unsigned int i;

	ck_assert_uint_eq(vmread(VMCS_POSTED_VECTOR), VEC_POSTED);
	ck_assert_uint_eq((uint64_t)desc % 64, 0);
	desc[4] &= ~1ul;
	for (i = 0; i < 256; i++) {
		if (!(desc[i / 64] >> i % 64 & 1))
			continue;
		*(uint32_t *)(void *)(v->vlapic->page + APIC_IRR0 + i / 32 * 16) |= 1u << i % 32;
		if (i > (vmread(VMCS_GUEST_INTR_STATUS) & 0xff))
			vmwrite(VMCS_GUEST_INTR_STATUS, (vmread(VMCS_GUEST_INTR_STATUS) & ~0xfful) | i);
	}
	for (i = 0; i < 4; i++)
		desc[i] = 0;
}

START_TEST(in_guest_it_is_notified)
{
	ck_assert(v->vlapic->posting && (v->vmx->pin & PIN_POSTED_INTR));
	virq_post(v, 0x45, false);
	ck_assert(on() && !asked());
	ck_assert_uint_eq(fake_nr_posted, 1);
	ck_assert_uint_eq(fake_posted_pcpu, 1);
	/* One notification is under way: it will bring these too. */
	virq_post(v, 0xd1, false);
	virq_post(v, 0x45, false);
	ck_assert_uint_eq(fake_nr_posted, 1);
	cpu_takes_notification();
	ck_assert(irr(0x45) && irr(0xd1) && !on());
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTR_STATUS) & 0xff, 0xd1);
	virq_post(v, 0x46, false);
	ck_assert_uint_eq(fake_nr_posted, 2);
}
END_TEST

/* Its own thread posts, or it is not in the guest: the request does it, and the sync takes the same words. */
START_TEST(elsewhere_the_thread_looks)
{
	v->where = VCPU_OUTSIDE;
	virq_post(v, 0x45, false);
	ck_assert(asked() && !on());
	ck_assert_uint_eq(fake_nr_posted, 0);
	ck_assert(vlapic_sync(v));
	ck_assert(irr(0x45));
	ck_assert_uint_eq(v->vlapic->posted.pir[1], 0);
	v->requests = 0;
	v->where = VCPU_IN_GUEST;
	v->pcpu_id = 0;
	virq_post(v, 0x46, false);
	ck_assert(asked());
	ck_assert_uint_eq(fake_nr_posted, 0);
	v->pcpu_id = 1;
}
END_TEST

/* Before its EOI exits, a level-triggered vector must not be where the CPU can take it. */
START_TEST(level_is_not_posted)
{
	virq_post(v, 0x71, true);
	ck_assert(asked() && !on());
	virq_post(v, 0x72, false);
	cpu_takes_notification();
	ck_assert(irr(0x72) && !irr(0x71));
	ck_assert(vlapic_sync(v));
	ck_assert(irr(0x71));
	ck_assert(v->requests & 1ul << REQ_EOI_EXITS);
	/* Edge again: the next sync takes the exit away. */
	v->requests = 0;
	v->where = VCPU_OUTSIDE;
	virq_post(v, 0x71, false);
	vlapic_sync(v);
	ck_assert(v->requests & 1ul << REQ_EOI_EXITS);
}
END_TEST

/* The CPU left the guest before the notification came: its handler wakes the thread, and the sync clears ON. */
START_TEST(notification_too_late)
{
	vcpu_arch_init();
	ck_assert_uint_eq(hv_lapic.handled_vector, VEC_POSTED);
	virq_post(v, 0x45, false);
	v->where = VCPU_OUTSIDE;
	percpu_area[0].vcpu = v;
	hv_lapic.handler(NULL, VEC_POSTED);
	ck_assert(asked());
	vlapic_sync(v);
	ck_assert(irr(0x45) && !on());
	percpu_area[0].vcpu = NULL;
	hv_lapic.handler(NULL, VEC_POSTED);
	v->where = VCPU_IN_GUEST;
	virq_post(v, 0x46, false);
	ck_assert_uint_eq(fake_nr_posted, 2);
}
END_TEST

/* Its notification went to another vCPU's descriptor while it halted: it must not sleep on it. */
START_TEST(a_lost_notification_ends_a_halt)
{
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	ck_assert(!virq_wakes_halt(v));
	virq_post(v, 0x45, false);
	v->where = VCPU_OUTSIDE;
	ck_assert(!asked());
	ck_assert(virq_wakes_halt(v));
	ck_assert(irr(0x45) && !on());
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTR_STATUS) & 0xff, 0x45);
}
END_TEST

/* In its exit handler nothing is posted: IRR and RVI get it, and the next entry needs no look. */
START_TEST(at_home_it_is_in_irr_at_once)
{
	v->pcpu_id = 0;
	v->where = VCPU_IN_HANDLER;
	percpu_area[0].vcpu = v;
	v->event_check = false;
	vmwrite(VMCS_GUEST_INTR_STATUS, 0x3300);
	virq_post(v, 0x45, false);
	ck_assert(irr(0x45) && !asked() && !v->event_check && !v->vlapic->posted.pir[1]);
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTR_STATUS), 0x3345);
	virq_post(v, 0x44, false);
	ck_assert(irr(0x44));
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTR_STATUS), 0x3345);
	ck_assert_uint_eq(v->requests, 0);
	/* Level triggered waits for its EOI exit; edge triggered later it takes the exit away. */
	virq_post(v, 0x71, true);
	ck_assert(!irr(0x71) && asked());
	vlapic_sync(v);
	v->requests = 0;
	virq_post(v, 0x71, false);
	ck_assert_uint_eq(v->requests, 1ul << REQ_EOI_EXITS);
	/* Another vCPU's, whose own CPU may be handling an exit of it. */
	vm->vcpus[0]->where = VCPU_IN_HANDLER;
	vm->vcpus[0]->requests = 0;
	virq_post(vm->vcpus[0], 0x45, false);
	ck_assert_uint_eq(vm->vcpus[0]->requests, 1ul << REQ_EVENT);
	/* Switched off (11.4.7.2), it takes nothing. */
	ck_assert_int_eq(vlapic_mmio_write(v, APIC_SVR, 0xff), 0);
	virq_post(v, 0xd1, false);
	ck_assert(!irr(0xd1));
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTR_STATUS), 0x3371);
	percpu_area[0].vcpu = NULL;
	v->pcpu_id = 1;
}
END_TEST

/* Who is in the guest is kicked, who is not may be asleep. */
START_TEST(a_kick_or_a_wake)
{
	unsigned int before = hv_threads.nr_woken;

	virq_post(v, 0x71, true);
	ck_assert(asked());
	ck_assert_uint_eq(hv_threads.nr_woken, before);
	ck_assert_uint_eq(fake_nr_kicks, 1);
	v->where = VCPU_OUTSIDE;
	virq_post(v, 0x72, true);
	ck_assert_uint_eq(hv_threads.nr_woken, before + 1);
	ck_assert_uint_eq(fake_nr_kicks, 1);
}
END_TEST

/* A disabled APIC takes nothing (11.4.7.2): the CPU would not look. */
START_TEST(disabled_apic)
{
	ck_assert_int_eq(vlapic_mmio_write(v, APIC_SVR, 0xff), 0);
	virq_post(v, 0x45, false);
	ck_assert_uint_eq(fake_nr_posted, 0);
	ck_assert(!vlapic_sync(v));
	ck_assert(!irr(0x45));
}
END_TEST

START_TEST(without_the_feature)
{
	ck_assert(!v->vlapic->posting);
	ck_assert_uint_eq(v->vmx->pin & PIN_POSTED_INTR, 0);
	virq_post(v, 0x45, false);
	ck_assert(asked() && !on());
	ck_assert_uint_eq(fake_nr_posted, 0);
}
END_TEST

/* Needs delivery by hardware, and a guest whose local APIC is virtual. */
START_TEST(not_without_vid_nor_with_passthrough)
{
	hv_vm_destroy(vm);
	vmx_caps.may[VMX_PROC2] &= ~PROC2_VID;
	make(false);
	ck_assert(!v->vlapic->posting);
	hv_vm_destroy(vm);
	hv_machine_reset();
	make(true);
	ck_assert(!v->vlapic->posting);
	ck_assert_uint_eq(v->vmx->pin & PIN_POSTED_INTR, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("posted");
	TCase *c = tcase_create("posted"), *w = tcase_create("without");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, in_guest_it_is_notified);
	tcase_add_test(c, elsewhere_the_thread_looks);
	tcase_add_test(c, level_is_not_posted);
	tcase_add_test(c, notification_too_late);
	tcase_add_test(c, a_lost_notification_ends_a_halt);
	tcase_add_test(c, at_home_it_is_in_irr_at_once);
	tcase_add_test(c, a_kick_or_a_wake);
	tcase_add_test(c, disabled_apic);
	tcase_add_test(c, not_without_vid_nor_with_passthrough);
	suite_add_tcase(s, c);
	tcase_add_checked_fixture(w, setup_without, teardown);
	tcase_add_test(w, without_the_feature);
	suite_add_tcase(s, w);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
