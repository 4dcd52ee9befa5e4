/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Emulated instructions against this machine's CPU: every opcode the parser
 * takes, with every ModRM.reg and many prefixes, on random registers and
 * memory. The CPU runs it on a page; the emulation on a copy that is "MMIO".
 */
/* unit: hypervisor/io/decode.c hypervisor/io/decode_insn.c hypervisor/io/decode_alu.c hypervisor/io/decode_finish.c hypervisor/io/decode_string.c hypervisor/vm/gva.c hypervisor/mm/pgtable.c hypervisor/mm/pgformat.c tests/fake/decode_guest.c tests/fake/decode_cpu.c tests/fake/vm_mem.c tests/fake/vm_vm.c */
/* unit-flags: -DHOST_DIRECT_BASE=0ul */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "decode_cpu.h"
#include "decode_guest.h"
#include "io/decode.h"
#include "io/decode_alu.h"
#include "io/decode_insn.h"
#include "lib/util.h"
#include "x86/cr.h"
#include "x86/pte.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define CODE_LINEAR	0x100000ul
#define CODE_GPA	0x30000ul
#define DATA_GPA	0x10000ul
#define STACK_GPA	0x20000ul
#define STATUS		(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)
#define MIDDLE		2048u

/* Pages of this process; in the guest the first is no RAM. */
static uint8_t *mmio, *data, *stack;
static uint8_t device[PAGE_SIZE];	/* the emulation's MMIO */
static uint64_t seed = 0x9e3779b97f4a7c15;
static unsigned int nr_run;

struct sample {
	uint8_t bytes[INSN_BUF];
	unsigned int len;
	struct insn in;
	struct cpu_regs regs;
	bool si_mmio, di_mmio;
};

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Random, with the values at which carries and signs change. */
static uint64_t rnd_value(void)
{
	static const uint64_t edges[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff
	};

	return rnd() % 3 ? rnd() : edges[rnd() % ARRAY_SIZE(edges)];
}

static void fill(uint8_t *page, unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = from; i < to; i += 8)
		((uint64_t *)page)[i / 8] = rnd_value();
}

static void setup(void)
{
	guest_make();
	mmio = cpu_low_memory(3 * PAGE_SIZE);
	data = mmio + PAGE_SIZE;
	stack = data + PAGE_SIZE;
	fill(mmio, 0, 3 * PAGE_SIZE);
	guest_map((uint64_t)mmio, GUEST_MMIO, PTE_P | PTE_W);
	guest_map((uint64_t)data, DATA_GPA, PTE_P | PTE_W);
	guest_map((uint64_t)stack, STACK_GPA, PTE_P | PTE_W);
	guest_map(CODE_LINEAR, CODE_GPA, PTE_P);
	nr_run = 0;
}

static void teardown(void)
{
	guest_free();
}

/* Where an element of a string is: SI or DI in the instruction's address size. */
static uint64_t index_of(const struct sample *s, enum gpr r)
{
	uint64_t v = guest.vcpu->gpr[r];

	return s->in.addr_size == 4 ? (uint32_t)v : v;
}

/* The exit of a string instruction: the CPU reads its source first. */
static void string_exit(const struct sample *s, uint64_t *gpa, bool *write)
{
	bool si = s->si_mmio && s->in.op != STRING_STOS && s->in.op != STRING_SCAS;

	*write = !si && (s->in.op == STRING_MOVS || s->in.op == STRING_STOS);
	*gpa = GUEST_MMIO + index_of(s, si ? GPR_RSI : GPR_RDI) - (uint64_t)mmio;
}

static void device_access(struct io_access *acc)
{
	uint64_t at = acc->addr - GUEST_MMIO;

	ck_assert_uint_eq(acc->space, IO_MMIO);
	ck_assert_uint_le(at, PAGE_SIZE - acc->size);
	if (acc->write) {
		memcpy(&device[at], &acc->value, acc->size);
		return;
	}
	acc->value = 0;
	memcpy(&acc->value, &device[at], acc->size);
}

