/* SPDX-License-Identifier: BSD-3-Clause */
/* Opcode tables and the parser (SDM vol 2, chapter 2 and appendix A). */
#include "io/decode_insn.h"

#include "io/decode_alu.h"
#include "lib/errno.h"

#define BYTE	0x01u	/* one-byte operand, else the operand size */
#define IMM8	0x02u
#define IMMZ	0x04u	/* immediate of the operand size, at most 4 bytes */
#define ACC	0x08u	/* no ModRM: the register is the accumulator */
#define OFFSET	0x10u	/* no ModRM: the address is in the instruction */
#define WORD	0x20u	/* two-byte memory operand, widened */
#define SIGNED	0x40u
#define STACK	0x80u	/* 64-bit operand in 64-bit mode */
#define DWORD	0x100u	/* never 16 bits */

struct opcode {
	uint8_t kind;	/* enum insn_kind */
	uint8_t op;
	uint16_t flags;
};

#define OP(k, o, f)	{ INSN_##k, (o), (f) }
/* The four forms with ModRM of one arithmetic operation, from opcode n. */
#define ALU4(n, o) \
	[n] = OP(ALU_TO_MEM, o, BYTE), [(n) + 1] = OP(ALU_TO_MEM, o, 0), \
	[(n) + 2] = OP(ALU_TO_REG, o, BYTE), [(n) + 3] = OP(ALU_TO_REG, o, 0)
/* A string instruction's byte and word form. */
#define STR2(n, o) \
	[n] = OP(STRING, o, BYTE | ACC), [(n) + 1] = OP(STRING, o, ACC)
#define PREFIX	OP(PREFIX, 0, 0)

enum { GROUP1, GROUP3, GROUP45, GROUP8, GROUP_MOV, GROUP_POP };

static const struct opcode one_byte[256] = {
	ALU4(0x00, ALU_ADD), ALU4(0x08, ALU_OR), ALU4(0x10, ALU_ADC), ALU4(0x18, ALU_SBB),
	ALU4(0x20, ALU_AND), ALU4(0x28, ALU_SUB), ALU4(0x30, ALU_XOR), ALU4(0x38, ALU_CMP),
	[0x0f] = OP(TWO_BYTE, 0, 0),
	[0x26] = PREFIX, [0x2e] = PREFIX, [0x36] = PREFIX, [0x3e] = PREFIX,
	[0x40 ... 0x4f] = OP(REX, 0, 0),
	[0x63] = OP(MOVSXD, 0, SIGNED),
	[0x64 ... 0x67] = PREFIX,
	[0x80] = OP(GROUP, GROUP1, BYTE | IMM8), [0x81] = OP(GROUP, GROUP1, IMMZ),
	[0x82] = OP(GROUP, GROUP1, BYTE | IMM8), [0x83] = OP(GROUP, GROUP1, IMM8),
	[0x84] = OP(ALU_TO_MEM, ALU_TEST, BYTE), [0x85] = OP(ALU_TO_MEM, ALU_TEST, 0),
	[0x86] = OP(XCHG, 0, BYTE), [0x87] = OP(XCHG, 0, 0),
	[0x88] = OP(STORE, 0, BYTE), [0x89] = OP(STORE, 0, 0),
	[0x8a] = OP(LOAD, 0, BYTE), [0x8b] = OP(LOAD, 0, 0),
	[0x8f] = OP(GROUP, GROUP_POP, STACK),
	[0xa0] = OP(LOAD, 0, BYTE | ACC | OFFSET), [0xa1] = OP(LOAD, 0, ACC | OFFSET),
	[0xa2] = OP(STORE, 0, BYTE | ACC | OFFSET), [0xa3] = OP(STORE, 0, ACC | OFFSET),
	STR2(0xa4, STRING_MOVS), STR2(0xa6, STRING_CMPS), STR2(0xaa, STRING_STOS),
	STR2(0xac, STRING_LODS), STR2(0xae, STRING_SCAS),
	[0xc6] = OP(GROUP, GROUP_MOV, BYTE | IMM8), [0xc7] = OP(GROUP, GROUP_MOV, IMMZ),
	[0xf0] = PREFIX, [0xf2] = PREFIX, [0xf3] = PREFIX,
	[0xf6] = OP(GROUP, GROUP3, BYTE), [0xf7] = OP(GROUP, GROUP3, 0),
	[0xfe] = OP(GROUP, GROUP45, BYTE), [0xff] = OP(GROUP, GROUP45, 0),
};

static const struct opcode two_byte[256] = {
	[0xa3] = OP(BIT_REG, ALU_BT, 0), [0xab] = OP(BIT_REG, ALU_BTS, 0),
	[0xb0] = OP(CMPXCHG, 0, BYTE), [0xb1] = OP(CMPXCHG, 0, 0),
	[0xb3] = OP(BIT_REG, ALU_BTR, 0), [0xbb] = OP(BIT_REG, ALU_BTC, 0),
	[0xb6] = OP(LOAD, 0, BYTE), [0xb7] = OP(LOAD, 0, WORD),
	[0xba] = OP(GROUP, GROUP8, IMM8),
	[0xbe] = OP(LOAD, 0, BYTE | SIGNED), [0xbf] = OP(LOAD, 0, WORD | SIGNED),
	[0xc0] = OP(XADD, 0, BYTE), [0xc1] = OP(XADD, 0, 0),
	[0xc3] = OP(STORE, 0, DWORD),
};

