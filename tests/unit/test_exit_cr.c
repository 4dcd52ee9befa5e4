/* SPDX-License-Identifier: BSD-3-Clause */
/* Exits of control registers: each form of access, in and out of long mode, with values the guest may not write. */
/* unit: hypervisor/exit/cr.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>

#include "exit/exit.h"
#include "hv_vm.h"
#include "lib/errno.h"
#include "log/log.h"
#include "vm/vcpu_arch.h"
#include "vm/virq.h"
#include "vm/vlapic.h"
#include "vm_mem.h"
#include "x86/cr.h"
#include "x86/desc.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define QUAL(cr, type, reg)	((cr) | (uint64_t)(type) << 4 | (uint64_t)(reg) << 8)
#define RIP			0x1000u
#define INSN_LEN		3u
#define GP			(INTR_VALID | INTR_TYPE_HARD_EXC | VEC_GP)

enum { TO, FROM, CLTS, LMSW };

static struct vm *vm;
static struct vcpu *vcpu;

void log_printf(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

static void setup(void)
{
	hv_machine_reset();
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 1);
	vcpu = vm->vcpus[0];
	vmwrite(VMCS_GUEST_RIP, RIP);
	vmwrite(VMCS_EXIT_INSN_LEN, INSN_LEN);
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static void cr_exit(uint64_t qualification)
{
	vmwrite(VMCS_EXIT_QUALIFICATION, qualification);
	ck_assert_int_eq(exit_cr(vcpu), 0);
}

static void check_done(void)
{
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP + INSN_LEN);
	ck_assert_uint_eq(vcpu->inject.info, 0);
}

/* Real mode pushes no error code. */
static void check_refused(void)
{
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP);
	ck_assert_uint_eq(vcpu->inject.info, GP | (vcpu_cr0(vcpu) & CR0_PE ? INTR_ERROR : 0));
	ck_assert_uint_eq(vcpu->inject.error, 0);
}

/* 64-bit mode: all of the register counts. */
static void long_mode(void)
{
	vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_PG | CR0_NE);
	vmwrite(VMCS_CR0_SHADOW, CR0_PE | CR0_PG | CR0_NE);
	vcpu->arch->efer = EFER_LME | EFER_LMA;
	vmwrite(VMCS_GUEST_CS_AR, SEG_AR_L);
	ck_assert_uint_eq(vcpu_mode_bytes(vcpu), 8);
}

START_TEST(mov_to_cr0)
{
	vcpu_set_gpr(vcpu, GPR_RBX, CR0_PE | CR0_ET | CR0_NE | CR0_MP);
	cr_exit(QUAL(0, TO, GPR_RBX));
	check_done();
	ck_assert_uint_eq(vcpu_cr0(vcpu) & (CR0_PE | CR0_MP), CR0_PE | CR0_MP);
}
END_TEST

/* Paging without protection is no mode. */
START_TEST(mov_to_cr0_refused)
{
	uint64_t old = vcpu_cr0(vcpu);

	vcpu_set_gpr(vcpu, GPR_RBX, CR0_PG);
	cr_exit(QUAL(0, TO, GPR_RBX));
	check_refused();
	ck_assert_uint_eq(vcpu_cr0(vcpu), old);
}
END_TEST

/* Outside 64-bit mode the upper half of a register is not there; in it, it must be zero. */
START_TEST(width)
{
	if (_i)
		long_mode();
	vcpu_set_gpr(vcpu, GPR_RDX, 1ul << 32 | (_i ? CR4_PAE : 0) | CR4_PGE);
	cr_exit(QUAL(4, TO, GPR_RDX));
	if (_i) {
		check_refused();
	} else {
		check_done();
		ck_assert_uint_eq(vcpu_cr4(vcpu) & CR4_PGE, CR4_PGE);
	}
}
END_TEST

START_TEST(cr8)
{
	vcpu_set_gpr(vcpu, GPR_R9, 0xb);
	vcpu->event_check = false;
	cr_exit(QUAL(8, TO, GPR_R9));
	check_done();
	ck_assert_uint_eq(vlapic_tpr(vcpu), 0xb0);
	ck_assert(vcpu->event_check);	/* less priority may let an interrupt in */

	cr_exit(QUAL(8, FROM, GPR_RSP));
	ck_assert_uint_eq(vcpu_gpr(vcpu, GPR_RSP), 0xb);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP + 2 * INSN_LEN);
}
END_TEST

START_TEST(cr8_refused)
{
	vcpu_set_gpr(vcpu, GPR_R9, 0x10);
	cr_exit(QUAL(8, TO, GPR_R9));
	check_refused();
	ck_assert_uint_eq(vlapic_tpr(vcpu), 0);
}
END_TEST

/* CR2 and CR3 never exit by our controls; CR1 does not exist. */
START_TEST(others)
{
	cr_exit(QUAL(_i, TO, GPR_RAX));
	check_refused();
	vmwrite(VMCS_EXIT_QUALIFICATION, QUAL(_i, FROM, GPR_RAX));
	ck_assert_int_eq(exit_cr(vcpu), -ENOSYS);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP);
}
END_TEST

START_TEST(clts)
{
	ck_assert_int_eq(vcpu_write_cr0(vcpu, vcpu_cr0(vcpu) | CR0_PE | CR0_TS | CR0_MP), 0);
	cr_exit(QUAL(0, CLTS, 0));
	check_done();
	ck_assert_uint_eq(vcpu_cr0(vcpu) & (CR0_TS | CR0_MP | CR0_PE), CR0_MP | CR0_PE);
}
END_TEST

/* LMSW writes the low four bits, but that it does not clear PE. */
START_TEST(lmsw)
{
	ck_assert_int_eq(vcpu_write_cr0(vcpu, vcpu_cr0(vcpu) | CR0_PE | CR0_TS | CR0_WP), 0);
	cr_exit(QUAL(0, LMSW, 0) | (uint64_t)(0xfff0 | CR0_MP | CR0_EM) << 16);
	check_done();
	ck_assert_uint_eq(vcpu_cr0(vcpu) & (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_WP | CR0_AM | CR0_PG),
			  CR0_PE | CR0_MP | CR0_EM | CR0_WP);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exit_cr");
	TCase *t = tcase_create("exit_cr");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, mov_to_cr0);
	tcase_add_test(t, mov_to_cr0_refused);
	tcase_add_loop_test(t, width, 0, 2);
	tcase_add_test(t, cr8);
	tcase_add_test(t, cr8_refused);
	tcase_add_loop_test(t, others, 1, 4);
	tcase_add_test(t, clts);
	tcase_add_test(t, lmsw);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
