/* SPDX-License-Identifier: BSD-3-Clause */
/* The halves around the parser: fetching, faults, modes, segments, and guests that change their code meanwhile. */
/* unit: hypervisor/io/decode.c hypervisor/io/decode_insn.c hypervisor/io/decode_alu.c hypervisor/io/decode_finish.c hypervisor/io/decode_string.c hypervisor/vm/gva.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/decode_guest.c tests/fake/vm_mem.c tests/fake/vm_vm.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "decode_guest.h"
#include "io/decode.h"
#include "lib/errno.h"
#include "lib/util.h"
#include "vm/virq.h"
#include "x86/cr.h"
#include "x86/desc.h"
#include "x86/pte.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define CODE	0x401000ul	/* linear, one page; the next one is mapped elsewhere */
#define DATA	0x600000ul
#define DATA_AT	0x10000ul
#define DEVICE	0x700000ul

static void setup(void)
{
	guest_make();
	guest_map(CODE, 0x31000, PTE_P);
	guest_map(CODE + PAGE_SIZE, 0x20000, PTE_P);
	guest_map(DATA, DATA_AT, PTE_P | PTE_W);
	guest_map(DEVICE, GUEST_MMIO, PTE_P | PTE_W);
}

static void teardown(void)
{
	guest_free();
}

/* Puts code at a linear address, over the page border too, and RIP there. */
static void code_at(uint64_t linear, const void *bytes, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint64_t at = linear + i;

		guest.ram[at < CODE + PAGE_SIZE ? 0x31000 + at - CODE : 0x20000 + at - CODE - PAGE_SIZE] =
			((const uint8_t *)bytes)[i];
	}
	vmwrite(VMCS_GUEST_RIP, linear);
}

#define CODE_AT(linear, s) code_at(linear, s, sizeof(s) - 1)

static int decode(bool write)
{
	return io_decode(guest.vcpu, gpa(GUEST_MMIO + 0x10), write);
}

static int answer(uint64_t value)
{
	guest.vcpu->io.value = value;
	return io_decode_finish(guest.vcpu);
}

static struct io_access *acc(void)
{
	return &guest.vcpu->io;
}

START_TEST(plain_load)
{
	guest.vcpu->gpr[GPR_RCX] = ~0ul;
	CODE_AT(CODE + 5, "\x8b\x08");		/* mov ecx, [rax] */
	ck_assert_int_eq(decode(false), DECODE_OK);
	ck_assert_int_eq(acc()->space, IO_MMIO);
	ck_assert(!acc()->write);
	ck_assert_uint_eq(acc()->size, 4);
	ck_assert_uint_eq(acc()->addr, GUEST_MMIO + 0x10);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), CODE + 5);
	ck_assert_int_eq(answer(0x89abcdef), DECODE_OK);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RCX], 0x89abcdef);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), CODE + 7);
}
END_TEST

START_TEST(plain_store)
{
	guest.vcpu->gpr[GPR_RCX] = 0x1122334455667788;
	CODE_AT(CODE, "\x88\x28");		/* mov [rax], ch */
	ck_assert_int_eq(decode(true), DECODE_OK);
	ck_assert(acc()->write);
	ck_assert_uint_eq(acc()->size, 1);
	ck_assert_uint_eq(acc()->value, 0x77);
	ck_assert_int_eq(io_decode_finish(guest.vcpu), DECODE_OK);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), CODE + 2);
}
END_TEST

/* Read, then write: nothing changes before the read is answered. */
START_TEST(read_modify_write)
{
	guest.vcpu->gpr[GPR_RCX] = 0x0f;
	CODE_AT(CODE, "\xf0\x09\x08");		/* lock or [rax], ecx */
	ck_assert_int_eq(decode(true), DECODE_OK);
	ck_assert(!acc()->write);
	ck_assert_int_eq(answer(0x80000000), DECODE_AGAIN);
	ck_assert(acc()->write);
	ck_assert_uint_eq(acc()->value, 0x8000000f);
	ck_assert_uint_eq(acc()->addr, GUEST_MMIO + 0x10);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), CODE);
	ck_assert_int_eq(io_decode_finish(guest.vcpu), DECODE_OK);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), CODE + 3);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RFLAGS), RFLAGS_FIXED | RFLAGS_SF | RFLAGS_PF);
}
END_TEST