/* MOVBE, 0F 38 F0 and F1. */
static const struct opcode movbe[2] = { OP(LOAD, 0, 0), OP(STORE, 0, 0) };

/* State of the parser. */
struct parser {
	const uint8_t *b;
	unsigned int pos, mode;
	uint8_t rex, rep, seg, modrm;
	bool opsize, addrsize;		/* the prefixes 66 and 67 */
	bool seen_two_byte, is_movbe;
};

/* One legacy prefix. Segments but FS and GS mean nothing in 64-bit mode. */
static void take_prefix(struct parser *p, uint8_t b)
{
	p->rex = 0;	/* one that is not last is ignored (2.2.1) */
	switch (b) {
	case 0x66: p->opsize = true; break;
	case 0x67: p->addrsize = true; break;
	case 0xf2:
	case 0xf3: p->rep = b; break;
	case 0x64:
	case 0x65: p->seg = b - 0x60; break;
	case 0xf0: break;
	default:
		if (p->mode != 8)
			p->seg = b >> 3 & 3;
	}
}

static const struct opcode *find_two_byte(struct parser *p)
{
	uint8_t b = p->b[p->pos++];

	p->seen_two_byte = true;
	/* MOVNTI has no form with 66, F2 or F3. */
	if (b == 0xc3 && (p->opsize || p->rep))
		return &one_byte[0x90];
	if (b != 0x38)
		return &two_byte[b];
	b = p->b[p->pos++];
	if ((b & 0xfe) != 0xf0 || p->rep)
		return &one_byte[0x90];	/* no memory operand: INSN_NONE */
	p->is_movbe = true;
	return &movbe[b & 1];
}

static const struct opcode *find_opcode(struct parser *p)
{
	const struct opcode *o;

	for (;;) {
		uint8_t b = p->b[p->pos++];

		o = &one_byte[b];
		if (likely(o->kind < INSN_PREFIX))
			break;
		if (p->pos >= INSN_MAX)
			return &one_byte[0x90];
		if (o->kind == INSN_PREFIX)
			take_prefix(p, b);
		else if (o->kind == INSN_TWO_BYTE)
			return find_two_byte(p);
		else if (p->mode == 8)
			p->rex = b;
		else
			return &one_byte[0x90];
	}
	if (p->b[p->pos - 1] == 0x82 && p->mode == 8)
		return &one_byte[0x90];
	return o;
}

/* Steps over ModRM, SIB and displacement: the address itself came with the exit. False: a register operand. */
static bool take_modrm(struct parser *p, unsigned int addr_size)
{
	uint8_t mod, rm;

	p->modrm = p->b[p->pos++];
	mod = p->modrm >> 6;
	rm = p->modrm & 7;
	if (mod == 3)
		return false;
	if (addr_size == 2) {
		if (mod == 0)
			p->pos += rm == 6 ? 2 : 0;
		else
			p->pos += mod;
		return true;
	}
	if (rm == 4)
		rm = p->b[p->pos++] & 7;	/* base in the SIB byte: 5 is special there, too */
	if (mod == 0)
		p->pos += rm == 5 ? 4 : 0;
	else
		p->pos += mod == 1 ? 1 : 4;
	return true;
}

static uint64_t take_imm(struct parser *p, unsigned int n)
{
	uint64_t v = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		v |= (uint64_t)p->b[p->pos++] << 8 * i;
	return (uint64_t)((int64_t)(v << (64 - 8 * n)) >> (64 - 8 * n));
}

/* F6, F7: TEST (with an immediate), NOT, NEG; MUL and DIV are not supported. */
static uint8_t group3(uint8_t digit, struct insn *in, uint16_t *flags)
{
	static const uint8_t ops[4] = { ALU_TEST, ALU_TEST, ALU_NOT, ALU_NEG };

	if (digit > 3)
		return INSN_NONE;
	if (digit < 2)
		*flags |= *flags & BYTE ? IMM8 : IMMZ;
	in->op = ops[digit];
	return INSN_ALU_IMM;
}

/* FE and FF: INC, DEC; FF alone: PUSH. */
static uint8_t group45(uint8_t digit, struct insn *in, uint16_t *flags)
{
	if (digit < 2) {
		in->op = digit ? ALU_DEC : ALU_INC;
		return INSN_ALU_IMM;
	}
	if (digit != 6 || (*flags & BYTE))
		return INSN_NONE;
	*flags |= STACK;
	return INSN_PUSH;
}