static int one_exit(uint64_t at, bool write)
{
	int r = io_decode(guest.vcpu, gpa(at), write);

	if (r != DECODE_OK)
		return r;
	do {
		device_access(&guest.vcpu->io);
		r = io_decode_finish(guest.vcpu);
	} while (r == DECODE_AGAIN);
	return r;
}

/* Runs the sample in the emulation until RIP moves; registers to *out. */
static int emulate(const struct sample *s, const struct cpu_run *fault, struct cpu_regs *out)
{
	uint64_t at = GUEST_MMIO + fault->fault - (uint64_t)mmio;
	bool write = fault->fault_write;
	unsigned int i;
	int r = 0;

	memcpy(guest.vcpu->gpr, s->regs.gpr, sizeof(guest.vcpu->gpr));
	vmwrite(VMCS_GUEST_RSP, s->regs.gpr[GPR_RSP]);
	vmwrite(VMCS_GUEST_RFLAGS, s->regs.rflags);
	vmwrite(VMCS_GUEST_RIP, CODE_LINEAR);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, BLOCK_STI | BLOCK_NMI);
	memcpy(guest.ram + CODE_GPA, s->bytes, INSN_MAX);
	for (i = 0; !r && i < 100 && vmread(VMCS_GUEST_RIP) == CODE_LINEAR; i++) {
		if (s->in.kind == INSN_STRING)
			string_exit(s, &at, &write);
		r = one_exit(at, write);
	}
	memcpy(out->gpr, guest.vcpu->gpr, sizeof(out->gpr));
	out->gpr[GPR_RSP] = vmread(VMCS_GUEST_RSP);
	out->rflags = vmread(VMCS_GUEST_RFLAGS);
	return r;
}

/* Status flags the SDM leaves undefined for this instruction. */
static uint64_t undefined_flags(const struct insn *in)
{
	switch (in->kind) {
	case INSN_BIT_REG:
	case INSN_BIT_IMM:
		return RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF;
	case INSN_ALU_TO_REG:
	case INSN_ALU_TO_MEM:
	case INSN_ALU_IMM:
		return in->op == ALU_AND || in->op == ALU_OR || in->op == ALU_XOR || in->op == ALU_TEST ? RFLAGS_AF : 0;
	default:
		return 0;
	}
}

static const char *show(const struct sample *s)
{
	static char text[64];
	unsigned int i, n = 0;

	for (i = 0; i < s->len; i++)
		n += (unsigned int)snprintf(text + n, sizeof(text) - n, "%02x ", s->bytes[i]);
	return text;
}

static void compare(const struct sample *s, const struct cpu_regs *cpu, const struct cpu_regs *emu)
{
	uint64_t flags = STATUS & ~undefined_flags(&s->in);
	unsigned int i;

	for (i = 0; i < 16; i++)
		ck_assert_msg(cpu->gpr[i] == emu->gpr[i], "%s: register %u is %lx, the CPU says %lx (was %lx)", show(s), i,
			      emu->gpr[i], cpu->gpr[i], s->regs.gpr[i]);
	ck_assert_msg(!((cpu->rflags ^ emu->rflags) & flags), "%s: flags %lx, the CPU says %lx (were %lx)", show(s),
		      emu->rflags, cpu->rflags, s->regs.rflags);
	ck_assert_msg(!memcmp(mmio, device, PAGE_SIZE), "%s: MMIO differs", show(s));
	ck_assert_msg(!memcmp(data, guest.ram + DATA_GPA, PAGE_SIZE), "%s: memory differs", show(s));
	ck_assert_msg(!memcmp(stack, guest.ram + STACK_GPA, PAGE_SIZE), "%s: stack differs", show(s));
	ck_assert_uint_eq(vmread(VMCS_GUEST_RIP), CODE_LINEAR + s->len);
	ck_assert_uint_eq(vmread(VMCS_GUEST_INTERRUPTIBILITY), BLOCK_NMI);
}

