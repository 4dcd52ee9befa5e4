/* SPDX-License-Identifier: BSD-3-Clause */
/* Exits of memory that the EPT does not allow: what is tried again, emulated, or ends the VM. */
/* unit: hypervisor/exit/ept.c hypervisor/vm/vcr.c hypervisor/vm/virq.c hypervisor/vm/vm.c hypervisor/vm/vcpu.c hypervisor/vm/vcpu_arch.c hypervisor/vm/split_lock.c hypervisor/vm/vmsr.c hypervisor/vm/vmicrocode.c hypervisor/vm/gva.c hypervisor/cpu/microcode.c hypervisor/vm/steal.c hypervisor/vm/hyperv.c hypervisor/vm/lapic_pt.c hypervisor/vm/gpa.c hypervisor/vm/mtrr.c hypervisor/vm/vlapic.c hypervisor/vm/vlapic_access.c hypervisor/vm/vlapic_icr.c hypervisor/vm/vlapic_timer.c hypervisor/vm/vtsc.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c hypervisor/lib/printf.c tests/fake/hv_vm.c tests/fake/vm_mem.c tests/fake/vm_time.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit/exit.h"
#include "hv_vm.h"
#include "io/decode.h"
#include "io/io.h"
#include "io/pio.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "log/log.h"
#include "vm/gpa.h"
#include "vm/vcpu_arch.h"
#include "vm_mem.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define NOWHERE		0xfed00000u	/* no RAM of the VM */
#define OPERAND		(EPT_LINEAR_VALID | EPT_OPERAND)
#define READ_ONLY	(PG_R | PG_X | PG_WB)

static struct vm *vm;
static struct vcpu *vcpu;
static char said[1024];
static int decode_says, submit_says;
static unsigned int nr_decoded, nr_submitted;
static uint64_t decoded_at, mapped_by_touch;
static bool decoded_write;

