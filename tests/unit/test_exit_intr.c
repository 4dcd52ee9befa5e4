/* SPDX-License-Identifier: BSD-3-Clause */
/* Exits that are about events: whose they are, and what of the CPU's state they leave behind. */
/* unit: hypervisor/exit/intr.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "exit/exit.h"
#include "hv_vm.h"
#include "irq/vector.h"
#include "lib/bits.h"
#include "log/log.h"
#include "vm/vcpu_arch.h"
#include "vm/virq.h"
#include "vm/vlapic_reg.h"
#include "vm_mem.h"
#include "vmx/vmcs.h"
#include "x86/apicreg.h"
#include "x86/cr.h"
#include "x86/desc.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

static struct vm *vm;
static struct vcpu *vcpu;
static unsigned int nr_dispatched, nr_machine_checks;
static uint8_t dispatched, eoi_vector;

void log_printf(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

void vector_dispatch(uint8_t vector)
{
	nr_dispatched++;
	dispatched = vector;
}

int exit_machine_check(struct vcpu *v)
{
	ck_assert_ptr_eq(v, vcpu);
	nr_machine_checks++;
	return 0;
}

static void note_eoi(struct vm *v, uint8_t vector)
{
	ck_assert_ptr_eq(v, vm);
	eoi_vector = vector;
}

static void setup(void)
{
	hv_machine_reset();
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 1);
	vm->hooks.eoi = note_eoi;
	vcpu = vm->vcpus[0];
	vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_NE);
	vmwrite(VMCS_CR0_SHADOW, CR0_PE | CR0_NE);
	vmwrite(VMCS_GUEST_RIP, 0x1000);
	vmwrite(VMCS_EXIT_INSN_LEN, 1);
	vcpu->event_check = false;
	nr_dispatched = nr_machine_checks = 0;
	dispatched = eoi_vector = 0;
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void exception(uint32_t info)
{
	vmwrite(VMCS_EXIT_INTR_INFO, INTR_VALID | info);
	ck_assert_int_eq(exit_exception(vcpu), 0);
}

/* The interrupt is the host's: its handler runs, the guest gets nothing of it. */
START_TEST(host_interrupt)
{
	vmwrite(VMCS_EXIT_INTR_INFO, INTR_VALID | INTR_TYPE_EXTINT | 0x55);
	ck_assert_int_eq(exit_extint(vcpu), 0);
	ck_assert_uint_eq(nr_dispatched, 1);
	ck_assert_uint_eq(dispatched, 0x55);
	ck_assert(!vcpu->event_check);
	ck_assert_uint_eq(vcpu->requests, 0);
}
END_TEST

/* A kick for events alone is served at once; one with other work leaves all of it to the loop. */
START_TEST(kick)
{
	uint64_t requests = 1ul << REQ_EVENT | (_i ? 1ul << REQ_PAUSE : 0);

	vcpu->requests = requests;
	vmwrite(VMCS_EXIT_INTR_INFO, INTR_VALID | INTR_TYPE_EXTINT | VEC_KICK);
	ck_assert_int_eq(exit_extint(vcpu), 0);
	ck_assert_uint_eq(dispatched, VEC_KICK);
	ck_assert_uint_eq(vcpu->requests, _i ? requests : 0);
}
END_TEST

static unsigned int nr_opened;

static void opened(void)
{
	nr_opened++;
}

/* The preemption timer stands for the local APIC timer, or, as a guard, only makes the guest exit. */
START_TEST(preemption_timer)
{
	vcpu->entry_timer = _i;
	nr_opened = 0;
	fake_cpu.on_sti = opened;
	ck_assert_int_eq(exit_preempt_timer(vcpu), 0);
	ck_assert_uint_eq(hv_lapic.nr_expires, (unsigned int)_i);
	ck_assert_uint_eq(nr_opened, !_i);	/* what waited at the CPU comes now */
}
END_TEST

/* An NMI is a kick of another CPU, never the guest's. */
START_TEST(nmi)
{
	exception(INTR_TYPE_NMI | 2);
	ck_assert_uint_eq(vcpu->nr_nmi_kicks, 1);
	ck_assert_uint_eq(fake_cpu.nr_int_nmi, 1);	/* its handler runs, and NMIs are open again */
	ck_assert_uint_eq(vcpu->inject.info, 0);
	ck_assert(!vcpu->nmi_pending);
}
END_TEST

