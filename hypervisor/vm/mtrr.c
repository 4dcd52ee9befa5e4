/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm/mtrr.h"

#include "lib/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "lib/util.h"
#include "mm/pgtable.h"
#include "vm/gpa.h"
#include "vm/vcpu_arch.h"
#include "vm/vm.h"
#include "x86/msr.h"
#include "x86/pte.h"

#define CAP_VALUE	(MTRR_VAR_REGS / 2 | MTRR_CAP_FIX | MTRR_CAP_WC)
#define ALL_WB		0x0606060606060606ul
#define FIXED_END	0x100000ul
#define TOP		(1ul << 48)	/* four levels of EPT */
#define SLICE		(64ul << 20)
#define TYPE(v)		((uint32_t)(v) & 0xff)
#define DEF_DEFINED	(0xfful | MTRR_DEF_TYPE_FE | MTRR_DEF_TYPE_E)
#define BASE_DEFINED	0xfful
#define RANGE(v)	((v) & ~(PAGE_SIZE - 1))

/* Fixed ranges (table 11-9): eight equal parts a register, in the order of mtrr.fix. */
static const struct {
	uint16_t msr;
	uint32_t base;
	uint8_t shift;		/* log2 of a part's size */
} fixed[MTRR_FIX_REGS] = {
	{ 0x250, 0x00000, 16 }, { 0x258, 0x80000, 14 }, { 0x259, 0xa0000, 14 },
	{ 0x268, 0xc0000, 12 }, { 0x269, 0xc8000, 12 }, { 0x26a, 0xd0000, 12 }, { 0x26b, 0xd8000, 12 },
	{ 0x26c, 0xe0000, 12 }, { 0x26d, 0xe8000, 12 }, { 0x26e, 0xf0000, 12 }, { 0x26f, 0xf8000, 12 },
};

void mtrr_reset(struct mtrr *m)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->def_type = MTRR_DEF_TYPE_E | MTRR_DEF_TYPE_FE | MEMTYPE_WB;
	for (i = 0; i < MTRR_FIX_REGS; i++)
		m->fix[i] = ALL_WB;
}

static const uint64_t *slot(const struct mtrr *m, uint32_t msr)
{
	unsigned int i;

	if (msr == MSR_MTRR_DEF_TYPE)
		return &m->def_type;
	if (msr - MSR_MTRR_PHYS_BASE(0) < MTRR_VAR_REGS)
		return &m->var[msr - MSR_MTRR_PHYS_BASE(0)];
	for (i = 0; i < MTRR_FIX_REGS; i++)
		if (fixed[i].msr == msr)
			return &m->fix[i];
	return NULL;
}

int mtrr_read(const struct mtrr *m, uint32_t msr, uint64_t *value)
{
	static const uint64_t cap = CAP_VALUE;
	const uint64_t *s = msr == MSR_MTRR_CAP ? &cap : slot(m, msr);

	if (!s)
		return 1;
	*value = *s;
	return 0;
}

static bool type_is_valid(uint32_t t)
{
	return t == MEMTYPE_UC || t == MEMTYPE_WC || (t >= MEMTYPE_WT && t <= MEMTYPE_WB);
}

static bool value_is_valid(uint32_t msr, uint64_t v, uint64_t address_mask)
{
	unsigned int i;

	if (msr == MSR_MTRR_DEF_TYPE)
		return !(v & ~DEF_DEFINED) && type_is_valid(TYPE(v));
	if (msr - MSR_MTRR_PHYS_BASE(0) < MTRR_VAR_REGS) {
		bool mask = msr & 1;

		return !(v & ~(RANGE(address_mask) | (mask ? MTRR_PHYS_MASK_VALID : BASE_DEFINED))) &&
		       (mask || type_is_valid(TYPE(v)));
	}
	for (i = 0; i < 8; i++)
		if (!type_is_valid(TYPE(v >> 8 * i)))
			return false;
	return true;
}

int mtrr_write(struct mtrr *m, uint32_t msr, uint64_t value, uint64_t address_mask)
{
	uint64_t *s = (uint64_t *)slot(m, msr);

	if (!s || !value_is_valid(msr, value, address_mask))
		return 1;
	*s = value;
	return 0;
}

static uint32_t fixed_type(const struct mtrr *m, uint64_t at, uint64_t *end)
{
	unsigned int i = MTRR_FIX_REGS - 1, part;

	while (at < fixed[i].base)
		i--;
	part = (unsigned int)((at - fixed[i].base) >> fixed[i].shift);
	*end = fixed[i].base + ((part + 1ul) << fixed[i].shift);
	return TYPE(m->fix[i] >> 8 * part);
}