/* An instruction over the page border, at every place. */
START_TEST(fetch_across_pages)
{
	static const char insn[] = "\x66\x41\xc7\x84\x80\x11\x22\x33\x44\x55\x66"; /* mov word [r8+rax*4+..], 0x6655 */
	unsigned int n;

	for (n = 1; n < 16; n++) {
		code_at(CODE + PAGE_SIZE - n, insn, 11);
		ck_assert_int_eq(decode(true), DECODE_OK);
		ck_assert_uint_eq(acc()->value, 0x6655);
		ck_assert_uint_eq(acc()->next_rip, CODE + PAGE_SIZE - n + 11);
	}
}
END_TEST

/* The second page is not looked at when the instruction ends before it; else its fault is the guest's. */
START_TEST(second_page_not_there)
{
	guest_map(CODE + PAGE_SIZE, 0, 0);
	CODE_AT(CODE + PAGE_SIZE - 2, "\x8b\x08");
	ck_assert_int_eq(decode(false), DECODE_OK);
	CODE_AT(CODE + PAGE_SIZE - 2, "\x8b\x88");
	ck_assert_int_eq(decode(false), DECODE_FAULT);
	ck_assert_uint_eq(guest.nr_faults, 1);
	ck_assert_uint_eq(guest.vector, VEC_PF);
	ck_assert_uint_eq(guest.cr2, CODE + PAGE_SIZE);
	ck_assert_uint_eq(guest.error, PF_INSTR);
}
END_TEST

START_TEST(code_page_not_there)
{
	CODE_AT(CODE, "\x8b\x08");
	guest_map(CODE, 0, 0);
	ck_assert_int_eq(decode(false), DECODE_FAULT);
	ck_assert_uint_eq(guest.cr2, CODE);
	guest_map(CODE, GUEST_MMIO, PTE_P);
	ck_assert_int_eq(decode(false), -ENOEXEC);
	ck_assert_uint_eq(guest.nr_faults, 1);
}
END_TEST

/* Another CPU changed the bytes: what was only read is never written. */
START_TEST(bytes_changed)
{
	CODE_AT(CODE, "\x89\x08");		/* a store, but the exit was a read */
	ck_assert_int_eq(decode(false), DECODE_FAULT);
	CODE_AT(CODE, "\x01\x08");
	ck_assert_int_eq(decode(false), DECODE_FAULT);
	CODE_AT(CODE, "\xaa");
	ck_assert_int_eq(decode(false), DECODE_FAULT);
	CODE_AT(CODE, "\x8b\x08");		/* a load, but the exit was a write */
	ck_assert_int_eq(decode(true), -ENOEXEC);
	ck_assert_uint_eq(guest.nr_faults, 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), CODE);
}
END_TEST

START_TEST(not_supported)
{
	CODE_AT(CODE, "\x0f\x28\x00");		/* movaps */
	ck_assert_int_eq(decode(false), -ENOEXEC);
	CODE_AT(CODE, "\x89\xc8");		/* no memory operand */
	ck_assert_int_eq(decode(true), -ENOEXEC);
}
END_TEST