/* What ModRM.reg makes of a group's opcode: enum insn_kind. */
static uint8_t take_group(const struct parser *p, uint8_t group, struct insn *in, uint16_t *flags)
{
	uint8_t digit = p->modrm >> 3 & 7;

	switch (group) {
	case GROUP1:
		in->op = digit;
		return INSN_ALU_IMM;
	case GROUP3:
		return group3(digit, in, flags);
	case GROUP45:
		return group45(digit, in, flags);
	case GROUP8:
		in->op = ALU_BT + (digit & 3);
		return digit >= 4 ? INSN_BIT_IMM : INSN_NONE;
	case GROUP_MOV:
		return digit ? INSN_NONE : INSN_STORE_IMM;
	default:
		return digit ? INSN_NONE : INSN_POP;
	}
}

/* Sizes of memory and register operand. */
static void set_sizes(const struct parser *p, struct insn *in, uint16_t flags)
{
	uint8_t size = (uint8_t)(p->mode == 2 ? 2 : 4);

	if (p->rex & 8)
		size = 8;
	else if (p->opsize)
		size ^= 6;
	if ((flags & STACK) && p->mode == 8)
		size = p->opsize && !(p->rex & 8) ? 2 : 8;
	if (flags & DWORD)
		size = p->rex & 8 ? 8 : 4;
	in->reg_size = in->size = size;
	if (flags & (BYTE | WORD))
		in->size = flags & BYTE ? 1 : 2;
	if (in->kind == INSN_MOVSXD) {
		in->size = size == 2 ? 2 : 4;
		in->kind = INSN_LOAD;
	}
	/* Only MOVZX and MOVSX have a wider register beside a narrow memory operand. */
	if ((flags & BYTE) && !(in->kind == INSN_LOAD && p->seen_two_byte))
		in->reg_size = 1;
}

/* The register of ModRM.reg; AH..BH only without REX. */
static void set_reg(const struct parser *p, struct insn *in, uint16_t flags)
{
	if (flags & ACC)
		return;
	in->reg = (p->modrm >> 3 & 7) | (p->rex & 4) << 1;
	if (in->reg_size == 1 && !p->rex && in->reg >= 4) {
		in->reg -= 4;
		in->high_byte = true;
	}
}

static unsigned int address_size(const struct parser *p)
{
	if (!p->addrsize)
		return p->mode;
	return p->mode == 4 ? 2 : 4;
}

/*
 * MOV between a register and memory (88..8B) with at most a REX prefix, outside
 * 16-bit code: nearly all there is, so it has a short way. False: parse in full.
 */
static bool parse_plain_mov(const uint8_t *b, unsigned int mode, struct insn *in)
{
	uint8_t rex = 0, modrm, rm, reg, size = 4;
	unsigned int pos = 0;

	if (mode == 8 && (b[0] & 0xf0) == 0x40) {
		rex = b[0];
		pos = 1;
	}
	if ((b[pos] & 0xfc) != 0x88 || mode == 2)
		return false;
	in->kind = b[pos] & 2 ? INSN_LOAD : INSN_STORE;
	if (rex & 8)
		size = 8;
	if (!(b[pos] & 1))
		size = 1;
	modrm = b[pos + 1];
	pos += 2;
	if (modrm >= 0xc0)
		return false;
	rm = modrm & 7;
	if (rm == 4)
		rm = b[pos++] & 7;
	if (modrm & 0xc0)
		pos += modrm & 0x40 ? 1 : 4;
	else if (rm == 5)
		pos += 4;
	reg = (modrm >> 3 & 7) | (rex & 4) << 1;
	in->high_byte = size == 1 && !rex && reg >= 4;
	in->reg = in->high_byte ? reg - 4 : reg;
	in->size = in->reg_size = size;
	in->len = (uint8_t)pos;
	return true;
}

int insn_parse(const uint8_t bytes[INSN_BUF], unsigned int mode_bytes, struct insn *in)
{
	struct parser p;
	const struct opcode *o;
	uint16_t flags;

	*in = (struct insn){ .addr_size = (uint8_t)mode_bytes, .seg = 3 };
	if (likely(parse_plain_mov(bytes, mode_bytes, in)))
		return 0;
	p = (struct parser){ .b = bytes, .mode = mode_bytes, .seg = 3 };
	o = find_opcode(&p);
	flags = o->flags;
	*in = (struct insn){ .kind = o->kind, .op = o->op, .addr_size = (uint8_t)address_size(&p) };
	if (o->kind == INSN_NONE || (o->kind == INSN_MOVSXD && mode_bytes != 8))
		return -ENOEXEC;
	if (!(flags & ACC) && !take_modrm(&p, in->addr_size))
		return -ENOEXEC;
	if (o->kind == INSN_GROUP)
		in->kind = take_group(&p, o->op, in, &flags);
	if (in->kind == INSN_NONE)
		return -ENOEXEC;
	set_sizes(&p, in, flags);
	set_reg(&p, in, flags);
	if (flags & OFFSET)
		p.pos += in->addr_size;
	if (flags & IMM8)
		in->imm = take_imm(&p, 1);
	else if (flags & IMMZ)
		in->imm = take_imm(&p, in->size == 8 ? 4 : in->size);
	in->sign_extend = flags & SIGNED;
	in->swap = p.is_movbe;
	in->rep = p.rep;
	in->seg = p.seg;
	in->len = (uint8_t)p.pos;
	return p.pos > INSN_MAX ? -ENOEXEC : 0;
}
