/* SPDX-License-Identifier: BSD-3-Clause */
/* The instruction parser against a disassembler: lengths, operand sizes and registers in all modes. */
/* unit: hypervisor/io/decode_insn.c */
/* unit-libs: -lcapstone */
#include <capstone/capstone.h>
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "io/decode_alu.h"
#include "io/decode_insn.h"
#include "lib/util.h"

static const struct { unsigned int bytes; cs_mode mode; } modes[] = {
	{ 2, CS_MODE_16 }, { 4, CS_MODE_32 }, { 8, CS_MODE_64 }
};

static csh handle[ARRAY_SIZE(modes)];
static uint64_t seed = 0x2545f4914f6cdd1d;
static unsigned int nr_compared;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void setup(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		ck_assert_int_eq(cs_open(CS_ARCH_X86, modes[i].mode, &handle[i]), CS_ERR_OK);
		cs_option(handle[i], CS_OPT_DETAIL, CS_OPT_ON);
	}
	nr_compared = 0;
}

static void teardown(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		cs_close(&handle[i]);
}

static const char *show(const uint8_t *b, unsigned int mode)
{
	static char text[80];
	unsigned int i, n = (unsigned int)snprintf(text, sizeof(text), "mode %u:", modes[mode].bytes);

	for (i = 0; i < INSN_MAX; i++)
		n += (unsigned int)snprintf(text + n, sizeof(text) - n, " %02x", b[i]);
	return text;
}