START_TEST(bytes_for_reports)
{
	uint8_t buf[15];

	CODE_AT(CODE + PAGE_SIZE - 3, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f");
	ck_assert_uint_eq(io_decode_bytes(guest.vcpu, buf), 15);
	ck_assert_uint_eq(buf[2], 3);
	ck_assert_uint_eq(buf[14], 15);
	guest_map(CODE + PAGE_SIZE, 0, 0);
	ck_assert_uint_eq(io_decode_bytes(guest.vcpu, buf), 3);
	guest_map(CODE, 0, 0);
	ck_assert_uint_eq(io_decode_bytes(guest.vcpu, buf), 0);
	ck_assert_uint_eq(guest.nr_faults, 0);
}
END_TEST

/* Real mode: CS base, 16-bit sizes, and IP. */
START_TEST(real_mode)
{
	guest_paging(false, 0, 0, 0);
	vmwrite(VMCS_GUEST_CR0, 0);
	guest.mode = 2;
	vmwrite(VMCS_GUEST_CS_BASE, 0x31000);
	memcpy(guest.ram + 0x31100, "\xa3\x34\x12", 3);	/* mov [1234], ax */
	vmwrite(VMCS_GUEST_RIP, 0x100);
	guest.vcpu->gpr[GPR_RAX] = 0x12345678;
	ck_assert_int_eq(decode(true), DECODE_OK);
	ck_assert_uint_eq(acc()->size, 2);
	ck_assert_uint_eq(acc()->value, 0x5678);
	ck_assert_int_eq(io_decode_finish(guest.vcpu), DECODE_OK);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), 0x103);
}
END_TEST

/* A string in 16-bit code wraps at 64 KiB, and keeps the upper halves of its registers. */
START_TEST(string_in_16_bits)
{
	guest_paging(false, 0, 0, 0);
	guest.mode = 2;
	vmwrite(VMCS_GUEST_CS_BASE, 0x31000);
	vmwrite(VMCS_GUEST_ES_BASE, 0x40000);
	guest.ram[0x31000] = 0xf3;	/* rep movsw from a device */
	guest.ram[0x31001] = 0xa5;
	vmwrite(VMCS_GUEST_RIP, 0);
	guest.vcpu->gpr[GPR_RSI] = 0xaaaa0010;
	guest.vcpu->gpr[GPR_RDI] = 0xbbbbfffe;
	guest.vcpu->gpr[GPR_RCX] = 0xcccc0002;
	ck_assert_int_eq(decode(false), DECODE_OK);
	ck_assert_int_eq(answer(0x1234), DECODE_OK);
	ck_assert_uint_eq(*(uint16_t *)(guest.ram + 0x4fffe), 0x1234);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RSI], 0xaaaa0012);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RDI], 0xbbbb0000);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RCX], 0xcccc0001);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), 0);
	ck_assert_int_eq(decode(false), DECODE_OK);
	ck_assert_int_eq(answer(0x5678), DECODE_OK);
	ck_assert_uint_eq(*(uint16_t *)(guest.ram + 0x40000), 0x5678);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), 2);
}
END_TEST

