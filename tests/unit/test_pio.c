/* SPDX-License-Identifier: BSD-3-Clause */
/* Port instructions: sizes, and the string forms with repeat, direction, address size and faults. */
/* unit: hypervisor/io/pio.c hypervisor/vm/gva.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/decode_guest.c tests/fake/vm_mem.c tests/fake/vm_vm.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "decode_guest.h"
#include "io/decode.h"
#include "io/pio.h"
#include "vm/virq.h"
#include "x86/cr.h"
#include "x86/pte.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

/* Exit qualification, SDM vol 3, table 27-5. */
#define QUAL(port, size)	((uint64_t)(port) << 16 | (uint64_t)((size) - 1))
#define IN			(1u << 3)
#define STRING			(1u << 4)
#define REP			(1u << 5)
#define ADDR16			0u	/* instruction information, bits 9:7 */
#define ADDR32			(1u << 7)
#define ADDR64			(2u << 7)

#define RIP	0x1000ul
#define DATA	0x600000ul
#define DATA_AT	0x10000ul

static void setup(void)
{
	guest_make();
	guest_map(DATA, DATA_AT, PTE_P | PTE_W);
	vmwrite(VMCS_GUEST_RIP, RIP);
	vmwrite(VMCS_EXIT_INSN_LEN, 2);
	vmwrite(VMCS_EXIT_INSN_INFO, ADDR64);
	guest.vcpu->gpr[GPR_RAX] = 0x1122334455667788;
}

static void teardown(void)
{
	guest_free();
}

static int finish(uint64_t value)
{
	guest.vcpu->io.value = value;
	return pio_finish(guest.vcpu);
}

static struct io_access *acc(void)
{
	return &guest.vcpu->io;
}

START_TEST(out_sizes)
{
	static const uint64_t want[] = { 0, 0x88, 0x7788, 0, 0x55667788 };
	const unsigned int size = (unsigned int)_i;

	if (size == 3)
		return;
	ck_assert_int_eq(pio_decode(guest.vcpu, QUAL(0x3f8, size)), DECODE_OK);
	ck_assert_int_eq(acc()->space, IO_PORT);
	ck_assert(acc()->write);
	ck_assert_uint_eq(acc()->addr, 0x3f8);
	ck_assert_uint_eq(acc()->size, size);
	ck_assert_uint_eq(acc()->value, want[size]);
	ck_assert_int_eq(pio_finish(guest.vcpu), DECODE_OK);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP + 2);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RAX], 0x1122334455667788);
}
END_TEST

START_TEST(in_sizes)
{
	static const uint64_t want[] = { 0, 0x11223344556677ef, 0x112233445566cdef, 0, 0x89abcdef };
	const unsigned int size = (unsigned int)_i;

	if (size == 3)
		return;
	ck_assert_int_eq(pio_decode(guest.vcpu, QUAL(0xffff, size) | IN), DECODE_OK);
	ck_assert(!acc()->write);
	ck_assert_uint_eq(acc()->addr, 0xffff);
	ck_assert_int_eq(finish(0xfedcba9889abcdef), DECODE_OK);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RAX], want[size]);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP + 2);
}
END_TEST

/* rep outsw of three elements: three exits, RIP stays until the last. */
START_TEST(rep_outs)
{
	uint64_t i;

	guest.vcpu->gpr[GPR_RSI] = DATA;
	guest.vcpu->gpr[GPR_RCX] = 3;
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_TF);
	memcpy(guest.ram + DATA_AT, "\x11\x22\x33\x44\x55\x66", 6);
	for (i = 0; i < 3; i++) {
		vmwrite(VMCS_GUEST_LINEAR, guest.vcpu->gpr[GPR_RSI]);
		ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP);
		ck_assert_int_eq(pio_decode(guest.vcpu, QUAL(0x1f0, 2) | STRING | REP), DECODE_OK);
		ck_assert(acc()->write);
		ck_assert_uint_eq(acc()->value, 0x2211 + i * 0x2222);
		ck_assert_int_eq(pio_finish(guest.vcpu), DECODE_OK);
		ck_assert_uint_eq(guest.vcpu->gpr[GPR_RSI], DATA + 2 * (i + 1));
		ck_assert_uint_eq(guest.vcpu->gpr[GPR_RCX], 2 - i);
		ck_assert_uint_eq(guest.nr_traps, i + 1);	/* a single step each */
	}
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP + 2);
}
END_TEST

