/* SPDX-License-Identifier: BSD-3-Clause */
/* Entries that fail, exits nobody asked for, task switches: that VM stops with a report, whatever the number. */
/* unit: hypervisor/exit/dispatch.c hypervisor/exit/fail.c hypervisor/exit/misc.c hypervisor/vm/vcpuid.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit/exit.h"
#include "hv_vm.h"
#include "io/decode.h"
#include "lib/errno.h"
#include "log/log.h"
#include "vm/vcpu_arch.h"
#include "vm_mem.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

static struct vm *vm;
static struct vcpu *vcpu;
static char said[8192];
static enum vm_stop stopped;
static unsigned int handled;

void log_printf(enum log_level level, const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

unsigned int io_decode_bytes(struct vcpu *v, uint8_t buf[15])
{
	(void)v;
	memcpy(buf, "\x0f\x01\xc4", 3);
	return 3;
}

/* Handlers that live elsewhere. */
#define HANDLER(name) int name(struct vcpu *v) { (void)v; handled++; return 0; }
HANDLER(exit_exception)
HANDLER(exit_extint)
HANDLER(exit_triple_fault)
HANDLER(exit_window)
HANDLER(exit_preempt_timer)
HANDLER(exit_nmi_window)
HANDLER(exit_hlt)
HANDLER(exit_machine_check)
HANDLER(exit_vmcall)
HANDLER(exit_cr)
HANDLER(exit_io)
HANDLER(exit_rdmsr)
HANDLER(exit_wrmsr)
HANDLER(exit_tpr_below)
HANDLER(exit_eoi)
HANDLER(exit_apic_write)
HANDLER(exit_ept_violation)

int exit_ept_misconfig(struct vcpu *v)
{
	(void)v;
	return -EIO;
}

static void note_stop(struct vm *v, enum vm_stop why)
{
	ck_assert_ptr_eq(v, vm);
	stopped = why;
}

static void setup(void)
{
	hv_machine_reset();
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 2);
	vm->hooks.stopped = note_stop;
	vcpu = vm->vcpus[0];
	vcpu->gpr[GPR_R9] = 0xabcdef;
	vmwrite(VMCS_GUEST_RIP, 0x123456);
	said[0] = 0;
	stopped = VM_STOP_NONE;
	handled = 0;
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

/* Who, where, registers and the instruction stand in it. */
static void check_report(void)
{
	ck_assert_ptr_nonnull(strstr(said, "vm test vCPU 0"));
	ck_assert_ptr_nonnull(strstr(said, "0000000000abcdef"));
	ck_assert_ptr_nonnull(strstr(said, "rip 0000000000123456"));
	ck_assert_ptr_nonnull(strstr(said, "0f 01 c4"));
}

static void check_crashed(const char *reason)
{
	check_report();
	ck_assert(vm->crashed);
	ck_assert_int_eq(stopped, VM_STOP_CRASH);
	ck_assert_msg(strstr(vm->crash_reason, reason), "%s", vm->crash_reason);
	ck_assert(vm->vcpus[0]->requests & 1ul << REQ_PAUSE);
	ck_assert(vm->vcpus[1]->requests & 1ul << REQ_PAUSE);
}

START_TEST(failed_entry)
{
	static const struct { uint32_t reason; const char *text; } rows[] = {
		{ EXIT_BAD_STATE, "invalid guest state" }, { EXIT_BAD_MSR, "MSR loading" },
		{ EXIT_MACHINE_CHECK, "machine check" },
	};

	vmwrite(VMCS_EXIT_REASON, rows[_i].reason | EXIT_REASON_ENTRY_FAILURE);
	ck_assert_int_eq(exit_dispatch(vcpu), 0);
	check_crashed("VM entry failed");
	ck_assert_ptr_nonnull(strstr(said, rows[_i].text));
	ck_assert_uint_eq(handled, rows[_i].reason == EXIT_MACHINE_CHECK);
}
END_TEST

START_TEST(refused_entry)
{
	vmwrite(VMCS_INSN_ERROR, 7);
	exit_entry_failed(vcpu, 0);
	check_crashed("VM entry failed");
	ck_assert_ptr_nonnull(strstr(said, "VM-instruction error 7"));
}
END_TEST

/* All 16 bits of a basic reason: handled and counted, or reported and refused. */
START_TEST(every_reason)
{
	uint32_t reason, known = 0;

	for (reason = 0; reason < 0x10000; reason++) {
		const char *name = exit_reason_name(reason);
		int err;

		if (reason == EXIT_TASK_SWITCH || reason == EXIT_EPT_MISCONFIG)
			continue;
		said[0] = 0;
		vmwrite(VMCS_EXIT_REASON, reason);
		err = exit_dispatch(vcpu);
		vmwrite(VMCS_GUEST_RIP, 0x123456);
		if (strcmp(name, "unknown reason")) {
			known++;
			ck_assert_msg(!err && vcpu->exits[reason] == 1, "reason %u: %d", reason, err);
		} else {
			ck_assert_msg(err == -ENOSYS, "reason %u: %d", reason, err);
		}
	}
	ck_assert_uint_ge(known, 40);
	ck_assert(!vm->crashed);
}
END_TEST

/* A handler that gives up, and a reason nobody asked for. */
START_TEST(unhandled)
{
	int err;

	vmwrite(VMCS_EXIT_REASON, _i ? 0xfff : EXIT_EPT_MISCONFIG);
	err = exit_dispatch(vcpu);
	ck_assert_int_eq(err, _i ? -ENOSYS : -EIO);
	exit_unhandled(vcpu, err);
	ck_assert_ptr_nonnull(strstr(said, _i ? "unknown reason" : "EPT misconfiguration"));
	check_crashed("could not be handled");
}
END_TEST

START_TEST(task_switch)
{
	static const char *const source[] = { "CALL", "IRET", "JMP", "a task gate" };

	vmwrite(VMCS_EXIT_REASON, EXIT_TASK_SWITCH);
	vmwrite(VMCS_EXIT_QUALIFICATION, (uint64_t)_i << 30 | 0x38);
	ck_assert_int_eq(exit_dispatch(vcpu), 0);
	check_crashed("hardware task switch");
	ck_assert_ptr_nonnull(strstr(vm->crash_reason, source[_i]));
	ck_assert_ptr_nonnull(strstr(vm->crash_reason, "selector 38"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exit_fail");
	TCase *t = tcase_create("exit_fail");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, failed_entry, 0, 3);
	tcase_add_test(t, refused_entry);
	tcase_add_test(t, every_reason);
	tcase_add_loop_test(t, unhandled, 0, 2);
	tcase_add_loop_test(t, task_switch, 0, 4);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