/* The source's segment can be overridden, in 64-bit mode by FS and GS only. */
START_TEST(segment_override)
{
	static const struct { const char *bytes; unsigned int mode; uint64_t want; } cases[] = {
		{ "\xa4", 8, 0 }, { "\x64\xa4", 8, 0x400 }, { "\x65\xa4", 8, 0x500 }, { "\x64\x36\xa4", 8, 0x400 },
		{ "\x26\xa4", 8, 0 }, { "\xa4", 4, 0x300 }, { "\x26\xa4", 4, 0 }, { "\x2e\xa4", 4, 0x100 },
		{ "\x36\xa4", 4, 0x200 }, { "\x3e\xa4", 4, 0x300 }, { "\x65\x64\xa4", 4, 0x400 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		guest.mode = cases[i].mode;
		for (unsigned int s = 0; s < 6; s++)
			vmwrite(VMCS_GUEST_ES_BASE + 2 * s, 0x100 * s);
		vmwrite(VMCS_GUEST_CS_BASE, cases[i].bytes[0] == 0x2e ? 0x100 : 0);
		code_at(CODE, cases[i].bytes, (unsigned int)strlen(cases[i].bytes));
		vmwrite(VMCS_GUEST_RIP, CODE - vmread(VMCS_GUEST_CS_BASE));
		memset(guest.ram + DATA_AT, 0, PAGE_SIZE);
		guest.ram[DATA_AT + cases[i].want] = 0x5a;
		guest.vcpu->gpr[GPR_RSI] = DATA;
		guest.vcpu->gpr[GPR_RDI] = DEVICE + 0x10;
		ck_assert_int_eq(decode(true), DECODE_OK);
		ck_assert_msg(acc()->value == 0x5a, "case %u reads elsewhere", i);
	}
}
END_TEST

/* The fault of a string's RAM operand comes before the device is touched. */
START_TEST(string_operand_faults)
{
	guest.cpl = 3;
	guest_map(CODE, 0x31000, PTE_P | PTE_U);
	CODE_AT(CODE, "\xa4");
	guest.vcpu->gpr[GPR_RSI] = DEVICE + 0x10;
	guest.vcpu->gpr[GPR_RDI] = DATA;	/* supervisor's */
	ck_assert_int_eq(decode(false), DECODE_FAULT);
	ck_assert_uint_eq(guest.cr2, DATA);
	ck_assert_uint_eq(guest.error, PF_PRESENT | PF_WRITE | PF_USER);
	guest.vcpu->gpr[GPR_RSI] = DATA;
	guest.vcpu->gpr[GPR_RDI] = DEVICE + 0x10;
	ck_assert_int_eq(decode(true), DECODE_FAULT);
	ck_assert_uint_eq(guest.error, PF_PRESENT | PF_USER);
	ck_assert_uint_eq(guest.vcpu->gpr[GPR_RSI], DATA);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), CODE);
}
END_TEST

START_TEST(repeat_nothing)
{
	CODE_AT(CODE, "\xf3\xaa");
	ck_assert_int_eq(decode(true), DECODE_FAULT);
	ck_assert_uint_eq(guest.nr_faults, 0);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), CODE + 2);
}
END_TEST

/* The stack's width is SS.B's, and a stack that is no RAM is refused. */
START_TEST(stack_forms)
{
	guest.mode = 4;
	vmwrite(VMCS_GUEST_SS_AR, 0);
	guest_map(0x5000, DATA_AT, PTE_P | PTE_W);
	CODE_AT(CODE, "\xff\x30");	/* push dword [eax] */
	vmwrite(VMCS_GUEST_RSP, 0x77775010);
	ck_assert_int_eq(decode(false), DECODE_OK);
	ck_assert_int_eq(answer(0xcafe1234), DECODE_OK);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RSP), 0x7777500c);
	ck_assert_uint_eq(*(uint32_t *)(guest.ram + DATA_AT + 0xc), 0xcafe1234);
	CODE_AT(CODE, "\x8f\x00");	/* pop dword [eax] */
	ck_assert_int_eq(decode(true), DECODE_OK);
	ck_assert_uint_eq(acc()->value, 0xcafe1234);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RSP), 0x7777500c);
	ck_assert_int_eq(io_decode_finish(guest.vcpu), DECODE_OK);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RSP), 0x77775010);
	vmwrite(VMCS_GUEST_SS_AR, SEG_AR_DB);
	vmwrite(VMCS_GUEST_RSP, DEVICE + 8);
	CODE_AT(CODE, "\x8f\x00");
	ck_assert_int_eq(decode(false), -ENOEXEC);
	CODE_AT(CODE, "\xff\x30");
	ck_assert_int_eq(decode(false), -ENOEXEC);
	ck_assert_int_eq(decode(true), -ENOEXEC);
	vmwrite(VMCS_GUEST_RSP, 0x9000);
	ck_assert_int_eq(decode(false), DECODE_FAULT);
	ck_assert_uint_eq(guest.cr2, 0x8ffc);
}
END_TEST