START_TEST(ins_downwards)
{
	guest.vcpu->gpr[GPR_RDI] = DATA + 4;
	guest.vcpu->gpr[GPR_RCX] = 77;	/* no repeat: untouched */
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_DF);
	vmwrite(VMCS_GUEST_LINEAR, DATA + 4);
	ck_assert_int_eq(pio_decode(guest.vcpu, QUAL(0x1f0, 4) | STRING | IN), DECODE_OK);
	ck_assert_int_eq(finish(0xcafebabe), DECODE_OK);
	ck_assert_uint_eq(*(uint32_t *)(guest.ram + DATA_AT + 4), 0xcafebabe);
	ck_assert_uint_eq(*(uint32_t *)(guest.ram + DATA_AT + 8), 0);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RDI], DATA);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RCX], 77);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP + 2);
}
END_TEST

/* The index and count registers in the instruction's address size. */
START_TEST(address_sizes)
{
	static const struct { uint32_t info; uint64_t di, cx; } want[] = {
		{ ADDR16, 0xaaaabbbbcccc0000, 0xaaaabbbbcccc0001 },
		{ ADDR32, 0xcccd0000, 0xcccc0001 },
		{ ADDR64, 0xaaaabbbbcccd0000, 0xaaaabbbbcccc0001 },
	};

	vmwrite(VMCS_EXIT_INSN_INFO, want[_i].info);
	vmwrite(VMCS_GUEST_LINEAR, DATA);
	guest.vcpu->gpr[GPR_RDI] = 0xaaaabbbbccccffff;
	guest.vcpu->gpr[GPR_RCX] = 0xaaaabbbbcccc0002;
	ck_assert_int_eq(pio_decode(guest.vcpu, QUAL(0x60, 1) | STRING | REP | IN), DECODE_OK);
	ck_assert_int_eq(finish(0x5a), DECODE_OK);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RDI], want[_i].di);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RCX], want[_i].cx);
	ck_assert_uint_eq(guest.ram[DATA_AT], 0x5a);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP);
}
END_TEST

/* A count of zero in the address size does nothing but step on. */
START_TEST(rep_nothing)
{
	vmwrite(VMCS_EXIT_INSN_INFO, ADDR16);
	guest.vcpu->gpr[GPR_RCX] = 0xffff0000;
	ck_assert_int_eq(pio_decode(guest.vcpu, QUAL(0x60, 1) | STRING | REP), DECODE_FAULT);
	ck_assert_uint_eq(guest.nr_faults, 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP + 2);
}
END_TEST

START_TEST(outs_faults)
{
	guest.cpl = 3;
	guest.vcpu->gpr[GPR_RSI] = DATA;
	vmwrite(VMCS_GUEST_LINEAR, DATA);	/* supervisor's */
	ck_assert_int_eq(pio_decode(guest.vcpu, QUAL(0x60, 1) | STRING), DECODE_FAULT);
	ck_assert_uint_eq(guest.vector, VEC_PF);
	ck_assert_uint_eq(guest.error, PF_PRESENT | PF_USER);
	ck_assert_uint_eq(guest.cr2, DATA);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RSI], DATA);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP);
}
END_TEST

START_TEST(ins_faults)
{
	guest_map(DATA, DATA_AT, PTE_P);
	vmwrite(VMCS_GUEST_LINEAR, DATA);
	guest.vcpu->gpr[GPR_RDI] = DATA;
	if (pio_decode(guest.vcpu, QUAL(0x60, 1) | STRING | IN) == DECODE_OK)
		ck_assert_int_eq(finish(1), DECODE_FAULT);
	ck_assert_uint_eq(guest.nr_faults, 1);
	ck_assert_uint_eq(guest.error, PF_PRESENT | PF_WRITE);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RDI], DATA);
	ck_assert_uint_eq(guest.ram[DATA_AT], 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), RIP);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pio");
	TCase *tc = tcase_create("port instructions");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, out_sizes, 1, 5);
	tcase_add_loop_test(tc, in_sizes, 1, 5);
	tcase_add_test(tc, rep_outs);
	tcase_add_test(tc, ins_downwards);
	tcase_add_loop_test(tc, address_sizes, 0, 3);
	tcase_add_test(tc, rep_nothing);
	tcase_add_test(tc, outs_faults);
	tcase_add_test(tc, ins_faults);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