/* 11.11.4.1: UC wins, then WT over WB; what the SDM leaves undefined becomes UC. */
static uint32_t overlap(uint32_t a, uint32_t b)
{
	if (a == b)
		return a;
	if ((a == MEMTYPE_WT && b == MEMTYPE_WB) || (a == MEMTYPE_WB && b == MEMTYPE_WT))
		return MEMTYPE_WT;
	return MEMTYPE_UC;
}

/* A mask with holes names a range again and again: the first one counts, so that the number of borders stays small. */
static uint32_t variable_type(const struct mtrr *m, uint64_t at, uint64_t *end)
{
	uint32_t type = ~0u;
	unsigned int i;

	for (i = 0; i < MTRR_VAR_REGS; i += 2) {
		uint64_t mask = RANGE(m->var[i + 1]), base = m->var[i] & mask, size;

		if (!(m->var[i + 1] & MTRR_PHYS_MASK_VALID) || !mask)
			continue;
		size = 1ul << bit_lowest(mask);
		if (at < base)
			*end = MIN(*end, base);
		else if (at - base < size) {
			*end = MIN(*end, base + size);
			type = type == ~0u ? TYPE(m->var[i]) : overlap(type, TYPE(m->var[i]));
		}
	}
	return type == ~0u ? TYPE(m->def_type) : type;
}

uint32_t mtrr_type(const struct mtrr *m, uint64_t at, uint64_t *end)
{
	static const uint32_t pg[] = {
		[MEMTYPE_UC] = PG_UC, [MEMTYPE_WC] = PG_WC, [MEMTYPE_WT] = PG_WT, [MEMTYPE_WP] = PG_WP, [MEMTYPE_WB] = PG_WB
	};

	*end = TOP;
	if (!(m->def_type & MTRR_DEF_TYPE_E))
		return PG_UC;
	if ((m->def_type & MTRR_DEF_TYPE_FE) && at < FIXED_END)
		return pg[fixed_type(m, at, end)];
	return pg[variable_type(m, at, end)];
}

/* One type for all RAM, or MTRR_MIXED. */
static uint32_t everywhere(const struct vm *vm)
{
	uint64_t at, end;
	uint32_t type;

	if (vm->memtypes.cd)
		return PG_UC;
	if (vm->flags & SCENARIO_FLAG_HIDE_MTRR)
		return PG_WB;
	type = mtrr_type(&vm->memtypes.mtrr, 0, &end);
	for (at = end; at < TOP; at = end)
		if (mtrr_type(&vm->memtypes.mtrr, at, &end) != type)
			return MTRR_MIXED;
	return type;
}

static int retype(struct vm *vm, uint64_t at, uint64_t top)
{
	uint64_t end = top;
	int err = 0;

	for (; at < top && !err; at = end) {
		uint32_t type = vm->memtypes.everywhere;

		if (type == MTRR_MIXED)
			type = mtrr_type(&vm->memtypes.mtrr, at, &end);
		end = MIN(end, top);
		err = pgtable_retype(&vm->ept, at, end - at, type);
	}
	return err;
}

bool mtrr_apply(struct vcpu *vcpu, bool cd)
{
	struct memtypes *t = &vcpu->vm->memtypes;
	uint64_t bit = 1ul << vcpu->vcpu_id;
	uint32_t old;
	bool todo;

	spin_lock(&t->lock);
	old = t->everywhere;
	t->cd = cd ? t->cd | bit : t->cd & ~bit;
	if (!vcpu->vcpu_id)
		t->mtrr = vcpu->arch->mtrr;
	t->everywhere = everywhere(vcpu->vm);
	todo = t->everywhere != old || t->everywhere == MTRR_MIXED || t->next < t->top;
	if (todo)
		t->next = 0;
	spin_unlock(&t->lock);
	return todo;
}

int mtrr_continue(struct vm *vm)
{
	struct memtypes *t = &vm->memtypes;
	bool more;
	int err;

	spin_lock(&t->lock);
	err = retype(vm, t->next, MIN(t->next + SLICE, t->top));
	if (!err)
		t->next = MIN(t->next + SLICE, t->top);
	more = t->next < t->top;
	spin_unlock(&t->lock);
	if (!more)
		gpa_flush(vm);
	return err ? err : more;
}

int mtrr_mapped(struct vm *vm, uint64_t at, uint64_t size)
{
	struct memtypes *t = &vm->memtypes;
	uint64_t top;
	int err = 0;

	spin_lock(&t->lock);
	top = MAX(t->top, at + size);
	t->next = t->next == t->top ? top : t->next;
	t->top = top;
	if (t->everywhere != PG_WB)
		err = retype(vm, at, at + size);
	spin_unlock(&t->lock);
	return err;
}