/* The disassembler's name for a general register of our numbering. */
static const char *reg_name(const struct insn *in)
{
	static const char *const names[4][16] = {
		{ "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil",
		  "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b" },
		{ "ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
		  "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w" },
		{ "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
		  "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d" },
		{ "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		  "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" },
	};
	static const char *const high[4] = { "ah", "ch", "dh", "bh" };

	if (in->high_byte)
		return high[in->reg];
	return names[in->reg_size == 8 ? 3 : in->reg_size / 2][in->reg];
}

static bool has_reg(const struct insn *in)
{
	return in->kind != INSN_STORE_IMM && in->kind != INSN_ALU_IMM && in->kind != INSN_BIT_IMM &&
	       in->kind != INSN_PUSH && in->kind != INSN_POP && in->kind != INSN_STRING;
}

/*
 * What the disassembler gets wrong, says the CPU (test_decode_exec.c): 16-bit MOVSXD,
 * a pushed or popped word under REX.W, and a 66 before F2 or F3.
 */
static bool is_doubtful(const struct insn *in, const cs_insn *cs)
{
	return cs->id == X86_INS_MOVSXD || cs->id == X86_INS_PUSH || cs->id == X86_INS_POP ||
	       (in->rep && memchr(cs->bytes, 0x66, cs->size));
}

static void compare_operands(const struct insn *in, csh h, const cs_insn *cs, const char *text)
{
	const cs_x86 *x = &cs->detail->x86;
	unsigned int i, mem = 0, reg = 0;

	for (i = 0; i < x->op_count; i++) {
		if (x->operands[i].type == X86_OP_MEM) {
			mem++;
			if (!is_doubtful(in, cs))
				ck_assert_msg(x->operands[i].size == in->size, "%s: size %u, not %u", text, in->size,
					      x->operands[i].size);
		}
		if (x->operands[i].type == X86_OP_REG && has_reg(in)) {
			reg++;
			if (!is_doubtful(in, cs))
				ck_assert_msg(!strcmp(cs_reg_name(h, x->operands[i].reg), reg_name(in)),
					      "%s: register %s, not %s", text, reg_name(in),
					      cs_reg_name(h, x->operands[i].reg));
		}
		if (x->operands[i].type == X86_OP_IMM && in->kind != INSN_BIT_IMM)
			ck_assert_msg(!(((uint64_t)x->operands[i].imm ^ in->imm) & size_mask(in->size)),
				      "%s: immediate %lx, not %lx", text, in->imm, x->operands[i].imm);
	}
	ck_assert_msg(mem, "%s: %s has no memory operand", text, cs->mnemonic);
	ck_assert_msg(!has_reg(in) || reg, "%s: %s %s has no register", text, cs->mnemonic, cs->op_str);
}

/* Accepted: the disassembler must agree. Prefix bytes it refuses to combine are not compared. */
static void check(const uint8_t *b, unsigned int mode)
{
	struct insn in;
	cs_insn *cs;

	if (insn_parse(b, modes[mode].bytes, &in))
		return;
	ck_assert_uint_le(in.len, INSN_MAX);
	ck_assert_uint_gt(in.len, 0);
	if (cs_disasm(handle[mode], b, INSN_MAX, 0, 1, &cs) != 1)
		return;
	ck_assert_msg(cs->size == in.len, "%s: length %u, not %u (%s %s)", show(b, mode), in.len, cs->size,
		      cs->mnemonic, cs->op_str);
	ck_assert_msg(cs->detail->x86.addr_size == in.addr_size, "%s: address size %u, not %u", show(b, mode),
		      in.addr_size, cs->detail->x86.addr_size);
	compare_operands(&in, handle[mode], cs, show(b, mode));
	nr_compared++;
	cs_free(cs, 1);
}

static const char *const prefixes[] = {
	"", "\x66", "\x67", "\x66\x67", "\x2e", "\x64", "\xf2", "\xf3", "\x48", "\x44", "\x41\x66", "\x66\x48", "\x67\x4f", "\x40",
};

/* Every opcode of a map, every ModRM, with each prefix; the bytes behind are random. */
static void check_map(const char *map, unsigned int mode)
{
	unsigned int p, opcode, modrm, n, i;
	uint8_t b[INSN_BUF];

	for (p = 0; p < ARRAY_SIZE(prefixes); p++)
		for (opcode = 0; opcode < 256; opcode++)
			for (modrm = 0; modrm < 256; modrm += 1 + (unsigned int)(rnd() % 15)) {
				memset(b, 0, sizeof(b));
				n = (unsigned int)snprintf((char *)b, sizeof(b), "%s%s", prefixes[p], map);
				b[n++] = (uint8_t)opcode;
				b[n++] = (uint8_t)modrm;
				for (i = n; i < INSN_MAX; i++)
					b[i] = (uint8_t)rnd();
				check(b, mode);
			}
}

START_TEST(one_byte_map)
{
	check_map("", (unsigned int)_i);
	ck_assert_uint_gt(nr_compared, 4000);
}
END_TEST

START_TEST(two_byte_map)
{
	check_map("\x0f", (unsigned int)_i);
	ck_assert_uint_gt(nr_compared, 800);
}
END_TEST

START_TEST(three_byte_map)
{
	check_map("\x0f\x38", (unsigned int)_i);
	ck_assert_uint_gt(nr_compared, 30);
}
END_TEST

/* Random bytes: mostly refused; what is accepted agrees. */
START_TEST(random_bytes)
{
	uint8_t b[INSN_BUF];
	unsigned int i, j;

	for (i = 0; i < 60000; i++) {
		memset(b, 0, sizeof(b));
		for (j = 0; j < INSN_MAX; j++)
			b[j] = (uint8_t)rnd();
		check(b, i % 3);
	}
	ck_assert_uint_gt(nr_compared, 3000);
}
END_TEST

/* Nothing but prefixes, and instructions longer than the CPU takes. */
START_TEST(too_long)
{
	uint8_t b[INSN_BUF];
	struct insn in;
	unsigned int n;

	for (n = 0; n < INSN_BUF - 2; n++) {
		memset(b, 0, sizeof(b));
		memset(b, 0x66, n);
		b[n] = 0x89;	/* mov [rax], ax */
		ck_assert_int_eq(insn_parse(b, 8, &in) == 0, n + 2 <= INSN_MAX);
	}
	memset(b, 0x66, sizeof(b));
	ck_assert_int_ne(insn_parse(b, 8, &in), 0);
	memset(b, 0x48, sizeof(b));
	ck_assert_int_ne(insn_parse(b, 8, &in), 0);
}
END_TEST

/* Forms a guest may use on device memory that are refused, and why they must be. */
START_TEST(refused)
{
	static const struct { const char *bytes; unsigned int len; const char *what; } forms[] = {
		{ "\x89\xc3", 2, "a register operand" }, { "\x0f\x28\x00", 3, "MOVAPS" }, { "\x66\x0f\x6f\x00", 4, "MOVDQA" },
		{ "\xf2\x0f\x38\xf0\x00", 5, "CRC32" }, { "\x66\x0f\xc3\x00", 4, "MOVNTI has no prefix" },
		{ "\xf7\x20", 2, "MUL" }, { "\xff\x10", 2, "CALL" }, { "\xff\x20", 2, "JMP" }, { "\xd9\x00", 2, "FLD" },
		{ "\xc7\x08", 2, "no such group member" }, { "\x8f\x08", 2, "XOP" }, { "\x82\x00\x01", 3, "not in 64-bit mode" },
		{ "\x0f\xba\x00\x01", 4, "no such group member" }, { "\xc4\xe2\x79\x00", 4, "VEX" }, { "\xfe\x30", 2, "byte PUSH" },
	};
	uint8_t b[INSN_BUF] = { 0 };
	struct insn in;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		memset(b, 0, sizeof(b));
		memcpy(b, forms[i].bytes, forms[i].len);
		ck_assert_msg(insn_parse(b, 8, &in) != 0, "accepted: %s", forms[i].what);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode_insn");
	TCase *tc = tcase_create("parser");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_byte_map, 0, ARRAY_SIZE(modes));
	tcase_add_loop_test(tc, two_byte_map, 0, ARRAY_SIZE(modes));
	tcase_add_loop_test(tc, three_byte_map, 0, ARRAY_SIZE(modes));
	tcase_add_test(tc, random_bytes);
	tcase_add_test(tc, too_long);
	tcase_add_test(tc, refused);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