static void set_string_regs(struct sample *s)
{
	unsigned int where = rnd() % 3;

	s->si_mmio = where != 0;
	s->di_mmio = where != 1;
	if (s->in.op == STRING_LODS)
		s->si_mmio = true;
	if (s->in.op == STRING_STOS || s->in.op == STRING_SCAS)
		s->di_mmio = true;
	s->regs.gpr[GPR_RSI] = (uint64_t)(s->si_mmio ? mmio : data) + MIDDLE + rnd() % 256;
	s->regs.gpr[GPR_RDI] = (uint64_t)(s->di_mmio ? mmio : data) + MIDDLE + 1024 + rnd() % 256;
	s->regs.gpr[GPR_RCX] = 1 + rnd() % 20;
	s->regs.rflags |= rnd() & RFLAGS_DF;
	/* Equal runs make the comparing forms go on. */
	if (rnd() & 1)
		memset(mmio + MIDDLE - 256, (uint8_t)s->regs.gpr[GPR_RAX], 1024 + 512);
	if (rnd() & 1)
		memcpy(data, mmio, PAGE_SIZE);
}

/* Registers that make the operand lie where the test wants it. */
static void set_regs(struct sample *s)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		s->regs.gpr[i] = rnd_value();
	s->regs.rflags = (rnd() & STATUS) | RFLAGS_FIXED | RFLAGS_IF;
	if (s->in.kind == INSN_PUSH || s->in.kind == INSN_POP)
		s->regs.gpr[GPR_RSP] = (uint64_t)stack + MIDDLE + rnd() % 512;
	if (s->in.kind == INSN_BIT_REG)
		s->regs.gpr[s->in.reg] = (s->regs.gpr[s->in.reg] & ~size_mask(s->in.size)) |
					 ((rnd() % 16000 - 8000) & size_mask(s->in.size));
	if (s->in.kind == INSN_CMPXCHG && rnd() & 1)
		memcpy(&s->regs.gpr[GPR_RAX], mmio + MIDDLE, s->in.size);
	if (s->in.kind == INSN_STRING)
		set_string_regs(s);
}

/* One instruction on both machines, with fresh registers and memory. */
static void run_sample(struct sample *s)
{
	struct cpu_regs cpu, emu;
	struct cpu_run run;
	int r;

	fill(mmio, MIDDLE, MIDDLE + 32);
	fill(data, MIDDLE, MIDDLE + 32);
	set_regs(s);
	memcpy(device, mmio, PAGE_SIZE);
	memcpy(guest.ram + DATA_GPA, data, PAGE_SIZE);
	memcpy(guest.ram + STACK_GPA, stack, PAGE_SIZE);
	cpu = s->regs;
	mprotect(mmio, PAGE_SIZE, PROT_NONE);
	run = cpu_run_insn(s->bytes, s->len, &cpu);
	mprotect(mmio, PAGE_SIZE, PROT_READ | PROT_WRITE);
	if (run.result == CPU_UNDEFINED)	/* LOCK where it is not allowed: no guest gets here */
		return;
	ck_assert_msg(run.result == CPU_FAULT, "%s: did not touch its operand", show(s));
	ck_assert_msg(run.fault - (uint64_t)mmio < PAGE_SIZE, "%s: touched %lx", show(s), run.fault);
	cpu = s->regs;
	memcpy(data, guest.ram + DATA_GPA, PAGE_SIZE);
	run.result = cpu_run_insn(s->bytes, s->len, &cpu).result;
	ck_assert_msg(run.result == CPU_DONE, "%s: the CPU refuses it", show(s));
	r = emulate(s, &run, &emu);
	ck_assert_msg(r == DECODE_OK, "%s: result %d", show(s), r);
	compare(s, &cpu, &emu);
	nr_run++;
}

/* Makes the bytes: prefixes, opcode, an absolute memory operand, random immediates. False: the parser refuses. */
static bool make_sample(struct sample *s, const char *prefix, const char *opcode, uint8_t digit)
{
	size_t n = strlen(prefix), m = strlen(opcode + 1) + 1;
	uint32_t where = (uint32_t)(uint64_t)mmio + MIDDLE;
	bool offset = m == 1 && ((uint8_t)opcode[0] & 0xfc) == 0xa0;
	uint64_t random[2] = { rnd(), rnd_value() };

	memset(s, 0, sizeof(*s));
	memcpy(s->bytes, prefix, n);
	memcpy(s->bytes + n, opcode, m);
	n += m;
	if (!offset) {
		s->bytes[n++] = (uint8_t)(digit << 3 | 4);
		s->bytes[n++] = 0x25;
	}
	memcpy(s->bytes + n, &where, 4);
	n += 4;
	if (!offset)
		memcpy(s->bytes + n, random, MIN(sizeof(random), INSN_MAX - n));
	if (insn_parse(s->bytes, 8, &s->in))
		return false;
	s->len = s->in.len;
	/* No ModRM: strings. What follows the opcode is not theirs. */
	return true;
}