START_TEST(rip_wraps_at_4_gib)
{
	guest.mode = 4;
	guest_map(0xfffff000, 0x31000, PTE_P);
	memcpy(guest.ram + 0x31ffe, "\x8b\x08", 2);
	vmwrite(VMCS_GUEST_RIP, 0xfffffffe);
	ck_assert_int_eq(decode(false), DECODE_OK);
	ck_assert_int_eq(answer(0), DECODE_OK);
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), 0);
}
END_TEST

/* The same place, other bytes; the same bytes, another mode: what was parsed before does not count. */
START_TEST(parsed_before)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		CODE_AT(CODE, "\x8b\x08\x90\x90\x90\x90\x90");			/* mov ecx, [rax] */
		ck_assert_int_eq(decode(false), DECODE_OK);
		ck_assert_uint_eq(guest.vcpu->io.reg, GPR_RCX);
		ck_assert_uint_eq(guest.vcpu->io.next_rip, CODE + 2);
		CODE_AT(CODE, "\x8b\x48\x05\x90\x90\x90\x90");			/* mov ecx, [rax + 5] */
		ck_assert_int_eq(decode(false), DECODE_OK);
		ck_assert_uint_eq(guest.vcpu->io.next_rip, CODE + 3);
		CODE_AT(CODE, "\xf0\x48\x0f\xb1\x0d\x00\x00");			/* differs behind the first 8 bytes only */
		guest.ram[0x31008] = 0;
		ck_assert_int_eq(decode(true), DECODE_OK);
		ck_assert_uint_eq(guest.vcpu->io.next_rip, CODE + 9);
		CODE_AT(CODE, "\x81\x80\x00\x01\x00\x00\x11\x22\x33\x44");	/* add dword [rax + 0x100], imm32 */
		ck_assert_int_eq(decode(true), DECODE_OK);
		ck_assert_uint_eq(guest.vcpu->io.operand, 0x44332211);
		guest.ram[0x31009] = 0x55;
		ck_assert_int_eq(decode(true), DECODE_OK);
		ck_assert_uint_eq(guest.vcpu->io.operand, 0x55332211);
	}
	/* 66 8b 08: 16 bits in 64-bit mode, 32 in 16-bit mode. */
	CODE_AT(CODE, "\x66\x8b\x08\x90\x90\x90");
	ck_assert_int_eq(decode(false), DECODE_OK);
	ck_assert_uint_eq(guest.vcpu->io.size, 2);
	guest.mode = 2;
	ck_assert_int_eq(decode(false), DECODE_OK);
	ck_assert_uint_eq(guest.vcpu->io.size, 4);
	guest.mode = 8;
	ck_assert_int_eq(decode(false), DECODE_OK);
	ck_assert_uint_eq(guest.vcpu->io.size, 2);
	/* What is no instruction stays none, and does not spoil the next. */
	CODE_AT(CODE, "\x0f\x0b\x90\x90\x90\x90");
	ck_assert_int_eq(decode(false), -ENOEXEC);
	ck_assert_int_eq(decode(false), -ENOEXEC);
	CODE_AT(CODE, "\x66\x8b\x08\x90\x90\x90");
	ck_assert_int_eq(decode(false), DECODE_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode");
	TCase *tc = tcase_create("halves");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, plain_load);
	tcase_add_test(tc, plain_store);
	tcase_add_test(tc, read_modify_write);
	tcase_add_test(tc, fetch_across_pages);
	tcase_add_test(tc, second_page_not_there);
	tcase_add_test(tc, code_page_not_there);
	tcase_add_test(tc, bytes_changed);
	tcase_add_test(tc, not_supported);
	tcase_add_test(tc, bytes_for_reports);
	tcase_add_test(tc, real_mode);
	tcase_add_test(tc, string_in_16_bits);
	tcase_add_test(tc, segment_override);
	tcase_add_test(tc, string_operand_faults);
	tcase_add_test(tc, repeat_nothing);
	tcase_add_test(tc, stack_forms);
	tcase_add_test(tc, rip_wraps_at_4_gib);
	tcase_add_test(tc, parsed_before);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