START_TEST(machine_check)
{
	exception(INTR_TYPE_HARD_EXC | VEC_MC);
	ck_assert_uint_eq(nr_machine_checks, 1);
	ck_assert_uint_eq(vcpu->inject.info, 0);
}
END_TEST

/* The guest's own exception goes back to it with its error code; NMIs stay blocked if an IRET was hit that unblocked them. */
START_TEST(reflected)
{
	vmwrite(VMCS_EXIT_ERROR_CODE, 0x18);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	exception(INTR_TYPE_HARD_EXC | VEC_GP | INTR_ERROR | (_i ? INTR_NMI_UNBLOCK : 0));
	ck_assert_uint_eq(vcpu->inject.info, INTR_VALID | INTR_TYPE_HARD_EXC | INTR_ERROR | VEC_GP);
	ck_assert_uint_eq(vcpu->inject.error, 0x18);
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTERRUPTIBILITY), _i ? BLOCK_NMI : 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), 0x1000);
}
END_TEST

START_TEST(triple_fault)
{
	ck_assert_int_eq(exit_triple_fault(vcpu), 0);
	ck_assert_uint_eq(vcpu->requests, 1ul << REQ_TRIPLE_FAULT);
}
END_TEST

/* A window that opened is closed again, and only that. */
START_TEST(windows)
{
	vmcs_change_proc(vcpu->vmx, PROC_INTR_WINDOW | PROC_NMI_WINDOW, 0);
	ck_assert_int_eq(_i ? exit_nmi_window(vcpu) : exit_window(vcpu), 0);
	ck_assert_uint_eq(vmread(VMCS_PROC_CTLS) & (PROC_INTR_WINDOW | PROC_NMI_WINDOW), _i ? PROC_INTR_WINDOW : PROC_NMI_WINDOW);
	ck_assert_int_eq(vcpu->event_check, !_i);
}
END_TEST

/* HLT waits, unless a single-step trap is due behind it. */
START_TEST(halt)
{
	if (_i) {
		vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_TF);
		ck_assert_uint_eq(vcpu->inject.info, 0);
	}
	ck_assert_int_eq(exit_hlt(vcpu), 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), 0x1001);
	ck_assert_int_eq(vcpu->state, _i ? VCPU_RUNNING : VCPU_HALTED);
}
END_TEST

/* Less priority, the end of an interrupt, a register of the virtual APIC page: each may let an interrupt in. */
START_TEST(virtual_apic)
{
	struct vlapic *a = vcpu->vlapic;

	ck_assert_int_eq(exit_tpr_below(vcpu), 0);
	ck_assert(vcpu->event_check);
	vcpu->event_check = false;

	vlapic_reg_set(a, APIC_TMR0 + 0x10 * (0x61 / 32), 1u << (0x61 % 32));
	vmwrite(VMCS_EXIT_QUALIFICATION, 0x62);
	ck_assert_int_eq(exit_eoi(vcpu), 0);
	ck_assert_uint_eq(eoi_vector, 0);	/* an edge's: no line waits for it */
	vmwrite(VMCS_EXIT_QUALIFICATION, 0x61);
	ck_assert_int_eq(exit_eoi(vcpu), 0);
	ck_assert_uint_eq(eoi_vector, 0x61);
	ck_assert(vcpu->event_check);
	vcpu->event_check = false;

	vlapic_reg_set(a, APIC_SVR, 0x1ff);
	vlapic_reg_set(a, APIC_DFR, 0);		/* as the CPU left it in the page: 28 bits are always ones */
	vmwrite(VMCS_EXIT_QUALIFICATION, APIC_DFR);
	ck_assert_int_eq(exit_apic_write(vcpu), 0);
	ck_assert_uint_eq(vlapic_reg(a, APIC_DFR), 0x0fffffff);
	ck_assert(vcpu->event_check);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exit_intr");
	TCase *t = tcase_create("exit_intr");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, host_interrupt);
	tcase_add_loop_test(t, kick, 0, 2);
	tcase_add_loop_test(t, preemption_timer, 0, 2);
	tcase_add_test(t, nmi);
	tcase_add_test(t, machine_check);
	tcase_add_loop_test(t, reflected, 0, 2);
	tcase_add_test(t, triple_fault);
	tcase_add_loop_test(t, windows, 0, 2);
	tcase_add_loop_test(t, halt, 0, 2);
	tcase_add_test(t, virtual_apic);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