static const char *const prefixes[] = {
	"", "\x66", "\x48", "\x40", "\x44", "\x4c", "\x66\x44", "\x66\x48", "\xf2", "\xf3", "\xf3\x48", "\xf2\x66",
	"\xf3\x66\x44", "\x67", "\x67\x48", "\xf3\x67", "\x2e", "\x48\x66", "\x66\xf2", "\x66\xf3\x40", "\xf0", "\xf0\x48", "\x26\x3e\x36\x44",
};

/* Rounds of all prefixes and digits for one opcode; `opcode` has its own length: byte 0 may be zero. */
static void run_opcode(const char *opcode, unsigned int rounds)
{
	unsigned int p, i;
	struct sample s;
	uint8_t digit;

	for (p = 0; p < ARRAY_SIZE(prefixes); p++)
		for (digit = 0; digit < 8; digit++)
			for (i = 0; i < rounds; i++)
				if (make_sample(&s, prefixes[p], opcode, digit))
					run_sample(&s);
}

START_TEST(one_byte_opcodes_do_what_the_cpu_does)
{
	char opcode[2] = { 0, 0 };
	int i;

	for (i = 0; i < 16; i++) {
		opcode[0] = (char)(_i * 16 + i);
		run_opcode(opcode, 1);
	}
}
END_TEST

START_TEST(two_byte_opcodes_do_what_the_cpu_does)
{
	char opcode[3] = { 0x0f, 0, 0 };
	int i;

	for (i = 0; i < 16; i++) {
		opcode[1] = (char)(_i * 16 + i);
		run_opcode(opcode, 1);
	}
}
END_TEST

START_TEST(movbe_does_what_the_cpu_does)
{
	const char opcode[4] = { 0x0f, 0x38, (char)_i, 0 };

	run_opcode(opcode, 8);
	ck_assert_uint_gt(nr_run, 0);
}
END_TEST

/* The forms that were asked for are all reached: a table that lost one would pass the tests above. */
START_TEST(every_form_was_run)
{
	static const char *const forms[] = {
		"\x88", "\x89", "\x8a", "\x8b", "\xa0", "\xa1", "\xa2", "\xa3", "\xc6", "\xc7", "\x0f\xb6", "\x0f\xb7",
		"\x0f\xbe", "\x0f\xbf", "\x63", "\xa4", "\xa5", "\xaa", "\xab", "\xac", "\xad", "\xa6", "\xa7", "\xae",
		"\xaf", "\x01", "\x03", "\x09", "\x0b", "\x11", "\x13", "\x19", "\x1b", "\x21", "\x23", "\x29", "\x2b",
		"\x31", "\x33", "\x39", "\x3b", "\x84", "\x85", "\x80", "\x81", "\x83", "\xf6", "\xf7", "\xfe", "\xff",
		"\x0f\xa3", "\x0f\xab", "\x0f\xb3", "\x0f\xbb", "\x0f\xba", "\x86", "\x87", "\x0f\xb0", "\x0f\xb1",
		"\x0f\xc0", "\x0f\xc1", "\x8f", "\x0f\xc3",
	};
	unsigned int i, before;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		before = nr_run;
		run_opcode(forms[i], 1);
		ck_assert_msg(nr_run > before, "opcode %02x %02x never ran", (uint8_t)forms[i][0], (uint8_t)forms[i][1]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode_exec");
	TCase *tc = tcase_create("cpu");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_byte_opcodes_do_what_the_cpu_does, 0, 16);
	tcase_add_loop_test(tc, two_byte_opcodes_do_what_the_cpu_does, 0, 16);
	tcase_add_loop_test(tc, movbe_does_what_the_cpu_does, 0xf0, 0xf2);
	tcase_add_test(tc, every_form_was_run);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