void log_printf(enum log_level level, const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

int io_decode(struct vcpu *v, gpa_t at, bool write)
{
	ck_assert_ptr_eq(v, vcpu);
	nr_decoded++;
	decoded_at = at.v;
	decoded_write = write;
	return decode_says;
}

int pio_decode(struct vcpu *v, uint64_t qualification)
{
	ck_assert_ptr_eq(v, vcpu);
	nr_decoded++;
	decoded_at = qualification;
	return decode_says;
}

int io_submit(struct vcpu *v)
{
	ck_assert_ptr_eq(v, vcpu);
	nr_submitted++;
	return submit_says;
}

static void setup(void)
{
	hv_machine_reset();
	vm = hv_vm_create(0, SCENARIO_PRE_LAUNCHED, 1);
	vcpu = vm->vcpus[0];
	said[0] = 0;
	decode_says = DECODE_OK;
	submit_says = 0;
	nr_decoded = nr_submitted = 0;
	mapped_by_touch = 0;
}

static void teardown(void)
{
	hv_vm_destroy(vm);
	ck_assert_uint_eq(fake_mem_pages, 0);
}

static int violation(uint64_t at, uint64_t q)
{
	vmwrite(VMCS_GUEST_PHYS, at);
	vmwrite(VMCS_EXIT_QUALIFICATION, q);
	return exit_ept_violation(vcpu);
}

static bool touch(struct vm *v, uint64_t at)
{
	ck_assert_ptr_eq(v, vm);
	mapped_by_touch = at;
	return at == NOWHERE;
}

/* A device: decoded and submitted, and what those say is passed on. */
START_TEST(device)
{
	static const struct { int decode, submit, result; unsigned int submitted; } rows[] = {
		{ DECODE_OK, 0, 0, 1 }, { DECODE_OK, -EIO, -EIO, 1 }, { DECODE_FAULT, 0, 0, 0 }, { -ENOEXEC, 0, -ENOEXEC, 0 },
	};

	decode_says = rows[_i].decode;
	submit_says = rows[_i].submit;
	ck_assert_int_eq(violation(NOWHERE + 0x10, EPT_WRITE | OPERAND), rows[_i].result);
	ck_assert_uint_eq(nr_decoded, 1);
	ck_assert_uint_eq(decoded_at, NOWHERE + 0x10);
	ck_assert(decoded_write);
	ck_assert_uint_eq(nr_submitted, rows[_i].submitted);
	ck_assert(!vcpu->io.protected);
}
END_TEST

/* The page came between access and exit: the guest tries again. A write to one that is there for reading is emulated. */
START_TEST(mapping_came)
{
	ck_assert_int_eq(violation(0x1000, EPT_WRITE | OPERAND), 0);
	ck_assert_uint_eq(nr_decoded, 0);
	ck_assert_int_eq(gpa_unmap(vm, gpa(SIZE_2M), SIZE_2M), 0);
	ck_assert_int_eq(gpa_map(vm, gpa(SIZE_2M), hpa(vm->ram_hpa + SIZE_2M), SIZE_2M, READ_ONLY), 0);
	ck_assert_int_eq(violation(SIZE_2M + 8, EPT_READ | OPERAND), 0);
	ck_assert_int_eq(violation(SIZE_2M + 8, EPT_FETCH | OPERAND), 0);
	ck_assert_uint_eq(nr_decoded, 0);
	ck_assert_int_eq(violation(SIZE_2M + 8, EPT_WRITE | OPERAND), 0);
	ck_assert_uint_eq(nr_decoded, 1);
	ck_assert_uint_eq(nr_submitted, 1);
	ck_assert(vcpu->io.protected);
}
END_TEST

/* A page that was not there is remembered as missing only until the tables change. */
START_TEST(hole_is_filled)
{
	ck_assert_int_eq(gpa_unmap(vm, gpa(SIZE_2M), SIZE_2M), 0);
	ck_assert_int_eq(violation(SIZE_2M, EPT_READ | OPERAND), 0);
	ck_assert_int_eq(violation(SIZE_2M, EPT_READ | OPERAND), 0);
	ck_assert_uint_eq(nr_decoded, 2);
	ck_assert_int_eq(gpa_map(vm, gpa(SIZE_2M), hpa(vm->ram_hpa + SIZE_2M), SIZE_2M, PG_R | PG_W | PG_X | PG_WB), 0);
	ck_assert_int_eq(violation(SIZE_2M, EPT_READ | OPERAND), 0);
	ck_assert_uint_eq(nr_decoded, 2);
}
END_TEST

/* What is mapped when it is touched first. */
START_TEST(touched)
{
	vm->hooks.touch = touch;
	ck_assert_int_eq(violation(NOWHERE, EPT_READ | OPERAND), 0);
	ck_assert_uint_eq(mapped_by_touch, NOWHERE);
	ck_assert_uint_eq(nr_decoded, 0);
	ck_assert_int_eq(violation(NOWHERE + PAGE_SIZE, EPT_READ | OPERAND), 0);
	ck_assert_uint_eq(nr_decoded, 1);
}
END_TEST

/* The CPU itself needed memory where there is none: nothing can be emulated, and the log says what it was. */
START_TEST(not_an_operand)
{
	static const struct { uint64_t q; uint32_t event; const char *text; } rows[] = {
		{ EPT_FETCH | OPERAND, 0, "runs code at fed00000" },
		{ EPT_WRITE | OPERAND, INTR_VALID | 0x20, "an event's stack or table lies at fed00000" },
		{ EPT_READ | EPT_LINEAR_VALID, 0, "a page table lies at fed00000" },
		{ EPT_READ, 0, "a page table lies at fed00000" },
	};

	vcpu->inject.info = rows[_i].event;
	ck_assert_int_eq(violation(NOWHERE, rows[_i].q), -EFAULT);
	ck_assert_msg(strstr(said, rows[_i].text), "%s", said);
	ck_assert_uint_eq(nr_decoded, 0);
}
END_TEST

/* An IRET that was unblocking NMIs starts again with them blocked, unless the access delivered an event. */
START_TEST(nmi_unblocking_iret)
{
	vcpu->inject.info = _i ? INTR_VALID | 0x20 : 0;
	(void)!violation(0x1000, EPT_READ | OPERAND | EPT_NMI_UNBLOCK);
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTERRUPTIBILITY), _i ? 0 : BLOCK_NMI);
}
END_TEST

START_TEST(misconfiguration)
{
	vmwrite(VMCS_GUEST_PHYS, 0x123000);
	ck_assert_int_eq(exit_ept_misconfig(vcpu), -EIO);
	ck_assert_ptr_nonnull(strstr(said, "EPT entry for 123000 is malformed"));
}
END_TEST

START_TEST(port)
{
	static const struct { int decode, submit, result; unsigned int submitted; } rows[] = {
		{ DECODE_OK, 0, 0, 1 }, { DECODE_OK, -EIO, -EIO, 1 }, { DECODE_FAULT, 0, 0, 0 }, { -ENOEXEC, 0, -ENOEXEC, 0 },
	};

	decode_says = rows[_i].decode;
	submit_says = rows[_i].submit;
	vmwrite(VMCS_EXIT_QUALIFICATION, 0x3f80003);
	ck_assert_int_eq(exit_io(vcpu), rows[_i].result);
	ck_assert_uint_eq(decoded_at, 0x3f80003);
	ck_assert_uint_eq(nr_submitted, rows[_i].submitted);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exit_ept");
	TCase *t = tcase_create("exit_ept");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, device, 0, 4);
	tcase_add_test(t, mapping_came);
	tcase_add_test(t, hole_is_filled);
	tcase_add_test(t, touched);
	tcase_add_loop_test(t, not_an_operand, 0, 4);
	tcase_add_loop_test(t, nmi_unblocking_iret, 0, 2);
	tcase_add_test(t, misconfiguration);
	tcase_add_loop_test(t, port, 0, 4);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
